import type { LostTest } from '../domain/compared.js'
import { assertNever } from '../domain/errors.js'
import type { Attempt, RunRecord, TestRecord } from '../domain/record.js'
import type { ComparedTest, Comparison } from '../domain/stages.js'
import { testKey } from '../domain/test-key.js'
import { countsAsFailure, isFailure, isStaleExpectation } from '../domain/verdict.js'
import type { Place } from './bucket.js'

/** A test with its place. */
export interface PlacedTest {
  readonly test: TestRecord
  readonly place: Place
}

/** A record's tests, each in its place, and what only the comparison knows. */
export interface Placement {
  readonly compared: boolean
  /** In the plan's order. */
  readonly tests: readonly PlacedTest[]
  readonly byPlace: Readonly<Record<Place, readonly TestRecord[]>>
  readonly fixed: readonly ComparedTest[]
  readonly vanished: readonly ComparedTest[]
  readonly newlyNotrun: readonly ComparedTest[]
  /** Tests that the compared record has a verdict on and this run lost. */
  readonly lost: readonly LostTest[]
  /** The like that do not count. */
  readonly gone: readonly LostTest[]
  readonly comparison: Comparison | null
}

/** Puts every test of a record in its place. Without a comparison every failure is `new`. */
export function placeTests(record: RunRecord, comparison: Comparison | null): Placement {
  const known = new Set(comparison?.knownFailures.map(testKey))
  const byPlace: Record<Place, TestRecord[]> = {
    new: [],
    known: [],
    flaky: [],
    xfail: [],
    stale: [],
    pass: [],
    notrun: [],
    expunged: [],
    notreached: [],
  }
  const tests = record.tests.map((test) => {
    const place = placeOf(test, known)
    byPlace[place].push(test)
    return { test, place }
  })
  return {
    compared: comparison !== null,
    tests,
    byPlace,
    fixed: comparison?.fixed ?? [],
    vanished: comparison?.vanished ?? [],
    newlyNotrun: comparison?.newlyNotrun ?? [],
    lost: comparison?.lost ?? [],
    gone: comparison?.gone ?? [],
    comparison,
  }
}

/** A failure the comparison does not list as known is new: when in doubt it is shown. */
function placeOf(test: TestRecord, known: ReadonlySet<string>): Place {
  switch (test.status) {
    case 'pass':
      return isStaleExpectation(test) ? 'stale' : 'pass'
    case 'fail':
    case 'crashed':
    case 'timeout':
      if (countsAsFailure(test)) return known.has(testKey(test)) ? 'known' : 'new'
      return test.flaky ? 'flaky' : 'xfail'
    case 'notrun':
    case 'expunged':
    case 'notreached':
      return test.status
    default:
      return assertNever(test.status, 'test status')
  }
}

/** The attempt that made the verdict: the first (it stands), or null for a test that never started. */
export function decidingAttempt(test: TestRecord): Attempt | null {
  return test.attempts.find((attempt) => attempt.status === test.status) ?? test.attempts[0] ?? null
}

/** Attempts after the deciding one that failed as well. */
export function failedReruns(test: TestRecord): readonly Attempt[] {
  const deciding = decidingAttempt(test)
  return test.attempts.filter((attempt) => attempt !== deciding && isFailure(attempt.status))
}
