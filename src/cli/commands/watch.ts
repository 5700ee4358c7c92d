import { relative } from 'node:path'
import { UserError } from '../../domain/errors.js'
import { checkBeforehand } from '../../pipeline/early-check.js'
import { planOnly } from '../../pipeline/open-run.js'
import { listSources, mayBeSource } from '../../tools/watch/sources.js'
import { watchLoop } from '../../tools/watch/watch-loop.js'
import type { AddCommand } from '../context.js'
import { reportError } from '../report-error.js'
import { addSelectionOptions, selectionInputs } from '../selection-options.js'
import { runInputs } from './run.js'

/** `vmtest watch`: a run, and again on each save of a source file. */
export const watchCommand: AddCommand = (program, context, finish) => {
  const command = program
    .command('watch')
    .description('run tests, and again whenever a source file of the kernel tree or of a suite’s is saved')
    .argument('[tests...]', "tests such as generic/001 or 'xfs/00?'")
  addSelectionOptions(command)
    .option('--restart', 'a save ends the run that goes on, and starts the next one; without it that one is waited for')
    .addHelpText(
      'after',
      '\nExamples:\n  vmtest watch generic/475\n  vmtest watch --restart -s xfs -g quick\n  vmtest watch --kernel-tree ~/linux --fstests ~/xfstests-dev -s xfs generic/001\n  vmtest watch --scripts tests',
    )
    .action(async (tests: string[], options: Record<string, unknown>) => {
      if (options.output !== undefined) {
        throw new UserError('`watch` makes a directory for each run: `--output` names only one.', 'Leave `--output` out.')
      }
      const { ports, places, signal, stderr, watcher } = context
      // What was asked wrongly ends the command here, before there is anything to wait for.
      const inputs = await selectionInputs(options, tests, context)
      const { kernelTree, trees: given } = await planOnly({ inputs, places }, ports)
      const kernels = kernelTree === undefined ? [] : [{ tree: kernelTree.directory, kind: 'kernel' } as const]
      const trees = [...kernels, ...Object.values(given).map((tree) => ({ tree, kind: 'suite' }) as const)]
      if (trees.length === 0) {
        throw new UserError(
          'There is no source tree to watch.',
          'Run in a kernel tree, or name one with `--kernel-tree`, or a suite’s such as `--fstests` or `--scripts`.',
        )
      }
      await checkBeforehand({ inputs, places }, ports)
      const sources = async () => (await Promise.all(trees.map((tree) => listSources(tree, ports)))).flat()
      const run = async (until: AbortSignal) => {
        try {
          return await runInputs(await selectionInputs(options, tests, context), { ...context, signal: until }, { paths: 'short' })
        } catch (error) {
          return reportError(error, context)
        }
      }
      const shortly = (path: string) => {
        const below = relative(places.workingDirectory, path)
        return below.startsWith('..') ? path : below
      }
      finish(
        await watchLoop({
          ...{ run, sources, watcher, clock: ports.clock, signal, shortly },
          mayBeSource: (path) => trees.some(({ tree }) => path.startsWith(`${tree}/`) && mayBeSource(path, tree)),
          duringRun: options.restart === true ? 'restart' : 'wait',
          say: (line) => stderr.write(`${line}\n`),
        }),
      )
    })
}
