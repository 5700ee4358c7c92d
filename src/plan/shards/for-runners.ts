import { testKey } from '../../domain/test-key.js'
import { balanceShards } from './balance.js'
import { MOST_SHARDS } from './count.js'
import type { FixedCost, Shard, TimedTest } from './shard.js'

/**
 * From so many runners on the times' own errors make the last to end late: with times off by a factor of two the latest of 64 ends a
 * fifth after the bound, of 20 a fifteenth (`npm run sim:shards`).
 */
const RESERVE_FROM_RUNNERS = 20
/** The part of the work that is held back then; more costs more in guests than it gives. */
const RESERVED_SHARE = 0.1

/**
 * The shards for so many runners at once, in the order they are to start: the job queue gives the next one to whoever is free. Many
 * runners get twice as many shards: the shortest tests, a tenth of the work, are held back in small ones, which fall to those whose
 * first was shorter than believed.
 */
export function shardsForRunners(tests: readonly TimedTest[], fixed: FixedCost, runners: number): readonly Shard[] {
  if (runners < RESERVE_FROM_RUNNERS || 2 * runners > MOST_SHARDS) return longestFirst(balanceShards(tests, fixed, runners))
  const reserved = shortest(tests)
  const first = tests.filter((test) => !reserved.has(test))
  return [...longestFirst(balanceShards(first, fixed, runners)), ...longestFirst(balanceShards([...reserved], fixed, runners))]
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
