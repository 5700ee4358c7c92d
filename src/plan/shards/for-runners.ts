import { testKey } from '../../domain/test-key.js'
import { balanceShards, lowerBound } from './balance.js'
import { MOST_SHARDS } from './count.js'
import type { FixedCost, Shard, TimedTest } from './shard.js'

/**
 * From so many runners on the times' own errors make the last to end late: with times off by a factor of two the latest of 64 ends a
 * fifth after the bound, of 20 a fifteenth (`npm run sim:shards`).
 */
const RESERVE_FROM_RUNNERS = 20
/** The part of the work that is held back then; more costs more in guests than it gives. */
const RESERVED_SHARE = 0.1
/** A reserve costs each runner a second guest: where the whole would end so much after the bound by the plan's own times, there is none. */
const MOST_OVER_BOUND = 1.045

/**
 * The shards for so many runners at once, in the order they are to start: the job queue gives the next one to whoever is free. Many
 * runners get twice as many shards: the shortest tests, a tenth of the work, are held back in small ones, which fall to those whose
 * first was shorter than believed; unless their guests cost more than that is worth.
 */
export function shardsForRunners(tests: readonly TimedTest[], fixed: FixedCost, runners: number): readonly Shard[] {
  const plain = longestFirst(balanceShards(tests, fixed, runners))
  if (runners < RESERVE_FROM_RUNNERS || 2 * runners > MOST_SHARDS) return plain
  const reserved = shortest(tests)
  const first = tests.filter((test) => !reserved.has(test))
  const both = [...longestFirst(balanceShards(first, fixed, runners)), ...longestFirst(balanceShards([...reserved], fixed, runners))]
  const end = endOf(
    both.map(({ seconds }) => seconds),
    runners,
  )
  return end <= MOST_OVER_BOUND * lowerBound(tests, fixed, runners) ? both : plain
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

function longestFirst(shards: readonly Shard[]): readonly Shard[] {
  return [...shards].sort((left, right) => right.seconds - left.seconds)
}

function shortest(tests: readonly TimedTest[]): ReadonlySet<TimedTest> {
  const sorted = [...tests].sort((left, right) => left.seconds - right.seconds || (testKey(left) < testKey(right) ? -1 : 1))
  const most = RESERVED_SHARE * sorted.reduce((sum, test) => sum + test.seconds, 0)
  const taken = new Set<TimedTest>()
  let seconds = 0
  for (const test of sorted) {
    if (seconds + test.seconds > most) break
    seconds += test.seconds
    taken.add(test)
  }
  return taken
}
