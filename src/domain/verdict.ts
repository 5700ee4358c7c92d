import { assertNever } from './errors.js'
import type { FailOn } from './inputs.js'
import { amended } from './kept-aside.js'
import type { KernelReport, KernelReportKind } from './kernel-report.js'
import type { Attempt, Conclusion, RunRecord, TestRecord, UnattributedReport } from './record.js'
import type { TestStatus } from './test.js'

/** From good to bad. What is nearer to the front is *better*; no evidence of trouble ever moves a test to the front. */
export const STATUS_ORDER: readonly TestStatus[] = ['pass', 'expunged', 'notrun', 'notreached', 'fail', 'timeout', 'crashed']

const rank = Object.fromEntries(STATUS_ORDER.map((status, index) => [status, index])) as Readonly<Record<TestStatus, number>>

/** True where the status says something is wrong with what was tested. */
export function isFailure(status: TestStatus): boolean {
  return status === 'fail' || status === 'crashed' || status === 'timeout'
}

/** True where the one status is worse than the other; false where they are the same. */
export function isWorse(status: TestStatus, than: TestStatus): boolean {
  return rank[status] > rank[than]
}

/** The worst of some statuses. @param first stands where nothing is worse */
export function worst<S extends TestStatus>(first: S, ...others: readonly S[]): S {
  return others.reduce((left, right) => (isWorse(right, left) ? right : left), first)
}

/** What the kernel tells of programs and of itself, and is no fault of its own: told, and nothing more. */
const toldKinds: ReadonlySet<KernelReportKind> = new Set(['oom', 'user-fault', 'note'])

/** What a slow or emulated host can cause by itself. */
const stallKinds: ReadonlySet<KernelReportKind> = new Set(['soft-lockup', 'rcu-stall', 'hung-task'])

/** What decides whether a report counts. */
export type WeighedReport = Pick<KernelReport, 'kind' | 'fatal' | 'provoked' | 'counts'>

/**
 * True for a report that makes its test, or its section, a failure: every kind, unless the test provokes it. Stalls and hung tasks only
 * where the record says that they count.
 */
export function isSevere(report: WeighedReport): boolean {
  if (report.provoked) return false
  if (report.fatal) return true
  if (stallKinds.has(report.kind)) return report.counts === true
  return !toldKinds.has(report.kind)
}

/**
 * The report with the word on whether it counts: a stall or a hung task does under KVM, and under emulation, or where that is not known,
 * if its test failed as well.
 */
export function weighReport<R extends KernelReport>(report: R, accelerator: 'kvm' | 'tcg' | null, status: TestStatus | null): R {
  if (!stallKinds.has(report.kind)) return report
  const counts = accelerator === 'kvm' || (status !== null && isFailure(status))
  return counts ? amended(report, { counts } as Partial<R>) : report
}

/** True where the kernel reported a bug under one of the test's attempts. */
export function hasSevereReport(test: Pick<TestRecord, 'attempts'>): boolean {
  return test.attempts.some((attempt) => attempt.reports.some(isSevere))
}

export interface Settled {
  readonly status: TestStatus
  readonly flaky: boolean
}

/**
 * The status of a test from its attempts, in the order made: the worst of them, whatever came before or after. An attempt that was cut off
 * (`notreached`) gives way to any verdict of another guest, one that declined to a pass or a failure of another guest: else losing the word
 * that it declined would make the test better.
 *
 * Flaky is a test that failed, and whose every attempt but a pass was followed by a pass of an attempt made because of it: in another guest,
 * or by the suite itself. An iteration that passes by itself excuses none that failed, nor does anything a crash or a kernel bug.
 */
export function settle(attempts: readonly Attempt[]): Settled {
  const [only] = attempts
  // Nearly every test of a run: nothing that it could give way to, nor be excused by.
  if (only !== undefined && attempts.length === 1) return { status: worst('pass', only.status), flaky: false }
  const verdicts = attempts.filter((attempt) => !attempts.some((other) => givesWay(attempt, other)))
  const failed = verdicts.find((attempt) => isFailure(attempt.status))
  const status = worst('pass', ...verdicts.map((attempt) => attempt.status))
  const excusable = verdicts.every((attempt) => attempt.status !== 'crashed' && !attempt.reports.some(isSevere))
  const excused = verdicts.every((attempt, index) => attempt.status === 'pass' || isExcused(attempt, verdicts.slice(index + 1)))
  return { status: verdicts.length === 0 ? 'notreached' : status, flaky: failed !== undefined && excusable && excused }
}

function givesWay(attempt: Attempt, other: Attempt): boolean {
  if (other.guest === attempt.guest || other.status === 'notreached') return false
  return attempt.status === 'notreached' || (attempt.status === 'notrun' && other.status !== 'notrun')
}

function isExcused(failed: Attempt, later: readonly Attempt[]): boolean {
  const ownRound = later.findIndex((attempt) => attempt.rerun !== true)
  return later.some((attempt, index) => attempt.status === 'pass' && (attempt.guest !== failed.guest || ownRound < 0 || index < ownRound))
}

/** What the rules ask of a test. */
export type Judged = Pick<TestRecord, 'status' | 'flaky' | 'expectedFailure' | 'attempts'>

/** A failure that a list expects. A crash, a timeout and a kernel bug are never expected. */
export function isExpectedFailure(test: Judged): boolean {
  return test.status === 'fail' && test.expectedFailure !== null && !hasSevereReport(test)
}

/** A test that fails and counts: not flaky, and not expected to fail. */
export function countsAsFailure(test: Judged): boolean {
  return isFailure(test.status) && !test.flaky && !isExpectedFailure(test)
}

/** What `again` runs: whatever failed unexpectedly, flaky or not, and what no guest got to. */
export function isUnsettled(test: Judged): boolean {
  return test.status === 'notreached' || (isFailure(test.status) && !isExpectedFailure(test))
}

/** A failure that another attempt may show to be flaky: nothing passed yet, and a list does not expect it. */
export function isWorthAnotherAttempt(test: Judged): boolean {
  return isFailure(test.status) && !isExpectedFailure(test) && !test.attempts.some((attempt) => attempt.status === 'pass')
}

/** A kernel report that no test owns is known by this, in this run and in others. */
export function reportKey({ suite, section, phase, title }: Pick<UnattributedReport, 'suite' | 'section' | 'phase' | 'title'>): string {
  return JSON.stringify([suite ?? null, section ?? null, phase ?? null, title])
}

/** Reports of this one key are one report that came several times: two KUnit suites may bring about the same. */
export function sameReportKey(report: Parameters<typeof reportKey>[0] & Pick<UnattributedReport, 'kunitSuite'>): string {
  return JSON.stringify([reportKey(report), report.kunitSuite ?? null])
}

/** Kernel reports that fail a section, since no test owns them: those that count and that no list expects. */
export function countingReports(record: Pick<RunRecord, 'unattributedReports'>): readonly UnattributedReport[] {
  return record.unattributedReports.filter((report) => isSevere(report) && (report.expected ?? null) === null)
}

/** An expected failure that passed: its line in the list is out of date. */
export function isStaleExpectation(test: Pick<TestRecord, 'status' | 'expectedFailure'>): boolean {
  return test.expectedFailure !== null && test.status === 'pass'
}

/**
 * The exit status of a conclusion: 0 passed, 1 tests failed, 65 the build failed (EX_DATAERR), 69 could not test (EX_UNAVAILABLE),
 * 130 cancelled. `never` forgives failures and nothing else: where a run without its failures would be could-not-test, so it is.
 */
export function exitCode({ kind, untested }: Pick<Conclusion, 'kind' | 'untested'>, failOn: FailOn): number {
  switch (kind) {
    case 'passed':
      return 0
    case 'failed':
      if (failOn !== 'never') return 1
      return untested === undefined ? 0 : 69
    case 'build-failed':
      return 65
    case 'could-not-test':
      return 69
    case 'cancelled':
      return 130
    default:
      return assertNever(kind, 'conclusion')
  }
}
