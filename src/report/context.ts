import type { RunRecord } from '../domain/record.js'
import type { Comparison } from '../domain/stages.js'
import type { TestId, TestStatus } from '../domain/test.js'
import { reproduceTest } from '../plan/reproduce.js'
import { type Placement, placeTests } from './buckets.js'

/** One earlier verdict of a test, as the history keeps it. */
export interface HistoryPoint {
  readonly status: TestStatus
  readonly seconds: number | null
}

/** What a rendering may know beside the record; everything has a meaning when absent. */
export interface ReportContext {
  /** The base branch's record, for the change in skip reasons and durations. */
  readonly baseline?: RunRecord | null
  /** Earlier verdicts of a test, newest last. */
  readonly history?: (test: TestId) => readonly HistoryPoint[]
  /** The command shown beside a failure; absent: made from the plan. */
  readonly reproduce?: (test: TestId) => string
  /** Where the log paths lead, for people: the artifact's name. */
  readonly artifactName?: string | null
}

/** A record on its way into a rendering. */
export interface Rendered {
  readonly record: RunRecord
  readonly placement: Placement
  readonly baseline: RunRecord | null
  readonly history: (test: TestId) => readonly HistoryPoint[]
  readonly reproduce: (test: TestId) => string
  readonly artifactName: string | null
}

export function prepare(record: RunRecord, comparison: Comparison | null, context: ReportContext = {}): Rendered {
  return {
    record,
    placement: placeTests(record, comparison),
    baseline: context.baseline ?? null,
    history: context.history ?? (() => []),
    reproduce: context.reproduce ?? ((test) => reproduceTest(record.plan, test)),
    artifactName: context.artifactName ?? null,
  }
}
