import type { TestStatus } from '../../domain/test.js'
import type { Place } from '../bucket.js'

/**
 * What the page's script reads: one object for the run, and for each test worth it one more, parsed only when it is opened.
 * Columns instead of objects where there is one entry per test: 50 000 tests are then some megabytes and parse in an instant.
 */

export interface PageData {
  readonly verdict: { readonly tone: 'good' | 'bad' | 'unsure'; readonly title: string; readonly reason: string }
  readonly run: { readonly id: string; readonly startedAt: string; readonly seconds: number | null; readonly accelerator: string }
  /** False: there was no baseline, and every failure is called new. */
  readonly compared: boolean
  readonly sections: readonly PageSection[]
  readonly tests: TestColumns
  readonly guests: readonly PageGuest[]
  readonly spans: SpanColumns
  readonly facts: readonly (readonly [string, string])[]
  /** What was tested, and what it is compared with: name, value, and the page to open. */
  readonly tested: readonly PageFact[]
  /** Failures with one cause; places in the columns of `tests`, two at least. */
  readonly causes: readonly { readonly title: string; readonly tests: readonly number[] }[]
  /** Earlier runs that some test's history names. */
  readonly pastRuns: readonly PagePastRun[]
  readonly problems: readonly string[]
  /** What the tests made of the change's lines; null: nothing was counted. */
  readonly coverage: {
    readonly head: string
    readonly unreached: readonly string[]
    readonly rows: readonly {
      readonly place: string
      readonly ran: string
      readonly text: string
      readonly what: string
      readonly state: string
    }[]
  } | null
  readonly disagreements: readonly { readonly test: string; readonly section: string; readonly said: string; readonly taken: string }[]
  readonly reasons: readonly { readonly reason: string; readonly now: number; readonly before: number | null }[]
  readonly cache: readonly PageCacheEntry[]
  /** Kernel reports no test owns. */
  readonly outside: readonly PageReport[]
  /** Tests that the compared record has a verdict on and this run lost, by their reasons. */
  readonly lost: readonly { readonly reason: string; readonly tests: readonly string[] }[]
  /** Which record this run is compared with; '' for none. */
  readonly comparedWith: string
  readonly vanished: readonly { readonly suite: string; readonly section: string; readonly name: string }[]
  /** Tests whose details were left out to keep the page small. */
  readonly withoutDetails: number
}

export interface PageFact {
  readonly name: string
  readonly value: string
  readonly link: string | null
}

export interface PagePastRun {
  /** ISO 8601. */
  readonly startedAt: string
  readonly kernel: string
  readonly commit: string
}

export interface PageSection {
  readonly name: string
  readonly suite: string
  /** The first of its settings: of fstests the file system. */
  readonly kind: string
  readonly options: string
  readonly kernel: string
  readonly couldNotTest: string | null
}

export type Change = '' | 'fixed' | 'newly not run'

/** One entry per test in every column, in the plan's order. */
export interface TestColumns {
  readonly name: readonly string[]
  /** Index into `sections`. */
  readonly section: readonly number[]
  readonly place: readonly Place[]
  readonly status: readonly TestStatus[]
  /** Milliseconds of the deciding attempt. */
  readonly ms: readonly (number | null)[]
  /** Median of earlier passes. */
  readonly usualMs: readonly (number | null)[]
  /** One line: what is wrong, or why it did not run. */
  readonly note: readonly string[]
  readonly change: readonly Change[]
  /** Earlier verdicts of a test that is not simply passed, a letter each (`pastLetters`), oldest first; '' else. */
  readonly past: readonly string[]
}

/** One entry per attempt that has a time and a guest. Milliseconds count from the run's start. */
export interface SpanColumns {
  readonly test: readonly number[]
  readonly guest: readonly number[]
  readonly startMs: readonly number[]
  readonly ms: readonly number[]
  readonly status: readonly string[]
}

export interface PageGuest {
  readonly id: number
  readonly startMs: number
  readonly endMs: number
  /** When the agent asked for work. */
  readonly readyMs: number | null
  readonly exit: string
  readonly tone: 'good' | 'bad'
  readonly console: string
}

export interface PageCacheEntry {
  readonly layer: string
  readonly outcome: string
  readonly detail: string
  readonly bytes: number | null
  readonly restoreSeconds: number | null
  readonly saveSeconds: number | null
  readonly savedSeconds: number | null
}

/** One test's details: element `t` and the test's index. */
export interface PageDetail {
  readonly source: string | null
  readonly reproduce: string
  readonly reason: string | null
  readonly expected: { readonly reason: string; readonly link: string | null } | null
  readonly attempts: readonly PageAttempt[]
  /** What running it again on the base's bundle showed, and how it went there. */
  readonly base: { readonly said: string; readonly attempts: readonly PageAttempt[] } | null
  /** Earlier runs, oldest first. */
  readonly history: readonly PagePast[]
  /** How it did before, as a sentence without its full stop; '' where nothing is known. */
  readonly past: string
}

/** Status (`flaky` too), milliseconds, and the run as a place in `pastRuns`. */
export type PagePast = readonly [TestStatus | 'flaky', number | null, number | null]

export interface PageAttempt {
  readonly status: TestStatus
  readonly seconds: number | null
  readonly guest: number | null
  readonly message: string | null
  readonly exit: string | null
  readonly diff: string | null
  readonly reports: readonly PageReport[]
  /** What the guest's memory says of its end. */
  readonly explanation: string | null
  /** Kind and path relative to the page. */
  readonly logs: readonly (readonly [string, string])[]
  /** What the kernel logged while it ran. */
  readonly kernelLog: { readonly firstLine: number; readonly text: string } | null
}

export interface PageReport {
  readonly title: string
  readonly kind: string
  readonly fatal: boolean
  readonly provoked: boolean
  readonly firstLine: number
  readonly lastLine: number
  /** Function and place in the source, decoded frames only. */
  readonly frames: readonly (readonly [string, string])[]
  readonly log: string
}
