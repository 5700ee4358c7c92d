import type { KernelReport, KernelReportKind } from '../domain/kernel-report.js'
import type { Attempt, TestRecord } from '../domain/record.js'
import { isFailure, type TestStatus } from '../domain/test.js'

/**
 * Reports that are a kernel bug whatever the suite says. Left out: what a slow emulated machine provokes (stalls, hung tasks), what tests
 * provoke on purpose (shutdown, corruption, out of memory), and warnings, which fstests' own check reads and filters by test.
 */
const severeKinds: ReadonlySet<KernelReportKind> = new Set([
  'panic',
  'oops',
  'bug',
  'kasan',
  'kmsan',
  'kfence',
  'ubsan',
  'lockdep',
  'list-corruption',
  'refcount',
  'atomic-sleep',
  'general-protection',
  'double-fault',
])

/** True for a report that makes its test a failure. */
export function isSevere(report: KernelReport): boolean {
  return !report.provoked && (report.fatal || severeKinds.has(report.kind))
}

/** From good to bad. */
const severity: Readonly<Record<TestStatus, number>> = { pass: 0, expunged: 1, notrun: 2, notreached: 3, fail: 4, timeout: 5, crashed: 6 }

export function worse(left: TestStatus, right: TestStatus): TestStatus {
  return severity[right] > severity[left] ? right : left
}

export interface Settled {
  readonly status: TestStatus
  readonly flaky: boolean
}

/**
 * The status of a test from its attempts, in the order made.
 * The first failure stands, also where a pass came before it (`check -i`); without one the first verdict does. An attempt that was cut off
 * by something else (`notreached`) is no verdict while another one is.
 */
export function settle(attempts: readonly Attempt[]): Settled {
  const verdicts = attempts.filter((attempt) => attempt.status !== 'notreached')
  const failedAt = verdicts.findIndex((attempt) => isFailure(attempt.status))
  const failed = verdicts[failedAt]
  const status = failed?.status ?? verdicts[0]?.status ?? 'notreached'
  const excusable = verdicts.every((attempt) => attempt.status !== 'crashed' && !attempt.reports.some(isSevere))
  const passedLater = failedAt >= 0 && verdicts.slice(failedAt).some((attempt) => attempt.status === 'pass')
  return { status, flaky: excusable && passedLater }
}

/** A test that fails and counts: not flaky, and not expected to fail. A crash or a timeout is never expected. */
export function countsAsFailure(test: TestRecord): boolean {
  if (!isFailure(test.status) || test.flaky) return false
  return !(test.status === 'fail' && test.expectedFailure !== null && !hasSevereReport(test))
}

function hasSevereReport(test: Pick<TestRecord, 'attempts'>): boolean {
  return test.attempts.some((attempt) => attempt.reports.some(isSevere))
}

/**
 * True where a failure on the base excuses one here. A crash is not excused by a mere failure, nor a kernel bug by a failure without one:
 * such a change made it worse.
 */
export function excuses(onBase: Pick<TestRecord, 'status' | 'attempts'>, here: Pick<TestRecord, 'status' | 'attempts'>): boolean {
  if (!isFailure(onBase.status) || severity[onBase.status] < severity[here.status]) return false
  return !hasSevereReport(here) || hasSevereReport(onBase)
}

/** An expected failure that passed: its line in the list is out of date. */
export function isStaleExpectation(test: TestRecord): boolean {
  return test.expectedFailure !== null && test.status === 'pass'
}
