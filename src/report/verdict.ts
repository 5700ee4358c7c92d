import { assertNever } from '../domain/errors.js'
import type { RunRecord } from '../domain/record.js'
import type { Placement } from './buckets.js'
import { count } from './summary/markdown.js'

/** The verdict in a few words, the same in every rendering. */
export interface Verdict {
  /** `good` only where the conclusion is `passed`: everything else is something to look at. */
  readonly tone: 'good' | 'bad' | 'unsure'
  readonly title: string
  /** Counts of every place that is not empty, most important first. */
  readonly counts: readonly string[]
}

export function verdictOf(record: RunRecord, placement: Placement): Verdict {
  return { ...titleOf(record, placement), counts: countsOf(placement) }
}

/** The verdict as one clause, without a full stop: `1 new failure: 2 known, 2 passed`. What the title counts is not counted twice. */
export function verdictClause({ title, counts }: Verdict, emphasis: (title: string) => string = (text) => text): string {
  const others = counts.filter((each) => !/ (?:new|failed|lost)$/.test(each) || !title.startsWith(`${Number.parseInt(each, 10)} `))
  const rest = others.length > 0 ? `: ${others.join(', ')}` : counts.length > 0 ? '' : ': no tests'
  return `${emphasis(title)}${rest}`
}

function titleOf(record: RunRecord, placement: Placement): Pick<Verdict, 'tone' | 'title'> {
  const fresh = placement.byPlace.new.length
  const lost = placement.lost.length
  const failures = count(fresh, placement.compared ? 'new failure' : 'failure')
  switch (record.conclusion.kind) {
    case 'passed':
      // With `fail-on: never` a run passes although tests failed; the title still says so.
      if (fresh > 0) return { tone: 'unsure', title: `Passed as asked, with ${failures}` }
      return { tone: 'good', title: placement.byPlace.known.length > 0 ? 'Passed: no new failures' : 'Passed' }
    case 'failed':
      return { tone: 'bad', title: fresh > 0 ? failures : lost > 0 ? `${count(lost, 'test')} lost` : 'Failed' }
    case 'could-not-test':
      return { tone: 'unsure', title: fresh > 0 ? `Could not test everything; ${failures} so far` : 'Could not test' }
    case 'build-failed':
      return { tone: 'bad', title: 'The kernel or the VM does not build' }
    case 'cancelled':
      return { tone: 'unsure', title: fresh > 0 ? `Cancelled; ${failures} so far` : 'Cancelled' }
    default:
      return assertNever(record.conclusion.kind, 'conclusion')
  }
}

function countsOf(placement: Placement): readonly string[] {
  const { byPlace } = placement
  const counts: [number, string][] = [
    [placement.lost.length, 'lost'],
    [byPlace.new.length, placement.compared ? 'new' : 'failed'],
    [byPlace.known.length, 'known'],
    [byPlace.flaky.length, 'flaky'],
    [byPlace.notreached.length, 'not reached'],
    [byPlace.stale.length, 'stale xfail'],
    [byPlace.xfail.length, 'expected to fail'],
    [byPlace.pass.length + byPlace.stale.length, 'passed'],
    [byPlace.notrun.length, 'not run'],
    [byPlace.expunged.length, 'expunged'],
    [placement.fixed.length, 'fixed'],
    [placement.vanished.length, 'vanished'],
    [placement.newlyNotrun.length, 'newly not run'],
  ]
  return counts.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`)
}
