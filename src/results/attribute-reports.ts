import type { AcceleratorDecision } from '../domain/accelerator.js'
import { amended } from '../domain/kept-aside.js'
import type { KernelReport } from '../domain/kernel-report.js'
import type { PlannedTest, Selection } from '../domain/plan.js'
import type { Attempt, Disagreement, UnattributedReport } from '../domain/record.js'
import type { SectionId } from '../domain/test.js'
import { testKey } from '../domain/test-key.js'
import { isSevere, isWorse, sameReportKey, weighReport } from '../domain/verdict.js'
import type { GuestRun } from '../domain/vm-run.js'
import { suiteOf } from '../suites/index.js'

/** Attempts by section and test, as they are being put together. */
export type AttemptTable = Map<string, Attempt[]>

export interface Attribution {
  readonly table: AttemptTable
  readonly disagreements: Disagreement[]
  readonly planned: readonly PlannedTest[]
  /** Null where it is not known. */
  readonly accelerator: AcceleratorDecision['accelerator'] | null
}

/**
 * Gives each guest's kernel reports to the attempts they fell into, and lowers a verdict under which the kernel reported a bug.
 * @returns reports that no attempt owns, equal ones as one, in order
 */
export function attributeReports(guests: readonly GuestRun[], attribution: Attribution): UnattributedReport[] {
  const { table, disagreements, accelerator, planned } = attribution
  const ofKernel = planned.filter(({ suite }) => suiteOf(suite).ofKernel !== undefined)
  const unattributed: UnattributedReport[] = []
  for (const guest of guests) {
    const { suite, section } = guest
    for (const report of guest.reports) {
      if (giveToKunit({ report, guest, ofKernel }, attribution)) continue
      const attempts = report.test === null ? undefined : table.get(testKey({ suite, section, name: report.test }))
      const index = attempts?.findLastIndex((attempt) => attempt.guest === guest.id) ?? -1
      const attempt = attempts?.[index]
      if (attempts !== undefined && attempt !== undefined && report.test !== null) {
        attempts[index] = addReport(
          attempt,
          weighReport(report, accelerator, attempt.status),
          { suite, section, test: report.test },
          disagreements,
        )
      } else
        unattributed.push({ phase: report.test === null ? 'set-up' : 'between', ...weighReport(report, accelerator, null), suite, section })
    }
  }
  return mergeEqual(unattributed)
}

/**
 * Gives a report to the KUnit suite that ran, where that is a planned test: what is built in runs at every guest's boot, before any test, and a module
 * may bring more suites than the one it was loaded for. A guest that died of it crashed it, though it reached no test.
 * @returns false where the report is for others to give
 */
function giveToKunit(
  { report, guest, ofKernel }: { readonly report: KernelReport; readonly guest: GuestRun; readonly ofKernel: readonly PlannedTest[] },
  { table, disagreements, accelerator }: Attribution,
): boolean {
  if (report.kunitSuite === undefined) return false
  const own = ofKernel.filter(({ name }) => name === report.kunitSuite)
  const owner = own.find(({ section }) => section === guest.section) ?? own[0]
  if (owner === undefined) return false
  const { suite, section, name } = owner
  const attempts = table.get(testKey(owner)) ?? []
  const ofGuest = attempts.findLastIndex((attempt) => attempt.guest === guest.id)
  const index = ofGuest >= 0 ? ofGuest : attempts.length - 1
  const attempt = attempts[index]
  if (attempt === undefined) {
    if (report.fatal) table.set(testKey(owner), [crashedAtBoot(weighReport(report, accelerator, 'crashed'), guest)])
    return report.fatal
  }
  const known = attempt.reports.findIndex(({ title, kunitSuite }) => title === report.title && kunitSuite === report.kunitSuite)
  attempts[index] =
    known < 0
      ? addReport(attempt, weighReport(report, accelerator, attempt.status), { suite, section, test: name }, disagreements)
      : amended(attempt, { reports: attempt.reports.map((each, at) => (at === known ? { ...each, count: (each.count ?? 1) + 1 } : each)) })
  return true
}

function crashedAtBoot(report: KernelReport, guest: GuestRun): Attempt {
  return {
    ...{ status: 'crashed', durationSeconds: null, guest: guest.id, startedAt: null, diff: null, exit: guest.exit },
    message: `the guest died while it booted: ${report.title}`,
    reports: [report],
    logs: { console: guest.consolePath },
  }
}

/** The reports with the word of a list that expects them. A kernel that cannot go on is never expected. */
export function withExpectations(
  reports: readonly UnattributedReport[],
  selection: Pick<Selection, 'expectedReports'>,
): UnattributedReport[] {
  return reports.map((report) => {
    const found = selection.expectedReports?.find(
      ({ title, suite = report.suite, sections }) =>
        title === report.title && suite === report.suite && report.section !== undefined && sections.includes(report.section),
    )
    if (found === undefined || report.fatal) return report
    const { reason, link } = found
    return amended(report, { expected: link === undefined ? { reason } : { reason, link } })
  })
}

/** Equal reports as one, with how often it came: the first of them stands. */
export function mergeEqual(reports: readonly UnattributedReport[]): UnattributedReport[] {
  const merged = new Map<string, UnattributedReport>()
  for (const report of reports) {
    const key = sameReportKey(report)
    const known = merged.get(key)
    // One that counts is not hidden behind one that does not.
    if (known === undefined) merged.set(key, report)
    else
      merged.set(key, amended(isSevere(report) && !isSevere(known) ? report : known, { count: (known.count ?? 1) + (report.count ?? 1) }))
  }
  return [...merged.values()]
}

/** Adds a report to the attempt it fell into; a kernel bug is at least a failure. */
export function addReport(
  attempt: Attempt,
  report: KernelReport,
  id: SectionId & { readonly test: string },
  disagreements: Disagreement[],
): Attempt {
  const reports = [...attempt.reports, report]
  if (!isSevere(report) || !isWorse('fail', attempt.status)) return amended(attempt, { reports })
  disagreements.push({
    ...id,
    sources: { suite: attempt.status, console: report.kind },
    resolution: `fail: the kernel reported "${report.title}" while it ran, whatever the suite says.`,
  })
  return amended(attempt, { reports, status: 'fail', message: `the kernel reported: ${report.title}` })
}
