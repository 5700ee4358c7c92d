import { Option } from 'commander'
import { UserError } from '../../domain/errors.js'
import {
  balanceShards,
  type FixedCost,
  fewestShards,
  MOST_SHARDS,
  parseTimesTable,
  type Shard,
  shardsForRunners,
  type TimedTest,
} from '../../plan/shards/index.js'
import type { AddCommand, CliContext } from '../context.js'

/** `vmtest plan`: how a run would be shared out over machines. Nothing boots. */
export const planCommand: AddCommand = (program, context) => {
  program
    .command('plan')
    .description('print how the tests would be shared out over several machines')
    .requiredOption('--times <file>', 'what each test takes, and a guest and a start of the suite: a table of times as JSON')
    .addOption(new Option('--shards <number|auto>', 'shards to make; auto: as few as end within --shard-minutes').default('auto'))
    .option('--shard-minutes <number>', 'with --shards auto: the time a shard may take', '300')
    .option('--runners <number>', 'plan for so many machines at once instead: in the order printed, each shard to the first that is free')
    .option('--json', 'print the plan as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (options: PlanOptions) => {
      const { tests, fixed } = parseTimesTable(await readTimes(options.times, context), options.times)
      const shards = share(tests, fixed, options)
      if (options.json === true) context.stdout.write(`${JSON.stringify({ shards })}\n`)
      else for (const [index, shard] of shards.entries()) context.stdout.write(`${describe(shard, index, shards.length)}\n`)
    })
}

const EXAMPLES = `
Examples:
  vmtest plan --times times.json --shards 8
  vmtest plan --times times.json --shards auto --shard-minutes 60 --json`

interface PlanOptions {
  readonly times: string
  readonly shards: string
  readonly shardMinutes: string
  readonly runners?: string
  readonly json?: boolean
}

async function readTimes(path: string, { ports }: CliContext): Promise<string> {
  if ((await ports.files.stat(path))?.kind !== 'file')
    throw new UserError(`there is no file ${path}.`, 'Name a table of times (docs/howto/shards.md).')
  return ports.files.readText(path)
}

function share(tests: readonly TimedTest[], fixed: FixedCost, options: PlanOptions): readonly Shard[] {
  if (options.runners !== undefined) return shardsForRunners(tests, fixed, whole(options.runners, '--runners', MOST_SHARDS))
  if (options.shards !== 'auto') return balanceShards(tests, fixed, whole(options.shards, '--shards', MOST_SHARDS))
  return fewestShards(tests, fixed, whole(options.shardMinutes, '--shard-minutes', 100_000) * 60).shards
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
