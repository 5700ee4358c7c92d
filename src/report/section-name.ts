import type { RunRecord } from '../domain/record.js'
import type { SectionId } from '../domain/test.js'

/** A section's name for a reader: with its suite before it where the run has several. */
export function sectionName({ suite, section }: SectionId, { plan }: Pick<RunRecord, 'plan'>): string {
  return plan.suites.length > 1 ? `${suite}.${section}` : section
}
