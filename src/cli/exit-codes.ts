import { assertNever, type UserErrorKind } from '../domain/errors.js'

/** Exit codes of the command beside those of a verdict (src/results/conclude.ts); documented in the README. */
export const EXIT = { passed: 0, usage: 2, buildFailed: 65, couldNotTest: 69, cancelled: 130 } as const

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
