import { assertNever, type UserErrorKind } from '../domain/errors.js'
import type { ConclusionKind } from '../domain/record.js'

/** Exit codes of the command, as documented in the README. 65 and 69 are EX_DATAERR and EX_UNAVAILABLE of sysexits.h. */
export const EXIT = { passed: 0, failed: 1, usage: 2, buildFailed: 65, couldNotTest: 69, cancelled: 130 } as const

/** @param stepFails whether the policy (`fail-on`) lets failed tests fail the run */
export function exitCodeOf(conclusion: ConclusionKind, stepFails: boolean): number {
  switch (conclusion) {
    case 'passed':
      return EXIT.passed
    case 'failed':
      return stepFails ? EXIT.failed : EXIT.passed
    case 'could-not-test':
      return EXIT.couldNotTest
    case 'build-failed':
      return EXIT.buildFailed
    case 'cancelled':
      return EXIT.cancelled
    default:
      return assertNever(conclusion, 'conclusion')
  }
}

export function exitCodeOfError(kind: UserErrorKind): number {
  switch (kind) {
    case 'usage':
      return EXIT.usage
    case 'build-failed':
      return EXIT.buildFailed
    case 'could-not-test':
      return EXIT.couldNotTest
    default:
      return assertNever(kind, 'kind of error')
  }
}
