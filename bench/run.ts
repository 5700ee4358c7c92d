// Real quick tests of fstests on xfs_4k, drawn by a seed, without a history: two guests of this build against two of an older one and against
// one guest. `npm run bench:run -- --fstests DIR [--seed N] [--old CHECKOUT] [--rounds N] [--tests N] [--with-history]`.
// The last line is one JSON object: medians of the rounds' ratios of the guests' time (first guest's start to the last one's end), and the
// most starts of the suite that a guest of ours had. The sides take turns in who goes first.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { median } from '../src/domain/median.js'
import type { RunRecord } from '../src/domain/record.js'
import { type CommandCost, vmtest } from './command.js'

const SECTION = 'xfs_4k'
const { values } = parseArgs({
  options: {
    fstests: { type: 'string' },
    old: { type: 'string' },
    seed: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '1' },
    tests: { type: 'string', default: '24' },
    'with-history': { type: 'boolean', default: false },
  },
})
if (values.fstests === undefined || !existsSync(join(values.fstests, 'check'))) {
  throw new Error('no xfstests tree: give one in which `make` has run, `npm run bench:run -- --fstests DIRECTORY`')
}
const fstests = resolve(values.fstests)
const ours = process.cwd()

interface Side {
  readonly name: string
  readonly checkout: string
  readonly vms: number
}
const sides: readonly Side[] = [
  { name: 'two guests', checkout: ours, vms: 2 },
  { name: 'one guest', checkout: ours, vms: 1 },
  ...(values.old === undefined ? [] : [{ name: 'two guests of the old build', checkout: resolve(values.old), vms: 2 }]),
]

interface Measured {
  readonly seconds: number
  readonly commandSeconds: number
  readonly starts: readonly number[]
  readonly statuses: ReadonlyMap<string, string>
}

const scratch = mkdtempSync('/var/tmp/vmtest-bench-run-')
try {
  await bench()
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

async function bench(): Promise<void> {
  const tests = draw(await quickTests(), Number(values.tests), Number(values.seed))
  console.log(`seed ${values.seed}, ${tests.length} tests: ${tests.join(' ')}`)
  // Bundles, images and QEMU's pages are there before anything is measured.
  for (const { checkout } of sides.filter(({ vms }) => vms === 2)) await inProject(checkout, 'list', ['-s', SECTION, ...tests])
  const rounds: Map<string, Measured>[] = []
  for (let round = 0; round < Number(values.rounds); round++) {
    const measured = new Map<string, Measured>()
    const order = sides.map((_, place) => sides[(place + round) % sides.length] as Side)
    for (const side of order) measured.set(side.name, await measure(side, tests, round))
    sameVerdicts(measured)
    rounds.push(measured)
  }
  summarize(rounds)
}

function summarize(rounds: readonly Map<string, Measured>[]): void {
  const of = (name: string, key: 'seconds' | 'commandSeconds') => rounds.map((round) => round.get(name)?.[key] ?? Number.NaN)
  const ratio = (a: string, b: string, key: 'seconds' | 'commandSeconds') => {
    const below = of(b, key)
    return round3(median(of(a, key).map((seconds, round) => seconds / (below[round] ?? Number.NaN))) ?? Number.NaN)
  }
  const [two, one, old] = ['two guests', 'one guest', 'two guests of the old build'] as const
  const starts = rounds.flatMap((round) => round.get(two)?.starts ?? [])
  const mean = starts.reduce((sum, count) => sum + count, 0) / starts.length
  console.log(
    JSON.stringify({
      ...(values.old === undefined ? {} : { oursOverOld: ratio(two, old, 'seconds') }),
      twoOverOne: ratio(two, one, 'seconds'),
      startsPerGuest: round3(mean),
      ...(values.old === undefined ? {} : { commandOursOverOld: ratio(two, old, 'commandSeconds') }),
      commandTwoOverOne: ratio(two, one, 'commandSeconds'),
      rounds: rounds.length,
    }),
  )
}

function round3(value: number): number {
  return Number(value.toFixed(3))
}

/** The tests that this build lists; an older one knows them too, they are the tree's. */
async function quickTests(): Promise<readonly string[]> {
  const { printed } = await inProject(ours, 'list', ['-s', SECTION, '-g', 'quick', '-x', 'dangerous'])
  return printed
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([section, name]) => (section === SECTION && name !== undefined ? [name] : []))
}

/** `count` of them, the same for the same seed (mulberry32). */
function draw(names: readonly string[], count: number, seed: number): readonly string[] {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return names
    .map((name) => ({ name, place: next() }))
    .sort((a, b) => a.place - b.place)
    .slice(0, count)
    .map(({ name }) => name)
}

async function measure({ name, checkout, vms }: Side, tests: readonly string[], round: number): Promise<Measured> {
  const output = mkdtempSync(join(scratch, 'run-'))
  // Each side has a project of its own, where its history is: a fresh one knows none.
  const project = values['with-history'] ? join(scratch, `project-${name.replaceAll(' ', '-')}`) : `${output}-project`
  const words = ['-s', SECTION, '--vms', String(vms), '--fail-on', 'never', '-o', output, ...tests]
  const { seconds: commandSeconds } = await inProject(checkout, 'run', words, project)
  const record = JSON.parse(readFileSync(join(output, 'run.json'), 'utf8')) as RunRecord
  const stamps = (key: 'startedAt' | 'endedAt') => record.guests.map((guest) => Date.parse(guest[key]))
  const seconds = (Math.max(...stamps('endedAt')) - Math.min(...stamps('startedAt'))) / 1000
  const starts = record.guests.map(({ directory }) => readdirSync(join(output, directory, 'batches')).length)
  const statuses = new Map(record.tests.map((test) => [test.name, test.status]))
  const inTests = record.tests.reduce((sum, { attempts }) => sum + attempts.reduce((all, each) => all + (each.durationSeconds ?? 0), 0), 0)
  console.log(
    `round ${round + 1}, ${name}: guests ${seconds.toFixed(1)} s, command ${commandSeconds.toFixed(1)} s, in tests ${inTests.toFixed(0)} s, ` +
      `starts of the suite ${starts.join(' + ')}, ${counts([...statuses.values()])}`,
  )
  for (const line of record.tests.map((test) => `${test.name} ${test.status} ${test.attempts[0]?.durationSeconds ?? '-'}`))
    if (process.env.BENCH_TESTS) console.log(line)
  return { seconds, commandSeconds, starts, statuses }
}

function counts(statuses: readonly string[]): string {
  return [...new Set(statuses)].map((status) => `${statuses.filter((each) => each === status).length} ${status}`).join(', ')
}

/** A side that ran something else is not to be compared. */
function sameVerdicts(measured: ReadonlyMap<string, Measured>): void {
  const [[first, reference] = [], ...others] = [...measured]
  for (const [name, { statuses }] of others) {
    for (const [test, status] of statuses) {
      const other = reference?.statuses.get(test)
      if (status !== other) console.log(`differs: ${test} is ${status} with ${name}, ${other} with ${first}`)
    }
  }
}

/** Runs a command on the tree, in a directory without a flake. */
async function inProject(
  checkout: string,
  command: string,
  words: readonly string[],
  project = join(scratch, 'none'),
): Promise<CommandCost> {
  mkdirSync(project, { recursive: true })
  return vmtest(checkout, [command, '--bundle', 'offline', '--fstests', fstests, ...words], { cwd: project })
}
