import type { EarlierVerdict } from './compared.js'
import type { Attempt, BaseVerdict, TestRecord } from './record.js'
import type { Section } from './section.js'
import { isFailure, isSevere, isWorse } from './verdict.js'

/** How a test went, as far as an excuse depends on it. */
export interface Verdict {
  readonly status: TestRecord['status']
  readonly flaky: boolean
  readonly attempts: readonly Pick<Attempt, 'status' | 'message' | 'reports'>[]
}

/** Bytes of a message kept for comparing. */
const LONGEST_MESSAGE = 500
/** Titles kept of one test: more are no help to anyone. */
const MOST_TITLES = 200

/** What later runs are told of a test's verdict. */
export function earlierVerdict({ status, flaky, attempts }: Verdict): EarlierVerdict {
  const deciding = attempts.find((attempt) => attempt.status === status) ?? attempts[0]
  const titles = attempts.flatMap(({ reports }) => reports.map(({ title }) => title))
  return {
    status,
    flaky,
    message: deciding?.message?.slice(0, LONGEST_MESSAGE) ?? null,
    reports: [...new Set(titles)].slice(0, MOST_TITLES),
  }
}

/**
 * True where a failure there excuses the one here: it failed at least as badly there (fail, timeout, crashed), each kernel report that
 * counts has one of the same title there, and what was flaky there excuses only what is flaky here.
 */
export function excuses(there: Pick<EarlierVerdict, 'status' | 'flaky' | 'reports'>, here: Verdict): boolean {
  if (!isFailure(there.status) || isWorse(here.status, there.status)) return false
  if (there.flaky && !here.flaky) return false
  const counting = here.attempts.flatMap(({ reports }) => reports.filter(isSevere))
  return counting.every(({ title }) => there.reports.includes(title))
}

/** The same of a run in a fresh VM of the base's own bundle. */
export function excusesOnBase(onBase: BaseVerdict, here: Verdict): boolean {
  return excuses(earlierVerdict({ ...onBase, flaky: false }), here)
}

/** True where two sections of one name are defined alike, so that what they say of a test can be compared. */
export function isSameSection(left: Section, right: Section): boolean {
  return definitionOf(left) === definitionOf(right)
}

/** What a section is, without what is said for people, how it is proven, and what came of it. */
function definitionOf(section: Section & Readonly<Record<string, unknown>>): string {
  const {
    description: _description,
    proof: _proof,
    kernelRelease: _release,
    platform: _platform,
    couldNotTest: _reason,
    ...definition
  } = section
  const sorted = Object.entries(definition).sort(([left], [right]) => (left < right ? -1 : 1))
  return JSON.stringify(sorted, (_key, value: unknown) => (isPlain(value) ? Object.fromEntries(Object.entries(value).sort()) : value))
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
