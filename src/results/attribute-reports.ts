import type { KernelReport } from '../domain/kernel-report.js'
import type { Attempt, Disagreement } from '../domain/record.js'
import type { SectionId } from '../domain/test.js'
import { testKey } from '../domain/test-key.js'
import { isSevere } from '../domain/verdict.js'
import type { GuestRun } from '../domain/vm-run.js'

/** Attempts by section and test, as they are being put together. */
export type AttemptTable = Map<string, Attempt[]>

/**
 * Gives each guest's kernel reports to the attempts they fell into, and lowers a pass under which the kernel reported a bug.
 * @returns reports that no attempt owns, in order
 */
export function attributeReports(guests: readonly GuestRun[], table: AttemptTable, disagreements: Disagreement[]): KernelReport[] {
  const unattributed: KernelReport[] = []
  for (const guest of guests) {
    const { suite, section } = guest
    for (const report of guest.reports) {
      const attempts = report.test === null ? undefined : table.get(testKey({ suite, section, name: report.test }))
      const index = attempts?.findLastIndex((attempt) => attempt.guest === guest.id) ?? -1
      const attempt = attempts?.[index]
      if (attempts === undefined || attempt === undefined || report.test === null) unattributed.push(report)
      else attempts[index] = addReport(attempt, report, { suite, section, test: report.test }, disagreements)
    }
  }
  return unattributed
}

/** Adds a report to the attempt it fell into; a kernel bug lowers a pass. */
export function addReport(
  attempt: Attempt,
  report: KernelReport,
  id: SectionId & { readonly test: string },
  disagreements: Disagreement[],
): Attempt {
  const reports = [...attempt.reports, report]
  if (!isSevere(report) || (attempt.status !== 'pass' && attempt.status !== 'notrun')) return { ...attempt, reports }
  disagreements.push({
    ...id,
    sources: { suite: attempt.status, console: report.kind },
    resolution: `fail: the kernel reported "${report.title}" while it ran, whatever the suite says.`,
  })
  return { ...attempt, reports, status: 'fail', message: `the kernel reported: ${report.title}` }
}
