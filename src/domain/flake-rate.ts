import type { TestStatus } from './test.js'
import { isFailure } from './verdict.js'

/** One earlier run of a test, as the rate depends on it. */
export interface PastRun {
  readonly status: TestStatus
  /** It failed, then passed when run again. */
  readonly flaky: boolean
  readonly kernelRelease: string | null
}

/** Share of the runs that were flaky or turned to the other verdict from the run before, 0 to 1. @param runs oldest first */
export function flakeRate(runs: readonly PastRun[]): number {
  const judged = runs.filter((run) => run.status !== 'notrun')
  if (judged.length === 0) return 0
  const turned = judged.filter((run, index) => {
    const before = judged[index - 1]
    // A turn on another kernel is a change, not a flake.
    const isTurn = before !== undefined && before.kernelRelease === run.kernelRelease && isFailure(before.status) !== isFailure(run.status)
    return run.flaky || isTurn
  })
  return turned.length / judged.length
}
