import type { LostTest } from '../domain/compared.js'
import type { Placement } from './buckets.js'

/** Lost tests that share a reason. */
export interface LostGroup {
  readonly reason: string
  readonly tests: readonly LostTest[]
}

/** Lost tests by their reasons, the most frequent first. */
export function lostGroups({ lost }: Pick<Placement, 'lost'>): readonly LostGroup[] {
  const groups = new Map<string, LostTest[]>()
  for (const test of lost) {
    const group = groups.get(test.reason)
    if (group === undefined) groups.set(test.reason, [test])
    else group.push(test)
  }
  return [...groups].map(([reason, tests]) => ({ reason, tests })).sort((left, right) => right.tests.length - left.tests.length)
}
