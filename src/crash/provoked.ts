import type { KernelReport, Provocation } from '../domain/kernel-report.js'
import { isProvokedByKunit } from './kunit-suite.js'

/** Whether the test that ran is known to provoke this very report. */
export function isProvoked(
  report: Pick<KernelReport, 'kind' | 'title' | 'test' | 'kunitSuite'>,
  provocations: readonly Provocation[],
): boolean {
  const { test, title: printed } = report
  if (isProvokedByKunit(report.kunitSuite, report.kind)) return true
  if (test === null) return false
  return provocations.some(({ isOf, kinds, title }) => kinds.includes(report.kind) && isOf(test) && title?.test(printed) !== false)
}
