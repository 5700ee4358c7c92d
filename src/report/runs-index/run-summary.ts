import type { RunRecord, TestRecord } from '../../domain/record.js'
import type { Comparison } from '../../domain/stages.js'
import { sectionName, testKey } from '../../domain/test-key.js'
import { isFailure } from '../../domain/verdict.js'
import { placeTests } from '../buckets.js'
import { headlineOf } from '../evidence.js'
import { shortLine } from '../foreign-text.js'
import { commitName } from '../known.js'

import { type Verdict, verdictOf } from '../verdict.js'

/** How a test went in a run, as the index keeps it: nothing at all is `0`. */
export const WENT = { crashed: 4, declined: 6, fail: 2, flaky: 5, nothing: 0, pass: 1, timeout: 3 } as const
export type Went = (typeof WENT)[keyof typeof WENT]

/** What an index keeps of a run: little, however large its record is. */
export interface RunSummary {
  readonly runId: string
  /** Of the run, relative to the index. */
  readonly directory: string
  /** Whether a page is there to be opened. */
  readonly hasPage: boolean
  readonly startedAt: string
  readonly seconds: number | null
  readonly verdict: Verdict
  /** The line of development it is of. */
  readonly line: string
  /** The branch that a change on its way in goes to; '' for a branch's own run. */
  readonly into: string
  readonly commit: string
  readonly subject: string
  readonly pullRequest: string
  readonly kernel: string
  readonly counts: { readonly new: number; readonly known: number; readonly flaky: number; readonly passed: number; readonly tests: number }
  readonly sections: readonly SectionSummary[]
  /** By the test's number in the shared table. */
  readonly went: Uint8Array
  /** What was wrong, by the test's number; of failures only. */
  readonly headlines: ReadonlyMap<number, string>
}

export interface SectionSummary {
  readonly name: string
  readonly failures: number
  readonly tests: number
  readonly couldNotTest: boolean
}

/** Every test of every run, numbered: a run then costs a byte a test. */
export class TestTable {
  readonly names: { readonly section: string; readonly name: string }[] = []
  readonly #numbers = new Map<string, number>()

  number(test: TestRecord, record: RunRecord): number {
    const key = testKey(test)
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.names.length)
    this.names.push({ section: sectionName(test, record), name: test.name })
    return this.names.length - 1
  }
}

const LONGEST = 200

export interface SummaryOptions {
  readonly directory: string
  readonly hasPage: boolean
  readonly table: TestTable
}

/** Reduces a record to its summary. */
export function summarizeRun(record: RunRecord, comparison: Comparison | null, { directory, hasPage, table }: SummaryOptions): RunSummary {
  const placement = placeTests(record, comparison)
  const { byPlace } = placement
  const numbers = record.tests.map((test) => table.number(test, record))
  const went = new Uint8Array(table.names.length)
  const headlines = new Map<number, string>()
  record.tests.forEach((test, index) => {
    const number = numbers[index] ?? 0
    went[number] = wentOf(test)
    if (isFailure(test.status)) headlines.set(number, shortLine(headlineOf(test), LONGEST))
  })
  const seconds = (Date.parse(record.endedAt) - Date.parse(record.startedAt)) / 1000
  const { tested } = record
  const commit = (record.commit ?? record.kernelCommit ?? '').replace(/-dirty$/, '')
  return {
    runId: shortLine(record.runId, LONGEST),
    directory,
    hasPage,
    startedAt: record.startedAt,
    seconds: Number.isFinite(seconds) ? seconds : null,
    verdict: verdictOf(record, placement),
    line: shortLine(lineOf(record), LONGEST),
    into: shortLine(tested?.pullRequest?.into ?? '', LONGEST),
    commit: commit === '' ? '' : commitName(commit),
    subject: shortLine(tested?.subject ?? '', LONGEST),
    pullRequest: tested?.pullRequest === undefined ? '' : shortLine(`#${tested.pullRequest.number} ${tested.pullRequest.title}`, LONGEST),
    kernel: shortLine(record.sections.find(({ kernelRelease }) => kernelRelease !== null)?.kernelRelease ?? '', LONGEST),
    counts: {
      new: byPlace.new.length,
      known: byPlace.known.length,
      flaky: byPlace.flaky.length,
      passed: byPlace.pass.length + byPlace.stale.length,
      tests: record.tests.length,
    },
    sections: record.sections.map((section) => {
      const own = placement.tests.filter(({ test }) => test.suite === section.suite && test.section === section.name)
      return {
        name: shortLine(sectionName({ suite: section.suite, section: section.name }, record), 120),
        failures: own.filter(({ place }) => place === 'new' || place === 'known').length,
        tests: own.filter(({ test }) => wentOf(test) !== WENT.nothing).length,
        couldNotTest: section.couldNotTest !== null,
      }
    }),
    went,
    headlines,
  }
}

/** The line of development a run is of: what broke is told along one. A change on its way in has its own. */
function lineOf({ tested, workflow }: RunRecord): string {
  if (tested?.pullRequest !== undefined) return `pull request #${tested.pullRequest.number}`
  if (tested?.series !== undefined) return `series ${tested.series.subject}`
  return tested?.branch ?? workflow?.ref.replace(/^refs\/heads\//, '') ?? ''
}

function wentOf(test: TestRecord): Went {
  if (test.flaky) return WENT.flaky
  switch (test.status) {
    case 'pass':
    case 'fail':
    case 'timeout':
    case 'crashed':
      return WENT[test.status]
    case 'notrun':
    case 'expunged':
      return WENT.declined
    case 'notreached':
      return WENT.nothing
  }
}
