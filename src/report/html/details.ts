import type { KernelReport } from '../../domain/kernel-report.js'
import type { Attempt, TestRecord } from '../../domain/record.js'
import { describeBase } from '../base.js'
import type { Rendered } from '../context.js'
import { exitLine, explanationOf, pointerTo } from '../evidence.js'
import { byteLength, cutMiddle, shortLine, visible, visibleLine } from '../foreign-text.js'
import type { PageAttempt, PageDetail, PageReport } from './page-data.js'

/** Everything the page shows of one test, its texts within a number of UTF-8 bytes. */
export function pageDetail(test: TestRecord, rendered: Rendered, maxBytes: number): PageDetail {
  const onBase = test.onBase?.attempts ?? []
  const room = Math.floor(maxBytes / Math.max(1, test.attempts.length + onBase.length))
  const said = describeBase(test)
  return {
    source: test.file === undefined ? null : visibleLine(`${test.file}${test.line === undefined ? '' : `:${test.line}`}`),
    reproduce: shortLine(rendered.reproduce(test), 4096),
    reason: test.reason === null ? null : shortLine(test.reason, 2000),
    expected:
      test.expectedFailure === null
        ? null
        : { reason: shortLine(test.expectedFailure.reason, 2000), link: webLink(test.expectedFailure.link) },
    attempts: test.attempts.map((attempt) => pageAttempt(attempt, room, explanationOf(attempt, rendered.record))),
    base: said === null ? null : { said, attempts: onBase.map((attempt) => pageAttempt(attempt, room, null)) },
    history: rendered
      .history(test)
      .slice(-HISTORY_POINTS)
      .map((point) => [point.status, point.seconds === null ? null : Math.round(point.seconds * 1000)] as const),
  }
}

const HISTORY_POINTS = 40

/** Only what a click may open: a link of another scheme is shown as no link at all. */
const webLink = (link: string | undefined): string | null =>
  link !== undefined && /^https?:\/\/[^\s]+$/i.test(link) ? visibleLine(link) : null

function pageAttempt(attempt: Attempt, wholeBytes: number, explanation: string | null): PageAttempt {
  const pointer = pointerTo(attempt)
  const said = explanation === null ? null : limited(explanation, Math.floor(wholeBytes / 3), pointer)
  const maxBytes = wholeBytes - (said === null ? 0 : byteLength(said))
  const half = Math.floor(maxBytes / 2)
  const diff = attempt.diff === null ? null : limited(attempt.diff, half, pointer)
  const room = maxBytes - (diff === null ? 0 : byteLength(diff))
  return {
    status: attempt.status,
    seconds: attempt.durationSeconds,
    guest: attempt.guest,
    message: attempt.message === null ? null : limited(attempt.message, 4096, pointer),
    exit: attempt.exit === null || attempt.exit.kind === 'poweroff' ? null : exitLine(attempt.exit, 2000),
    diff,
    reports: pageReports(attempt.reports, room, pointer),
    explanation: said,
    logs: Object.entries(attempt.logs)
      .slice(0, 16)
      .map(([kind, path]) => [shortLine(kind, 40), visibleLine(path)] as const),
  }
}

const MAX_REPORTS = 20

/** Reports share the room; those beyond the first twenty are in the log. */
export function pageReports(reports: readonly KernelReport[], maxBytes: number, pointer: string): readonly PageReport[] {
  const shown = reports.slice(0, MAX_REPORTS)
  const room = Math.floor(maxBytes / Math.max(1, shown.length))
  return shown.map((report) => ({
    title: shortLine(report.title, 300),
    kind: report.kind,
    fatal: report.fatal,
    provoked: report.provoked,
    firstLine: report.firstLine,
    lastLine: report.lastLine,
    frames: report.frames
      .filter((frame) => frame.file !== undefined)
      .slice(0, 64)
      .map((frame) => {
        const name = shortLine(frame.function ?? frame.symbol, 120)
        const where = shortLine(`${frame.file}${frame.line === undefined ? '' : `:${frame.line}`}`, 200)
        return [frame.inlined ? `${name} (inlined)` : name, where] as const
      }),
    log: limited(joinLines(report.lines, room * 2), room, pointer),
  }))
}

function joinLines(lines: readonly string[], maxCharacters: number): string {
  const taken: string[] = []
  let length = 0
  for (const line of lines) {
    if (length > maxCharacters) break
    taken.push(line)
    length += line.length + 1
  }
  return taken.join('\n')
}

/** Cut before and after making it visible: that can only make text longer. */
const limited = (text: string, maxBytes: number, pointer: string): string =>
  cutMiddle(visible(cutMiddle(text, maxBytes, pointer)), maxBytes, pointer)
