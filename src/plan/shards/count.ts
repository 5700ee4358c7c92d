import { balanceShards } from './balance.js'
import type { FixedCost, Shard, TimedTest } from './shard.js'

/** GitHub starts at most 256 jobs of one matrix. */
export const MOST_SHARDS = 256

/**
 * The fewest shards that each end within `limitSeconds`, and their plan. Where a test is longer than that, or 256 are not enough, the
 * plan of as many as help, and `fits` is false.
 */
export function fewestShards(
  tests: readonly TimedTest[],
  fixed: FixedCost,
  limitSeconds: number,
): { readonly shards: readonly Shard[]; readonly fits: boolean } {
  const longest = (shards: readonly Shard[]) => shards.reduce((most, shard) => Math.max(most, shard.seconds), 0)
  let low = 1
  let high = MOST_SHARDS
  let best = balanceShards(tests, fixed, high)
  if (longest(best) > limitSeconds) return { shards: smallestOfEqual(tests, fixed, best), fits: false }
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const shards = balanceShards(tests, fixed, middle)
    if (longest(shards) <= limitSeconds) {
      best = shards
      high = middle
    } else low = middle + 1
  }
  return { shards: best, fits: true }
}

/** Where the longest test decides, more runners do not help: as few as end at the same time, within a hundredth. */
function smallestOfEqual(tests: readonly TimedTest[], fixed: FixedCost, most: readonly Shard[]): readonly Shard[] {
  const end = (shards: readonly Shard[]) => shards.reduce((latest, shard) => Math.max(latest, shard.seconds), 0)
  let low = 1
  let high = most.length
  let best = most
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const shards = balanceShards(tests, fixed, middle)
    if (end(shards) <= end(most) * 1.01) {
      best = shards
      high = middle
    } else low = middle + 1
  }
  return best
}
