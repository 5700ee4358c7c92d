import type { TestRecord } from '../domain/record.js'
import type { Place } from './bucket.js'
import { decidingAttempt, type Placement } from './buckets.js'
import { differenceOf, headlineOf, tellingReports } from './evidence.js'
import { shortLine } from './foreign-text.js'

/** Tests that went wrong in one way. */
export interface Cause {
  /** What they have in common, for people. */
  readonly title: string
  /** Places in the placement's tests, two at least, in the plan's order. */
  readonly tests: readonly number[]
}

/** Places whose tests went wrong. */
const WRONG: ReadonlySet<Place> = new Set(['new', 'known', 'flaky', 'xfail'])

/**
 * Failures with one cause: the same title of a kernel report, else the same first differing line, else the same message of the suite.
 * The largest first.
 */
export function causesOf({ tests }: Pick<Placement, 'tests'>): readonly Cause[] {
  const byCause = new Map<string, number[]>()
  tests.forEach(({ test, place }, index) => {
    const cause = WRONG.has(place) ? causeOf(test) : null
    if (cause === null) return
    const known = byCause.get(cause)
    if (known === undefined) byCause.set(cause, [index])
    else known.push(index)
  })
  return [...byCause.values()]
    .filter((indices) => indices.length > 1)
    .map((indices) => ({ title: titleOf(tests[indices[0] ?? 0]?.test), tests: indices }))
    .sort((left, right) => right.tests.length - left.tests.length || (left.tests[0] ?? 0) - (right.tests[0] ?? 0))
}

const titleOf = (test: TestRecord | undefined): string => (test === undefined ? '' : shortLine(headlineOf(test), 300))

/** By this two failures have one cause; null where nothing says what it was: two tests that took too long have little in common. */
export function causeOf(test: TestRecord): string | null {
  const attempt = decidingAttempt(test)
  const reports = tellingReports(attempt)
  const report = reports.find(({ fatal }) => fatal) ?? reports[0]
  if (report !== undefined) return JSON.stringify(['report', report.title])
  if (attempt === null || test.status === 'timeout') return null
  const difference = differenceOf(attempt)
  if (difference !== null) return JSON.stringify(['difference', withoutParticulars(difference, test.name)])
  if (attempt.exit?.kind === 'panic') return JSON.stringify(['panic', withoutParticulars(attempt.exit.line, test.name)])
  return attempt.message && !SAYS_NOTHING.test(attempt.message)
    ? JSON.stringify(['message', withoutParticulars(attempt.message, test.name)])
    : null
}

/** What a suite says of any failure of a sort. */
const SAYS_NOTHING = /^(?:- )?output mismatch|^the guest died under this test|^failed$/

/** The text without what differs from test to test and run to run: the test's own name and number, addresses, process numbers. */
function withoutParticulars(text: string, name: string): string {
  const own = name.split('/').at(-1) ?? name
  return text
    .slice(0, 1000)
    .replaceAll(name, '#')
    .replaceAll(own === '' ? name : own, '#')
    .replace(/0x[0-9a-f]+|\b[0-9a-f]{8,}\b/gi, '#')
    .replace(/\b\d{4,}\b/g, '#')
}
