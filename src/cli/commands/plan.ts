import { resolve } from 'node:path'
import { Option } from 'commander'
import { UserError } from '../../domain/errors.js'
import { refuseUnsupportedPlatform } from '../../pipeline/directories.js'
import { planOnly } from '../../pipeline/open-run.js'
import { planShards } from '../../pipeline/plan-shards.js'
import {
  balanceShards,
  type FixedCost,
  fewestShards,
  MOST_SHARDS,
  parseTimesTable,
  plainShards,
  type Shard,
  type ShardCount,
  shardsForRunners,
  TIMES_TABLE_FORM,
  type TimedTest,
} from '../../plan/shards/index.js'
import type { AddCommand, CliContext } from '../context.js'
import { refuseTaken } from '../refuse-taken.js'
import { addSelectionOptions, selectionInputs } from '../selection-options.js'

/** `vmtest plan`: how a run would be shared out over machines. No test runs. */
export const planCommand: AddCommand = (program, context) => {
  const command = program
    .command('plan')
    .description('share the tests that `run` with the same arguments would run out over several machines, and print how')
    .argument('[tests...]', "tests such as generic/001 or 'xfs/00?'")
    .option('--times <file>', 'without a bundle: what each test takes, and a guest and a start of the suite, a table of times as JSON')
    .addOption(new Option('--shards <number|auto>', 'shards to make; auto: as few as end within --shard-minutes').default('auto'))
    .option('--shard-minutes <number>', 'with --shards auto: the time a shard may take', '300')
    .option('--runners <number>', 'with --times, for so many machines at once: in the order printed, each shard to the first that is free')
    .option('--json', 'print the plan as JSON')
  addSelectionOptions(command, 'run', false)
    .addHelpText('after', EXAMPLES)
    .action(async (tests: string[], options: PlanOptions) => {
      const shards = options.times === undefined ? await fromBundle(tests, options, context) : await fromTimes(tests, options, context)
      if (options.json === true) context.stdout.write(`${JSON.stringify({ shards })}\n`)
      else for (const [index, shard] of shards.entries()) context.stdout.write(`${describe(shard, index, shards.length)}\n`)
    })
}

const EXAMPLES = `
With --output the plan goes into that directory, for \`run --shard\` and \`merge --plan\`; it then rests on what earlier runs took.

Examples:
  vmtest plan --shards 8 -s xfs_4k -g auto --json
  vmtest plan --shards 8 --output plan && vmtest run --shard 3/8 --shard-plan plan
  vmtest plan --times times.json --shards auto --shard-minutes 60`

interface PlanOptions extends Readonly<Record<string, unknown>> {
  readonly times?: string
  readonly shards: string
  readonly shardMinutes: string
  readonly runners?: string
  readonly json?: boolean
}

async function fromBundle(tests: readonly string[], options: PlanOptions, context: CliContext): Promise<readonly Shard[]> {
  const { ports, places, stderr } = context
  refuseUnsupportedPlatform(context.platform, context.architecture)
  if (options.runners !== undefined) throw new UserError('`--runners` is given without `--times`.', 'Give `--shards` instead.')
  const count = countOf(options)
  const inputs = await selectionInputs(options, tests, context)
  if (inputs.shard !== null)
    throw new UserError('`--shard` is given, but a plan is of all shards.', 'Give `--shards`, or use `vmtest list`.')
  const directory = inputs.outputDirectory === '' ? null : resolve(places.workingDirectory, inputs.outputDirectory)
  if (directory !== null) await refuseTaken(directory, context)
  const plan = await planOnly({ inputs, places }, ports)
  const { promise, fits, notes } = await planShards(
    { plan, nix: inputs.nix, places, toolVersion: context.toolVersion, count, directory, onProgress: () => undefined },
    ports,
  )
  for (const note of notes) stderr.write(`${note}\n`)
  if (!fits) stderr.write(`A test takes longer than ${options.shardMinutes} minutes: its shard does too.\n`)
  return plainShards(promise)
}

/** How many shards are asked for. @throws UserError */
function countOf({ shards, shardMinutes }: PlanOptions): ShardCount {
  if (shards === 'auto') return { kind: 'within', seconds: whole(shardMinutes, '--shard-minutes', 100_000) * 60 }
  return { kind: 'count', count: whole(shards, '--shards', MOST_SHARDS) }
}

async function fromTimes(names: readonly string[], options: PlanOptions, context: CliContext): Promise<readonly Shard[]> {
  const path = options.times ?? ''
  if (names.length > 0) throw new UserError(`\`--times\` is given, and tests: ${names.join(' ')}.`, 'The table names the tests.')
  const { tests, fixed } = parseTimesTable(await readTimes(path, context), path)
  return share(tests, fixed, options)
}

async function readTimes(path: string, { ports, places }: CliContext): Promise<string> {
  const file = resolve(places.workingDirectory, path)
  if ((await ports.files.stat(file))?.kind !== 'file')
    throw new UserError(`there is no file ${path}.`, `Name a table of times. ${TIMES_TABLE_FORM}`)
  return ports.files.readText(file)
}

function share(tests: readonly TimedTest[], fixed: FixedCost, options: PlanOptions): readonly Shard[] {
  if (options.runners !== undefined && options.shards !== 'auto')
    throw new UserError(
      '`--runners` and `--shards` are both given.',
      'Give one of them: with `--runners` the number of shards follows from the times.',
    )
  if (options.runners !== undefined) return shardsForRunners(tests, fixed, whole(options.runners, '--runners', MOST_SHARDS))
  const count = countOf(options)
  return count.kind === 'count' ? balanceShards(tests, fixed, count.count) : fewestShards(tests, fixed, count.seconds).shards
}

function whole(text: string, option: string, most: number): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= 1 && number <= most) return number
  throw new UserError(`${option} is \`${text}\`.`, `Give a whole number from 1 to ${most}.`)
}

function describe(shard: Shard, index: number, count: number): string {
  const sections = [...new Set(shard.tests.map((test) => `${test.suite} ${test.section}`))].join(', ')
  const tests = shard.tests.length === 1 ? '1 test' : `${shard.tests.length} tests`
  return `${index + 1}/${count}  ${Math.ceil(shard.seconds / 60)} min  ${tests}  ${sections}`
}
