import type { RunRecord, TestRecord } from '../domain/record.js'
import type { ComparedTest, Comparison } from '../domain/stages.js'
import { sectionKey, testKey } from '../domain/test-key.js'
import { countsAsFailure, excuses, isFailure, isSevere, isStaleExpectation, reportKey } from '../domain/verdict.js'

/** What is needed of a baseline; `summarizeRecord`-sized extracts fit too. */
export type Baseline = Pick<RunRecord, 'runId' | 'tests'> & Partial<Pick<RunRecord, 'unattributedReports'>>

/**
 * Holds a record against the base branch's.
 * - new: counts as a failure now, and did not fail there (passed, declined, was not reached, or was not there)
 * - known: counts as a failure now, and failed there too, whatever the way, also flakily, or does when run again on the base's bundle
 * - fixed: failed there for good and passes now; one that passes against its expectation is stale instead
 * - vanished: planned there, not planned now, in a section that both have
 * - newly notrun: passed or failed there and declines now
 */
export function compareRecords(current: Pick<RunRecord, 'tests' | 'sections'>, baseline: Baseline): Comparison {
  const before = new Map(baseline.tests.map((test) => [testKey(test), test]))
  const now = new Set(current.tests.map(testKey))
  const sections = new Set(current.sections.map(({ suite, name }) => sectionKey({ suite, section: name })))
  const failures = current.tests.filter(countsAsFailure)
  const failedBefore = (test: TestRecord): boolean => isFailure(before.get(testKey(test))?.status ?? 'notreached')
  const isKnown = (test: TestRecord): boolean => failedBefore(test) || (test.onBase !== undefined && excuses(test.onBase, test))
  return {
    baselineRunId: baseline.runId,
    newFailures: failures.filter((test) => !isKnown(test)).map(toCompared),
    knownFailures: failures.filter(isKnown).map(toCompared),
    fixed: current.tests
      .filter((test) => test.status === 'pass' && !isStaleExpectation(test))
      .filter((test) => failedBefore(test) && before.get(testKey(test))?.flaky === false)
      .map(toCompared),
    vanished: baseline.tests
      .filter((test) => sections.has(sectionKey(test)) && test.status !== 'expunged' && !now.has(testKey(test)))
      .map(toCompared),
    knownReports: (baseline.unattributedReports ?? []).filter(isSevere).map(reportKey),
    newlyNotrun: current.tests.filter((test) => test.status === 'notrun' && ran(before.get(testKey(test)))).map(toCompared),
  }
}

function ran(test: TestRecord | undefined): boolean {
  return test !== undefined && (test.status === 'pass' || isFailure(test.status))
}

function toCompared(test: TestRecord): ComparedTest {
  return { suite: test.suite, section: test.section, name: test.name }
}
