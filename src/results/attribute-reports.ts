import type { AcceleratorDecision } from '../domain/accelerator.js'
import { amended } from '../domain/kept-aside.js'
import type { KernelReport } from '../domain/kernel-report.js'
import type { Selection } from '../domain/plan.js'
import type { Attempt, Disagreement, UnattributedReport } from '../domain/record.js'
import type { SectionId } from '../domain/test.js'
import { testKey } from '../domain/test-key.js'
import { isSevere, isWorse, reportKey, weighReport } from '../domain/verdict.js'
import type { GuestRun } from '../domain/vm-run.js'

/** Attempts by section and test, as they are being put together. */
export type AttemptTable = Map<string, Attempt[]>

export interface Attribution {
  readonly table: AttemptTable
  readonly disagreements: Disagreement[]
  /** Null where it is not known. */
  readonly accelerator: AcceleratorDecision['accelerator'] | null
}

/**
 * Gives each guest's kernel reports to the attempts they fell into, and lowers a verdict under which the kernel reported a bug.
 * @returns reports that no attempt owns, equal ones as one, in order
 */
export function attributeReports(guests: readonly GuestRun[], attribution: Attribution): UnattributedReport[] {
  const { table, disagreements, accelerator } = attribution
  const unattributed: UnattributedReport[] = []
  for (const guest of guests) {
    const { suite, section } = guest
    for (const report of guest.reports) {
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
    const key = reportKey(report)
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
