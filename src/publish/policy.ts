import { assertNever } from '../domain/errors.js'
import type { FailOn } from '../domain/inputs.js'
import type { Conclusion } from '../domain/record.js'
import type { Comparison } from '../domain/stages.js'

/**
 * Whether the step is red. What could not be tested is always red: an untested change must not look tested.
 * Of failed tests the policy decides; `new` is `any` where there is no baseline.
 */
export function stepFails(conclusion: Conclusion, comparison: Comparison | null, failOn: FailOn): boolean {
  switch (conclusion.kind) {
    case 'passed':
      return false
    case 'failed':
      if (failOn === 'never') return false
      return failOn === 'any' || comparison === null || comparison.newFailures.length > 0
    case 'could-not-test':
    case 'build-failed':
    case 'cancelled':
      return true
    default:
      return assertNever(conclusion.kind, 'conclusion')
  }
}
