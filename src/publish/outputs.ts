import { changedCounts } from '../domain/coverage.js'
import type { CacheLedgerEntry } from '../domain/record.js'
import type { Report } from '../domain/stages.js'
import type { TestStatus } from '../domain/test.js'
import { countingReports, countsAsFailure } from '../domain/verdict.js'
import type { Uploaded } from './uploaded.js'

/** The action's outputs, by the names in src/inputs/specification.ts. */
export function outputsOf(report: Report, runDirectory: string, artifact: Pick<Uploaded, 'id' | 'name'>): Readonly<Record<string, string>> {
  const { record, comparison } = report
  const count = (...statuses: TestStatus[]) => record.tests.filter(({ status }) => statuses.includes(status)).length
  const changed = record.coverage === undefined ? null : changedCounts(record.coverage.changed)
  return {
    conclusion: record.conclusion.kind,
    reason: record.conclusion.reason,
    planned: String(record.tests.length),
    passed: String(count('pass')),
    failed: String(record.tests.filter(countsAsFailure).length + countingReports(record).length),
    notrun: String(count('notrun')),
    notreached: String(count('notreached')),
    'new-failures': comparison === null ? '' : String(comparison.newFailures.length),
    lost: comparison === null ? '' : String(comparison.lost.length),
    'compared-with': comparison?.commit ?? '',
    flaky: String(record.tests.filter(({ flaky }) => flaky).length),
    'changed-lines': changed === null ? '' : String(changed.executable),
    'changed-lines-run': changed === null ? '' : String(changed.run),
    accelerator: record.accelerator?.accelerator ?? '',
    'cache-hit': String(cameFromCache(record.cache)),
    results: runDirectory,
    record: report.recordPath,
    junit: report.junitPath,
    html: report.htmlPath,
    'artifact-id': artifact.id === null ? '' : String(artifact.id),
    'artifact-name': artifact.name ?? '',
  }
}

/**
 * True where the store's index was there under its exact key and every layer came. A layer's first entry is of restoring it, later ones
 * of saving it; the compiler's cache is another one.
 */
function cameFromCache(ledger: readonly CacheLedgerEntry[]): boolean {
  const restored = ledger.filter(({ layer }, index) => layer !== 'ccache' && index === ledger.findIndex((each) => each.layer === layer))
  return restored.some(({ layer }) => layer === 'index') && restored.every(({ outcome }) => outcome === 'hit')
}
