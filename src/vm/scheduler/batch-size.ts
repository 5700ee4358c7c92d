/** A batch costs a start of `check`, 0.2 s under KVM and 1.5 s under emulation: shorter ones are not worth it. */
const SHORTEST_SECONDS = 8
/** A crash costs what its batch had not begun nothing but a boot; still no guest should sit on more than this. */
const LONGEST_SECONDS = 20 * 60
const MOST_TESTS = 100
/** Each batch is this part of a guest's fair share, so that batches shrink towards the end and guests finish together. */
const SHARE = 0.5

/**
 * How many of the waiting tests, taken from the front, make the next batch: guided self-scheduling.
 * @param expectedSeconds what waits, in the order it will be handed out
 * @param sharers guests that take from the same section, at least one
 */
export function batchSize(expectedSeconds: readonly number[], sharers: number): number {
  const remaining = expectedSeconds.reduce((sum, seconds) => sum + seconds, 0)
  const fair = remaining / Math.max(1, sharers)
  // Never more than the fair share, however short: the others would stand idle.
  const target = Math.min(Math.max(sharers > 1 ? fair * SHARE : fair, Math.min(SHORTEST_SECONDS, fair)), LONGEST_SECONDS)
  let count = 0
  let taken = 0
  for (const seconds of expectedSeconds) {
    // The last test may overshoot by half of itself: rounding, not truncation.
    if (count > 0 && (taken + seconds / 2 > target || count >= MOST_TESTS)) break
    count += 1
    taken += seconds
  }
  return count
}
