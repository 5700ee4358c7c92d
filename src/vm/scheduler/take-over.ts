import type { TestName } from '../../domain/test.js'

/** What a guest at work still has to do. */
export interface Remaining {
  /** Expected seconds until the test that runs has ended. */
  readonly runningSeconds: number
  /** Its tests that have not started, in order, with the expected seconds of each. */
  readonly waiting: readonly { readonly name: TestName; readonly seconds: number }[]
}

/**
 * How many tests an idle guest takes from the end of another's list: as many as let both end together, and none where what it takes is not
 * worth more than what it pays to begin.
 * @param costSeconds what the taker pays before its first test
 * @param most tests that the taker may have
 */
export function takeOver(remaining: Remaining, costSeconds: number, most: number): { readonly count: number; readonly seconds: number } {
  const { runningSeconds, waiting } = remaining
  let left = runningSeconds + waiting.reduce((sum, { seconds }) => sum + seconds, 0)
  let seconds = 0
  let count = 0
  for (const test of waiting.toReversed()) {
    if (count >= most || costSeconds + seconds + test.seconds > left - test.seconds) break
    seconds += test.seconds
    left -= test.seconds
    count += 1
  }
  return seconds > costSeconds ? { count, seconds } : { count: 0, seconds: 0 }
}

/**
 * Seconds that a test which runs will go on: what it was expected to take, and where it has exceeded that, as long again.
 */
export function restOf(expectedSeconds: number, elapsedSeconds: number): number {
  return elapsedSeconds < expectedSeconds ? expectedSeconds - elapsedSeconds : elapsedSeconds
}
