import type { Catalogue, CatalogueTest, SuiteName, TestId } from '../../domain/test.js'
import type { TimeTable } from './history.js'

/** Seconds under KVM for a test that no catalogue has. */
const UNKNOWN_SECONDS = 60

export interface ExpectationOptions {
  readonly catalogues: readonly Catalogue[]
  readonly times: TimeTable
  readonly timeoutFactor: number
  /** What a suite takes a test for that has no history, in seconds under KVM. */
  readonly guess: (suite: SuiteName, test: CatalogueTest) => number
}

/** The expected time of tests, by history or as their suite guesses it. Only for dividing work: no limit rests on it. */
export function createExpectation({ catalogues, times, timeoutFactor, guess }: ExpectationOptions): (test: TestId) => number {
  const tests = new Map(catalogues.map((catalogue) => [catalogue.suite, new Map(catalogue.tests.map((test) => [test.name, test]))]))
  return (id) => {
    const known = times.known(id)
    if (known !== null) return known.medianSeconds * (known.foreign ? timeoutFactor : 1)
    const test = tests.get(id.suite)?.get(id.name)
    return (test === undefined ? UNKNOWN_SECONDS : guess(id.suite, test)) * timeoutFactor
  }
}
