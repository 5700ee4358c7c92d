import { Aside, amended, isKeptAside } from '../domain/kept-aside.js'
import type { KernelReport } from '../domain/kernel-report.js'
import type { Attempt, TestRecord } from '../domain/record.js'
import type { Files } from '../ports/index.js'

/** Below this many characters a body costs no more than the note of where it lies. */
const WORTH_CHARACTERS = 512
/** A frame is some hundred characters. */
const WORTH_FRAMES = 4
const WORTH_SUBTESTS = 4

/** What keeps the bodies of evidence, in a directory; in memory where these files have no store, or nothing can be written there. */
export function keptAside(directory: string, { openTexts }: Pick<Files, 'openTexts'>): Aside {
  try {
    return new Aside(openTexts?.(directory) ?? null)
  } catch {
    return new Aside(null)
  }
}

/** The test with the bodies of its evidence kept aside. */
export function keepTest(test: TestRecord, aside: Aside): TestRecord {
  const { attempts, onBase } = test
  if (attempts.length === 0 && onBase === undefined) return test
  return {
    ...test,
    attempts: attempts.map((attempt) => keepAttempt(attempt, aside)),
    ...(onBase === undefined ? {} : { onBase: { ...onBase, attempts: onBase.attempts.map((attempt) => keepAttempt(attempt, aside)) } }),
  }
}

/** The attempt with its difference, the lines of its reports and its sub-tests kept aside where they are large. */
export function keepAttempt(attempt: Attempt, aside: Aside): Attempt {
  const isLong = !isKeptAside(attempt, 'diff') && attempt.diff !== null && attempt.diff.length >= WORTH_CHARACTERS
  const isMany = !isKeptAside(attempt, 'subtests') && attempt.subtests !== undefined && attempt.subtests.length >= WORTH_SUBTESTS
  const kept = aside.keep(attempt, [...(isLong ? (['diff'] as const) : []), ...(isMany ? (['subtests'] as const) : [])])
  return attempt.reports.length === 0 ? kept : amended(kept, { reports: attempt.reports.map((report) => keepReport(report, aside)) })
}

/** The report with its lines and frames kept aside where they are large. */
export function keepReport<R extends KernelReport>(report: R, aside: Aside): R {
  let characters = 0
  if (!isKeptAside(report, 'lines')) for (const line of report.lines) characters += line.length
  const isLong = characters >= WORTH_CHARACTERS
  const isDeep = !isKeptAside(report, 'frames') && report.frames.length >= WORTH_FRAMES
  return aside.keep(report, [...(isLong ? (['lines'] as const) : []), ...(isDeep ? (['frames'] as const) : [])])
}
