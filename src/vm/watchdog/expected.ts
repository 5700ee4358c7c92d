import type { Catalogue, TestId } from '../../domain/test.js'
import type { TimeTable } from './history.js'

/**
 * Seconds under KVM that a test without history is taken for: fstests' group `quick` means under 30 s, `auto` under five minutes
 * (doc/group-names.txt), and the mean of an executed auto test is about 20 s. Only for dividing work: no limit rests on it.
 */
const BY_GROUP: readonly { readonly group: string; readonly seconds: number }[] = [
  { group: 'soak', seconds: 300 },
  { group: 'stress', seconds: 120 },
  { group: 'quick', seconds: 8 },
  { group: 'auto', seconds: 40 },
]
const WITHOUT_GROUP_SECONDS = 60

/** The expected time of tests, by history or by group. */
export function createExpectation(catalogues: readonly Catalogue[], times: TimeTable, timeoutFactor: number): (test: TestId) => number {
  const groups = new Map(catalogues.map(({ suite, tests }) => [suite, new Map(tests.map((test) => [test.name, new Set(test.groups)]))]))
  return (test) => {
    const known = times.known(test)
    if (known !== null) return known.medianSeconds * (known.foreign ? timeoutFactor : 1)
    const mine = groups.get(test.suite)?.get(test.name)
    const guess = BY_GROUP.find(({ group }) => mine?.has(group))?.seconds ?? WITHOUT_GROUP_SECONDS
    return guess * timeoutFactor
  }
}
