// `npm run sim:shards -- [--times FILE] [--bundle-mib N]`: what sharing a suite out over runners would give, on paper.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { testKey } from '../src/domain/test-key.js'
import {
  endOf,
  type FixedCost,
  lowerBound,
  parseTimesTable,
  type Shard,
  shardsForRunners,
  type TimedTest,
} from '../src/plan/shards/index.js'

/** Of the times that are off. Their median is what counts: of few draws it is luck, and the worst of 64 counts of runners is its worst luck. */
const DRAWS = 25
const RUNNERS = 64

interface Table {
  readonly tests: readonly TimedTest[]
  readonly fixed: FixedCost
}

const { values } = parseArgs({ options: { times: { type: 'string' }, 'bundle-mib': { type: 'string', default: '950' } } })
const { tests, fixed }: Table = values.times === undefined ? madeTable() : parseTimesTable(readFileSync(values.times, 'utf8'), values.times)
const bundleMiB = Number(values['bundle-mib'])
if (tests.length === 0) throw new Error(`${values.times} holds no test: there is nothing to share out.`)
const believed = tests.map((test) => test.seconds)
const placeOf = new Map(tests.map((test, index) => [testKey(test), index]))

print(
  `${tests.length} tests, ${(sum(tests.map((test) => test.seconds)) / 3600).toFixed(1)} h; a guest ${fixed.guestSeconds} s, a start ${fixed.startSeconds} s`,
)
print('runners  shards  makespan      bound  over bound  fixed   off by two: median worst   one lost  one three times slower   MiB moved')
const rows = Array.from({ length: RUNNERS }, (_, index) => simulate(index + 1))
const shown = new Set([1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 56, 64])
for (const row of rows) if (shown.has(row.runners)) print(row.text)
// Where one test is longer than a runner's even share, it alone says when the last runner ends.
const shared = rows.filter((row) => !row.longTest)
const counted = shared.length === 0 ? rows : shared
if (shared.length < rows.length)
  print(`${rows.length - shared.length} of ${rows.length} counts of runners are left out: their longest test is longer than a shard`)
const worstOver = counted.reduce((worst, row) => (row.over > worst.over ? row : worst))
const worstOff = counted.reduce((worst, row) => (row.off > worst.off ? row : worst))
print(
  `worst over the bound: ${worstOver.over.toFixed(4)} with ${worstOver.runners} runners; with times off by two: ${worstOff.off.toFixed(4)} with ${worstOff.runners}`,
)
print(JSON.stringify({ makespanOverBound: round(worstOver.over), makespanOverBoundTimesOff: round(worstOff.off) }))

function simulate(runners: number) {
  const shards = shardsForRunners(tests, fixed, runners).map(workOf)
  const costs = shards.map((shard) => cost(shard, believed))
  const makespan = endOf(costs, runners)
  const bound = lowerBound(tests, fixed, runners)
  const over = bound === 0 ? 1 : makespan / bound
  const setups = sum(shards.map(({ setupSeconds }) => setupSeconds))
  const draws = Array.from({ length: DRAWS }, (_, draw) => offByTwo(shards, runners, draw)).sort((left, right) => left - right)
  const off = draws[Math.floor(DRAWS / 2)] ?? 1
  // "Re-run failed jobs" starts the lost shard again when the others have ended.
  const lost = makespan + Math.max(0, ...costs)
  const slow = endOf(costs, runners, 3)
  const text = [
    String(runners).padStart(7),
    String(shards.length).padStart(7),
    seconds(makespan).padStart(9),
    seconds(bound).padStart(10),
    over.toFixed(4).padStart(11),
    `${((100 * setups) / Math.max(1, sum(costs))).toFixed(1)} %`.padStart(6),
    off.toFixed(3).padStart(20),
    (draws.at(-1) ?? 1).toFixed(3).padStart(5),
    seconds(lost).padStart(10),
    seconds(slow).padStart(23),
    String(Math.round(bundleMiB * shards.length)).padStart(11),
  ].join(' ')
  return { runners, over, off, text, longTest: isLongTest(runners) }
}

/** True where a guest, a start and the longest test take longer than all work, evenly. */
function isLongTest(runners: number): boolean {
  const seconds = tests.map((test) => test.seconds)
  const sections = new Set(tests.map((test) => `${test.suite}\n${test.section}`)).size
  const even = (sum(seconds) + runners * fixed.guestSeconds + sections * fixed.startSeconds) / runners
  return fixed.guestSeconds + fixed.startSeconds + seconds.reduce((most, each) => Math.max(most, each), 0) > even
}

/** The makespan over the bound where each test takes between half and twice what the plan believes (the logarithm evenly drawn). */
function offByTwo(shards: readonly Work[], runners: number, draw: number): number {
  const random = generator(runners * 1000 + draw)
  const real = tests.map((test) => ({ ...test, seconds: test.seconds * 2 ** (2 * random() - 1) }))
  const realSeconds = real.map((test) => test.seconds)
  const bound = lowerBound(real, fixed, runners)
  return bound === 0
    ? 1
    : endOf(
        shards.map((shard) => cost(shard, realSeconds)),
        runners,
      ) / bound
}

/** What a shard is made of. */
interface Work {
  /** A guest and a start of the suite for each of its sections. */
  readonly setupSeconds: number
  /** Places in the table. */
  readonly tests: readonly number[]
}

function workOf(shard: Shard): Work {
  const sections = new Set(shard.tests.map((test) => `${test.suite}\n${test.section}`)).size
  return {
    setupSeconds: sections * (fixed.guestSeconds + fixed.startSeconds),
    tests: shard.tests.map((test) => placeOf.get(testKey(test)) ?? -1),
  }
}

function cost({ setupSeconds, tests: places }: Work, secondsOf: readonly number[]): number {
  return places.reduce((total, place) => total + (secondsOf[place] ?? 0), setupSeconds)
}

/**
 * Ten sections of 800 tests whose times are spread as fstests' are: half below seven seconds, one in a thousand above three minutes; a
 * guest and a start as measured under emulation on a quiet machine (docs/performance.md).
 */
function madeTable(): Table {
  const random = generator(1)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const made = Array.from({ length: 8000 }, (_, index) => ({
    suite: 'fstests',
    section: `section-${Math.floor(index / 800)}`,
    name: `generic/${String(index % 800).padStart(3, '0')}`,
    seconds: Math.max(1, Math.round(Math.exp(2 + 1.1 * normal()))),
  }))
  return { tests: made, fixed: { guestSeconds: 30, startSeconds: 12 } }
}

/** Numbers from 0 to 1, the same for the same seed (xorshift32). */
function generator(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 2 ** 32
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function seconds(value: number): string {
  return `${Math.round(value)} s`
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000
}

function print(line: string): void {
  console.log(line)
}
