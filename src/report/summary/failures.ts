import { type KernelReport, titleInFull } from '../../domain/kernel-report.js'
import type { TestRecord } from '../../domain/record.js'
import { sectionName } from '../../domain/test-key.js'
import { describeBase } from '../base.js'
import { decidingAttempt } from '../buckets.js'
import type { Rendered } from '../context.js'
import {
  describeFrame,
  exitLine,
  explanationOf,
  headlineOf,
  logPaths,
  pointerTo,
  reportText,
  tellingReports,
  topFrames,
} from '../evidence.js'
import { cutMiddle, shortLine, visible } from '../foreign-text.js'
import type { Detail } from './detail.js'
import { code, count, details, fenced, htmlCode, prose } from './markdown.js'

/** The failures a reader must act on, each with all that is needed to do so. */
export function newFailures(rendered: Rendered, detail: Detail): string {
  const failures = rendered.placement.byPlace.new
  if (failures.length === 0) return ''
  const shown = failures.slice(0, detail.failures).map((test) => failure(test, rendered, detail))
  const title = rendered.placement.compared ? 'New failures' : 'Failures'
  return `### ${title}\n\n${shown.join('')}${rest(failures.slice(detail.failures), rendered, detail)}`
}

function failure(test: TestRecord, rendered: Rendered, detail: Detail): string {
  const attempt = decidingAttempt(test)
  const again = test.attempts.length > 1 ? `, ${test.attempts.length} attempts` : ''
  const parts = [
    `#### ${code(shortLine(test.name, 120))} on ${code(sectionName(test, rendered.record))}: ${test.status}${again}\n\n`,
    `**${code(headlineOf(test))}**\n\n`,
  ]
  const base = describeBase(test)
  if (base !== null) parts.push(`It ${code(base)}.\n\n`)
  const reports = tellingReports(attempt)
  const frames = reports[0] === undefined ? [] : topFrames(reports[0], detail.frames)
  if (frames.length > 0) parts.push(`${fenced(frames.map(describeFrame).join('\n'), 'text')}\n`)
  const headline = headlineOf(test)
  if (attempt?.message && !headline.startsWith('output mismatch') && shortLine(attempt.message, 300) !== headline)
    parts.push(`${code(shortLine(attempt.message, 500))}\n\n`)
  if (attempt?.exit && attempt.exit.kind !== 'poweroff' && exitLine(attempt.exit, 300) !== headline)
    parts.push(`Guest: ${code(exitLine(attempt.exit, 500))}\n\n`)
  parts.push(fenced(shortLine(rendered.reproduce(test), 2000), 'sh'), '\n')
  if (attempt?.diff && detail.diffBytes > 0) {
    const diff = cutMiddle(visible(cutMiddle(attempt.diff, detail.diffBytes, pointerTo(attempt))), detail.diffBytes * 2, pointerTo(attempt))
    parts.push(details('Difference from the golden output', fenced(diff, 'diff')))
  }
  if (detail.reportBytes > 0)
    for (const report of reports.slice(0, detail.reportsPerFailure)) parts.push(kernelReport(report, detail, pointerTo(attempt)))
  if (reports.length > detail.reportsPerFailure)
    parts.push(`${count(reports.length - detail.reportsPerFailure, 'more kernel report')} in the log.\n\n`)
  const explanation = explanationOf(attempt, rendered.record)
  if (explanation !== null && detail.explanationBytes > 0) parts.push(memorySays(explanation, detail, pointerTo(attempt)))
  const logs = logPaths(attempt).slice(0, 6)
  if (logs.length > 0) parts.push(`Logs: ${logs.map((path) => code(shortLine(path, 300))).join(' · ')}\n\n`)
  return parts.join('')
}

/** What the memory of the guest says, folded: it is as foreign as the guest. */
function memorySays(explanation: string, { explanationBytes }: Detail, pointer: string): string {
  const text = cutMiddle(visible(cutMiddle(explanation, explanationBytes, pointer)), explanationBytes, pointer)
  return details('From the guest’s memory: who crashed, who waits for whom', fenced(text, 'text'))
}

/** One kernel report, folded. */
export function kernelReport(report: KernelReport, detail: Detail, pointer: string): string {
  const title = `Kernel log: ${htmlCode(shortLine(titleInFull(report), 200))} (console lines ${report.firstLine} to ${report.lastLine})`
  const text = boundedText(reportText(report), detail.reportBytes * 4)
  return details(title, fenced(cutMiddle(text, detail.reportBytes, pointer), 'text'))
}

function boundedText(parts: Iterable<string>, maxCharacters: number): string {
  let text = ''
  for (const part of parts) {
    text += part.length > maxCharacters ? part.slice(0, maxCharacters) : part
    if (text.length >= maxCharacters) break
  }
  return text
}

function rest(tests: readonly TestRecord[], rendered: Rendered, detail: Detail): string {
  if (tests.length === 0) return ''
  return details(`And ${count(tests.length, 'more failure')}`, testList(tests, rendered, detail))
}

/** Tests as a list, one line each, with what is wrong; `and N more` where there are too many. */
export function testList(
  tests: readonly TestRecord[],
  rendered: Rendered,
  detail: Detail,
  /** A clause more of a test. */
  clause: (test: TestRecord) => string | null = () => null,
): string {
  const clauseOf = (test: TestRecord) => {
    const text = clause(test)
    return text === null ? '' : `; ${code(text)}`
  }
  const lines = tests
    .slice(0, detail.listed)
    .map(
      (test) =>
        `- ${code(shortLine(test.name, 120))} on ${code(sectionName(test, rendered.record))}: ${code(headlineOf(test))}${clauseOf(test)}${baseClause(test)}\n`,
    )
  return lines.join('') + more(tests.length, detail.listed)
}

function baseClause(test: TestRecord): string {
  const base = describeBase(test)
  return base === null ? '' : `; ${code(base)}`
}

/** Tests that share a reason or link, one line each. */
export function expectationList(tests: readonly TestRecord[], rendered: Rendered, detail: Detail): string {
  const lines = tests.slice(0, detail.listed).map((test) => {
    const expected = test.expectedFailure
    const link = expected?.link === undefined ? '' : `, ${code(shortLine(expected.link, 300))}`
    return `- ${code(shortLine(test.name, 120))} on ${code(sectionName(test, rendered.record))}: ${prose(shortLine(expected?.reason ?? '', 300))}${link}\n`
  })
  return lines.join('') + more(tests.length, detail.listed)
}

export const more = (total: number, shown: number): string => (total > shown ? `- and ${total - shown} more\n` : '')
