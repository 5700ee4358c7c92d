import type { Attempt } from '../domain/record.js'
import { MOST_SUBTESTS } from '../domain/record.js'
import type { JudgedAttempt } from '../suites/index.js'
import { capDiff } from '../suites/unified-diff.js'

/** Kind of the file that a difference is taken from. */
const DIFFERING_OUTPUT = 'outBad'

/** What an attempt in the record has of the suite's judgement. @param logs of this attempt, by kind, as the record names them */
export function judgedParts(
  { status, message, diff, isRerun, subtests, subtestCount, metrics }: JudgedAttempt,
  logs: Attempt['logs'],
): Pick<Attempt, 'status' | 'message' | 'diff' | 'reports' | 'exit' | 'rerun' | 'logs' | 'subtests' | 'subtestCount' | 'metrics'> {
  return {
    status,
    message,
    diff: diff === null ? null : capDiff(diff, logs[DIFFERING_OUTPUT] ?? null),
    reports: [],
    exit: null,
    ...(isRerun === true ? { rerun: true } : {}),
    logs,
    ...(subtests === undefined
      ? {}
      : { subtests: subtests.slice(0, MOST_SUBTESTS), subtestCount: Math.max(subtestCount ?? 0, subtests.length) }),
    ...(metrics === undefined || metrics.length === 0 ? {} : { metrics: [...metrics] }),
  }
}
