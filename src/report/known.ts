import type { TestRecord } from '../domain/record.js'
import type { Comparison } from '../domain/stages.js'
import { decidingAttempt } from './buckets.js'
import { shortLine } from './foreign-text.js'

/** What is known of a failure by the compared record, as a clause: since which commit, and how it went there where that differs. */
export function describeBefore(test: TestRecord): string | null {
  const { before } = test
  if (before === undefined) return null
  const message = decidingAttempt(test)?.message?.slice(0, before.message?.length ?? 0) ?? null
  const isSame = before.status === test.status && before.message === message
  const parts = [
    ...(before.since === undefined ? [] : [`not passed since ${commitName(before.since)}`]),
    ...(isSame
      ? []
      : [`there: ${before.status}${before.flaky ? ', flaky' : ''}${before.message === null ? '' : `: ${shortLine(before.message, 300)}`}`]),
  ]
  return parts.length === 0 ? null : parts.join('; ')
}

/** Which record this run is compared with, and why, as a clause. */
export function describeCompared({ commit, ref, choice, noExcuse, baselineRunId }: Comparison): string {
  const which = commit === null ? `run ${shortLine(baselineRunId, 80)}` : `commit ${commitName(commit)}`
  const branch = ref === null ? '' : ` of ${shortLine(ref.replace(/^refs\/heads\//, ''), 120)}`
  const excuse = noExcuse === null ? '' : `; it excuses nothing: ${noExcuse}`
  return `${which}${branch} (${shortLine(choice, 400)})${excuse}`
}

/** A commit as people write it, other names as they are. */
export function commitName(commit: string): string {
  return /^[0-9a-f]{40,64}$/.test(commit) ? commit.slice(0, 12) : shortLine(commit, 80)
}
