import { sectionName } from '../../domain/test-key.js'
import { refuseUnsupportedPlatform } from '../../pipeline/directories.js'
import { obtainBundle } from '../../pipeline/obtain-bundle.js'
import { planOnly } from '../../pipeline/open-run.js'
import { resolveSelection } from '../../pipeline/resolve-selection.js'
import type { AddCommand } from '../context.js'
import { addSelectionOptions, selectionInputs } from '../selection-options.js'

/** `vmtest list`: what `vmtest run` with the same arguments would run. Nothing boots. */
export const listCommand: AddCommand = (program, context) => {
  const command = program
    .command('list')
    .description('print the tests that `run` with the same arguments would run')
    .argument('[tests...]', "tests such as generic/001 or 'xfs/00?'")
  addSelectionOptions(command, 'list')
    .option('--json', 'print the selection as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  vmtest list --fstests ~/xfstests-dev -g quick -s xfs\n  vmtest list --changed\n  vmtest list --json',
    )
    .action(async (tests: string[], options: Record<string, unknown>) => {
      const { ports, places, stdout, stderr } = context
      refuseUnsupportedPlatform(context.platform, context.architecture)
      const inputs = await selectionInputs(options, tests, context)
      const plan = await planOnly({ inputs, places }, ports)
      // Which tests there are does not depend on the tree's kernel: nothing is compiled to list them.
      const quiet = { kernelTree: 'leave', runDirectory: null, onProgress: () => undefined } as const
      const { built } = await obtainBundle({ plan, nix: inputs.nix, places, ...quiet }, ports)
      const { selection, notes } = await resolveSelection({ plan, built, places }, ports)
      if (options.json === true) {
        stdout.write(`${JSON.stringify(selection, null, 2)}\n`)
        return
      }
      for (const note of notes) stderr.write(`${note}\n`)
      for (const test of selection.tests) {
        const expunged = test.expunged === undefined ? '' : ` [expunged: ${test.expunged.reason}]`
        stdout.write(`${sectionName(test, { plan })} ${test.name}${expunged}\n`)
      }
    })
}
