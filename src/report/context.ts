import type { RunRecord } from '../domain/record.js'
import type { Comparison } from '../domain/stages.js'
import type { TestId, TestStatus } from '../domain/test.js'
import { reproduceTest } from '../plan/reproduce.js'
import { type Placement, placeTests } from './buckets.js'

/** An earlier run: one object for all its tests. */
export interface EarlierRun {
  /** ISO 8601. */
  readonly startedAt: string
  readonly kernelRelease: string | null
  readonly commit?: string | undefined
}

/** One earlier verdict of a test, as the history keeps it. */
export interface HistoryPoint {
  readonly status: TestStatus
  /** It failed, then passed when run again; absent: no. */
  readonly flaky?: boolean
  readonly seconds: number | null
  /** Absent where it is not known. */
  readonly run?: EarlierRun
}

/** A part of a kernel log. */
export interface LogPart {
  /** Number of its first line in the log, 1-based. */
  readonly firstLine: number
  readonly lines: readonly string[]
}

/** What a rendering may know beside the record; everything has a meaning when absent. */
export interface ReportContext {
  /** The base branch's record, for the change in skip reasons and durations. */
  readonly baseline?: RunRecord | null
  /** Earlier verdicts of a test, newest last. */
  readonly history?: (test: TestId) => readonly HistoryPoint[]
  /** The command shown beside a failure; absent: made from the plan. */
  readonly reproduce?: (test: TestId) => string
  /** What a guest's kernel logged while an attempt (0: the first) ran; null where that is not known. */
  readonly kernelLog?: (test: TestId, attempt: number) => LogPart | null
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
  readonly kernelLog: (test: TestId, attempt: number) => LogPart | null
  readonly artifactName: string | null
}

export function prepare(record: RunRecord, comparison: Comparison | null, context: ReportContext = {}): Rendered {
  return {
    record,
    placement: placeTests(record, comparison),
    baseline: context.baseline ?? null,
    history: context.history ?? (() => []),
    reproduce: context.reproduce ?? ((test) => reproduceTest(record.plan, test)),
    kernelLog: context.kernelLog ?? (() => null),
    artifactName: context.artifactName ?? null,
  }
}
