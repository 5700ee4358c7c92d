import { testKey } from '../../domain/test-key.js'
import { balanceLoads, byLength, type Load, lowerBound, toShard } from './balance.js'
import { MOST_SHARDS } from './count.js'
import type { FixedCost, Shard, TimedTest } from './shard.js'

/** Further shards cost guests: where the whole would end so much after the bound by the plan's own times, there are none. */
const MOST_OVER_BOUND = 1.045
/** Rounds of shards after the first. */
const MOST_ROUNDS = 3
/** Parts of the work that are held back for them, of what times that are off by two let a runner be late. */
const HELD_BACK = [0.45, 0.55]
const LEAST_HELD_BACK = 0.05
const MOST_HELD_BACK = 0.4
/** How often a plan is tried with times that are off. */
const DRAWS = 9
/** Of 2^u with u evenly between -1 and 1: its standard deviation over its mean. */
const OFF_BY_TWO = 0.394

/**
 * The shards for so many runners at once, in the order they are to start: the job queue gives the next one to whoever is free.
 *
 * Times are off, and of many runners one has all the long ones. So a part of the work is held back, the shortest tests, and comes in further
 * rounds of ever smaller shards, which fall to those whose first was shorter than believed (factoring: Hummel, Schonberg, Flynn 1992). How
 * much of it pays depends on the tests: of the plans that end in time by their own times, the one is taken that ends earliest where each test
 * takes between half and twice of what is believed.
 */
export function shardsForRunners(tests: readonly TimedTest[], fixed: FixedCost, runners: number): readonly Shard[] {
  const sorted = [...tests].sort(byLength)
  const plain = inOrder(balanceLoads(sorted, fixed, runners))
  if (runners === 1 || sorted.length <= runners) return plain.map(toShard)
  const latest = MOST_OVER_BOUND * lowerBound(sorted, fixed, runners)
  const draws = Array.from({ length: DRAWS }, (_, draw) => timesOff(sorted, draw + 1))
  const endOff = (loads: readonly Load[]) => {
    const ends = draws.map((times) => endOf(costsOf(loads, fixed, times), runners)).sort((left, right) => left - right)
    return ends[Math.floor(DRAWS / 2)] ?? 0
  }
  let best = { loads: plain, end: endOff(plain) }
  for (const loads of plansWithRounds(sorted, fixed, runners)) {
    const seconds = loads.map((load) => load.seconds)
    if (endOf(seconds, runners) > latest) continue
    const end = endOff(loads)
    if (end < best.end) best = { loads, end }
  }
  return best.loads.map(toShard)
}

/** @param sorted longest first */
function* plansWithRounds(sorted: readonly TimedTest[], fixed: FixedCost, runners: number): Generator<readonly Load[]> {
  const setup = fixed.guestSeconds + fixed.startSeconds
  const slack = (MOST_OVER_BOUND - 1) * lowerBound(sorted, fixed, runners)
  const late = latenessOf(sorted, runners)
  const held = HELD_BACK.map((part) => Math.min(MOST_HELD_BACK, Math.max(LEAST_HELD_BACK, part * late)))
  for (let rounds = 1; rounds <= MOST_ROUNDS; rounds += 1) {
    if ((rounds + 1) * runners > MOST_SHARDS || rounds * setup > slack) return
    for (const heldBack of new Set(held)) yield inRounds(sorted, fixed, { runners, heldBack, rounds })
  }
}

/** By what part of its work the latest of the runners is late with times off by two: so many standard deviations as the largest of as many has. */
function latenessOf(tests: readonly TimedTest[], runners: number): number {
  const total = tests.reduce((sum, test) => sum + test.seconds, 0)
  const squares = tests.reduce((sum, test) => sum + test.seconds ** 2, 0)
  return total === 0 ? 0 : (OFF_BY_TWO * Math.sqrt(2 * Math.log(runners) * runners * squares)) / total
}

/** The first round has the longest tests; of what is held back each round has half of what the one before has. */
function inRounds(
  sorted: readonly TimedTest[],
  fixed: FixedCost,
  { runners, heldBack, rounds }: { readonly runners: number; readonly heldBack: number; readonly rounds: number },
): readonly Load[] {
  const total = sorted.reduce((sum, test) => sum + test.seconds, 0)
  const loads: Load[] = []
  let next = 0
  for (let round = 0; round <= rounds; round += 1) {
    const size = round === 0 ? (1 - heldBack) * total : (heldBack * total * 2 ** (rounds - round)) / (2 ** rounds - 1)
    const start = next
    let seconds = 0
    while (next < sorted.length && (round === rounds || seconds < size)) {
      seconds += sorted[next]?.seconds ?? 0
      next += 1
    }
    loads.push(...inOrder(balanceLoads(sorted.slice(start, next), fixed, runners)))
  }
  return loads
}

/**
 * When the last of the runners is free, in seconds: each shard, in order, falls to whoever is free first.
 * @param firstSlowerBy how many times longer everything takes on the first runner
 */
export function endOf(costs: readonly number[], runners: number, firstSlowerBy = 1): number {
  const free = new Array<number>(runners).fill(0)
  for (const seconds of costs) {
    const next = free.indexOf(Math.min(...free))
    free[next] = (free[next] ?? 0) + seconds * (next === 0 ? firstSlowerBy : 1)
  }
  return Math.max(...free)
}

type Times = ReadonlyMap<TimedTest, number>

/** Each test's time between half and twice what is believed: by its name and the draw alone, so that the same plan comes of any order. */
function timesOff(tests: readonly TimedTest[], draw: number): Times {
  return new Map(tests.map((test) => [test, test.seconds * 2 ** (2 * fraction(`${draw} ${testKey(test)}`) - 1)]))
}

/** A number from 0 to 1 of a text: FNV-1a, its bits mixed once more. */
function fraction(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}

function costsOf(loads: readonly Load[], { guestSeconds, startSeconds }: FixedCost, times: Times): readonly number[] {
  return loads.map(({ tests, sections }) => {
    let seconds = sections.size * (guestSeconds + startSeconds)
    for (const test of tests) seconds += times.get(test) ?? 0
    return seconds
  })
}

function inOrder(loads: readonly Load[]): readonly Load[] {
  return [...loads].sort((left, right) => right.seconds - left.seconds)
}
