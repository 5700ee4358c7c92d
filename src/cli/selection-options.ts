import { type Command, Option } from 'commander'
import { UserError } from '../domain/errors.js'
import type { Inputs } from '../domain/inputs.js'
import { parseInputs } from '../inputs/parse.js'
import { applyChanged } from '../pipeline/changed.js'
import { planOnly } from '../pipeline/open-run.js'
import type { CliContext } from './context.js'
import { addInputOptions, HEADINGS, type OptionUse, rawInputs } from './options.js'

/**
 * The options of every input, and those that choose tests by what changed.
 * @param byMap whether tests are run, so that a map of what they reach can choose among them
 */
export function addSelectionOptions(command: Command, use: OptionUse = 'run', byMap = use === 'run'): Command {
  const choosing = (flags: string, description: string) => new Option(flags, description).helpGroup(HEADINGS.choice)
  const map = choosing(
    '--changed-tests <first|only>',
    'tests that reach what changed run first, or no others run: by the map in --baseline, which a run with --coverage left',
  )
  addInputOptions(command, use).addOption(
    choosing('--changed', 'choose suites, sections and groups by the files changed since upstream, those you name staying as they are'),
  )
  if (byMap) command.addOption(map)
  return command.addOption(
    choosing(
      '--upstream <rev>',
      `with --changed${byMap ? ', --changed-tests or --coverage' : ''}: what to compare with; default: the branch’s upstream, or origin’s head, master or main`,
    ),
  )
}

/** What was asked for, with `--changed` resolved. @throws UserError */
export async function selectionInputs(
  options: Readonly<Record<string, unknown>>,
  tests: readonly string[],
  context: CliContext,
): Promise<Inputs> {
  const { ports, places, stderr } = context
  const parsed = parseInputs('cli', rawInputs(options, tests))
  const upstream = typeof options.upstream === 'string' ? options.upstream : null
  const inputs = { ...withUpstream(parsed, upstream), changedTests: changedTests(options.changedTests, upstream) }
  if (options.changed !== true) {
    if (upstream !== null && inputs.coverage === null && inputs.changedTests === null) {
      throw new UserError('`--upstream` is given without `--changed`, `--changed-tests` or `--coverage`.', 'See `vmtest run --help`.')
    }
    return inputs
  }
  const { kernelTree, suites } = await planOnly({ inputs, places }, ports)
  const tree = kernelTree?.directory ?? places.workingDirectory
  const chosen = await applyChanged({ inputs, suites, upstream, tree, places }, ports)
  stderr.write(`${chosen.note}\n`)
  return chosen.inputs
}

function withUpstream(inputs: Inputs, upstream: string | null): Inputs {
  return inputs.coverage === null ? inputs : { ...inputs, coverage: { ...inputs.coverage, upstream } }
}

/** @throws UserError for another word */
function changedTests(mode: unknown, upstream: string | null): Inputs['changedTests'] {
  if (mode === undefined) return null
  if (mode === 'first' || mode === 'only') return { mode, upstream }
  throw new UserError(`\`--changed-tests\` is \`${String(mode)}\`; allowed: \`first\`, \`only\`.`, 'See `vmtest run --help`.')
}
