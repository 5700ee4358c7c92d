import { assertNever } from '../../domain/errors.js'
import type { TestRecord } from '../../domain/record.js'

/**
 * KCIDB's statuses, worst first. FAIL: the test completed and the tested code is at fault. ERROR: the test did not complete, the code's
 * status is unknown. MISS: the harness did not run it. SKIP: not applicable.
 */
export type KcidbStatus = 'FAIL' | 'ERROR' | 'MISS' | 'PASS' | 'DONE' | 'SKIP'

/**
 * A test's status in KCIDB's words. A test that passed when it ran again is FAIL as its first verdict is, with `misc.flaky`; an expected
 * failure is FAIL, with `misc.expected_failure`: KCIDB has issues and incidents for what is known. A crash is the kernel's fault where the
 * kernel panicked or reported, and an error where QEMU died or was lost.
 */
export function statusOf(test: Pick<TestRecord, 'status' | 'attempts'>): KcidbStatus {
  switch (test.status) {
    case 'pass':
      return 'PASS'
    case 'fail':
      return 'FAIL'
    case 'crashed':
      return isKernelsFault(test) ? 'FAIL' : 'ERROR'
    case 'timeout':
      return 'ERROR'
    case 'notrun':
    case 'expunged':
      return 'SKIP'
    case 'notreached':
      return 'MISS'
    default:
      return assertNever(test.status, 'status')
  }
}

function isKernelsFault({ attempts }: Pick<TestRecord, 'attempts'>): boolean {
  return attempts.some((attempt) => attempt.exit?.kind === 'panic' || attempt.reports.some((report) => !report.provoked))
}
