import type { Published, Report } from '../domain/stages.js'
import { isFailure, type TestStatus } from '../domain/test.js'

/** The action's outputs, by the names in src/inputs/specification.ts. */
export function outputsOf(report: Report, runDirectory: string, artifactId: Published['artifactId']): Readonly<Record<string, string>> {
  const { record, comparison } = report
  const count = (...statuses: TestStatus[]) => record.tests.filter(({ status }) => statuses.includes(status)).length
  const unexpected = record.tests.filter((test) => isFailure(test.status) && test.expectedFailure === null && !test.flaky)
  return {
    conclusion: record.conclusion.kind,
    reason: record.conclusion.reason,
    planned: String(record.tests.length),
    passed: String(count('pass')),
    failed: String(unexpected.length),
    notrun: String(count('notrun')),
    notreached: String(count('notreached')),
    'new-failures': comparison === null ? '' : String(comparison.newFailures.length),
    flaky: String(record.tests.filter(({ flaky }) => flaky).length),
    accelerator: record.accelerator?.accelerator ?? '',
    'cache-hit': String(record.cache.some(({ outcome }) => outcome === 'hit')),
    results: runDirectory,
    record: report.recordPath,
    junit: report.junitPath,
    html: report.htmlPath,
    'artifact-id': artifactId === null ? '' : String(artifactId),
  }
}
