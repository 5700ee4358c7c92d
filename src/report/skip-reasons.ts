import type { RunRecord } from '../domain/record.js'
import { decidingAttempt } from './buckets.js'
import type { Rendered } from './context.js'

/** Why tests did not run: how many now, and how many in the baseline (null where there is none). */
export interface ReasonChange {
  readonly reason: string
  readonly now: number
  readonly before: number | null
}

/** Reasons of this run and of the baseline, the largest change first, then the most frequent. */
export function reasonChanges(rendered: Rendered): readonly ReasonChange[] {
  const now = reasonCounts(rendered.record)
  const before = rendered.baseline === null ? null : reasonCounts(rendered.baseline)
  const reasons = new Set([...now.keys(), ...(before?.keys() ?? [])])
  const changes = [...reasons].map((reason) => ({
    reason,
    now: now.get(reason) ?? 0,
    before: before === null ? null : (before.get(reason) ?? 0),
  }))
  const change = (each: ReasonChange) => Math.abs(each.now - (each.before ?? each.now))
  return changes.sort((a, b) => change(b) - change(a) || b.now - a.now)
}

function reasonCounts(record: RunRecord): Map<string, number> {
  const counts = new Map<string, number>()
  for (const test of record.tests) {
    if (test.status !== 'notrun' && test.status !== 'expunged') continue
    const own = test.reason ?? decidingAttempt(test)?.message ?? 'no reason given'
    const reason = test.status === 'expunged' ? `expunged: ${own}` : own
    counts.set(reason, (counts.get(reason) ?? 0) + 1)
  }
  return counts
}
