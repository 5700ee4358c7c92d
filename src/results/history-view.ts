import { closest } from 'fastest-levenshtein'
import { UserError } from '../domain/errors.js'
import { flakeRate } from '../domain/flake-rate.js'
import { median } from '../domain/median.js'
import type { TestStatus } from '../domain/test.js'
import { isFailure } from '../domain/verdict.js'
import type { History } from './history.js'

/** One run of a test, as `vmtest history` shows it. */
export interface HistoryRow {
  readonly runId: string
  readonly startedAt: string
  readonly kernelRelease: string | null
  readonly status: TestStatus
  readonly flaky: boolean
  readonly seconds: number | null
  readonly timeoutFactor: number
}

/** A test's past in one section. */
export interface TestPast {
  readonly suite: string
  readonly section: string
  readonly name: string
  /** Newest last. */
  readonly rows: readonly HistoryRow[]
  readonly failures: number
  /** Share of the runs that were flaky or turned to the other verdict from the run before, 0 to 1. */
  readonly flakeRate: number
  /** Of the runs that ended by themselves under the newest run's accelerator; null without one. */
  readonly medianSeconds: number | null
}

/** @param word a test's name, or `SUITE:NAME` @throws UserError where no section knows the test */
export function testPast(history: History, word: string): readonly TestPast[] {
  const found = history.tests.filter(({ suite, name }) => name === word || `${suite}:${name}` === word)
  if (found.length > 0) return found.map((test) => describePast(history, test))
  const names = [...new Set(history.tests.map((test) => test.name))]
  const hint =
    names.length === 0 ? 'The history is empty: it is written at the end of a run.' : `The nearest name is \`${closest(word, names)}\`.`
  throw new UserError(`the history knows no test \`${word}\`.`, hint)
}

function describePast(history: History, test: History['tests'][number]): TestPast {
  const rows = test.samples.flatMap(([place, status, seconds, flaky]): HistoryRow[] => {
    const run = history.runs[place]
    if (run === undefined) return []
    const { id, startedAt, kernelRelease, timeoutFactor } = run
    return [{ runId: id, startedAt, kernelRelease, status, flaky: flaky === 1, seconds, timeoutFactor }]
  })
  return {
    suite: test.suite,
    section: test.section,
    name: test.name,
    rows,
    failures: rows.filter((row) => isFailure(row.status) && !row.flaky).length,
    flakeRate: flakeRate(rows),
    medianSeconds: medianSeconds(rows),
  }
}

function medianSeconds(rows: readonly HistoryRow[]): number | null {
  const factor = rows.at(-1)?.timeoutFactor
  const times = rows
    .filter((row) => row.timeoutFactor === factor && (row.status === 'pass' || row.status === 'fail'))
    .flatMap((row) => row.seconds ?? [])
  return median(times)
}

/** The text of `vmtest history TEST`. */
export function renderPast(pasts: readonly TestPast[]): string {
  const ofSeveralSuites = new Set(pasts.map(({ suite }) => suite)).size > 1
  return `${pasts.map((past) => renderOne(past, ofSeveralSuites)).join('\n\n')}\n`
}

function renderOne(past: TestPast, ofSeveralSuites: boolean): string {
  const rate = `${Math.round(past.flakeRate * 100)} %`
  const usual = past.medianSeconds === null ? 'no time known' : `median ${past.medianSeconds} s`
  const head = `${ofSeveralSuites ? `${past.suite}.` : ''}${past.section} ${past.name}: ${past.rows.length} ${past.rows.length === 1 ? 'run' : 'runs'}, ${past.failures} failed, flaky ${rate}, ${usual}`
  const lines = past.rows.map((row) => {
    const status = row.flaky ? 'flaky' : row.status
    const seconds = row.seconds === null ? '–' : `${row.seconds} s`
    const slow = row.timeoutFactor === 1 ? '' : '  (emulated)'
    return `  ${row.startedAt.slice(0, 16).replace('T', ' ')}  ${status.padEnd(10)} ${seconds.padStart(8)}  ${row.kernelRelease ?? 'unknown kernel'}${slow}`
  })
  return [head, ...lines].join('\n')
}
