import { describeExit } from '../../domain/exit.js'
import { type KernelReport, titleInFull } from '../../domain/kernel-report.js'
import type { Attempt, TestRecord } from '../../domain/record.js'
import { describeBase } from '../base.js'
import type { LogPart, Rendered } from '../context.js'
import { exitLine, explanationOf, pointerTo } from '../evidence.js'
import { byteLength, cutMiddle, isPlain, shortLine, visible, visibleLine } from '../foreign-text.js'
import { describePast } from '../past.js'
import { webLink } from '../web-link.js'
import type { PageAttempt, PageDetail, PageReport } from './page-data.js'
import type { PastRuns } from './past-runs.js'

export interface DetailOptions {
  readonly maxBytes: number
  /** Takes the runs that the test's history names. */
  readonly pastRuns: PastRuns
}

/** Everything the page shows of one test, its texts within a number of UTF-8 bytes. */
export function pageDetail(test: TestRecord, rendered: Rendered, { maxBytes, pastRuns }: DetailOptions): PageDetail {
  const points = rendered.history(test)
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
    attempts: test.attempts.map((attempt, index) =>
      pageAttempt(attempt, room, { explanation: explanationOf(attempt, rendered.record), log: rendered.kernelLog(test, index) }),
    ),
    base: said === null ? null : { said, attempts: onBase.map((attempt) => pageAttempt(attempt, room, { explanation: null, log: null })) },
    history: points.slice(-HISTORY_POINTS).map((point) => pastRuns.past(point)),
    past: describePast(points),
  }
}

const HISTORY_POINTS = 40

function pageAttempt(
  attempt: Attempt,
  wholeBytes: number,
  { explanation, log }: { readonly explanation: string | null; readonly log: LogPart | null },
): PageAttempt {
  const pointer = pointerTo(attempt)
  const said = explanation === null ? null : limited(explanation, Math.floor(wholeBytes / 3), pointer)
  const maxBytes = wholeBytes - (said === null ? 0 : byteLength(said))
  const half = Math.floor(maxBytes / 2)
  const diff = attempt.diff === null ? null : limited(attempt.diff, half, pointer)
  const room = maxBytes - (diff === null ? 0 : byteLength(diff))
  const ownReports = attempt.reports.length > 0
  return {
    status: attempt.status,
    seconds: attempt.durationSeconds,
    guest: attempt.guest,
    message: attempt.message === null || repeatsItsEnd(attempt) ? null : limited(attempt.message, 4096, pointer),
    exit: attempt.exit === null || attempt.exit.kind === 'poweroff' || isInReport(attempt) ? null : exitLine(attempt.exit, 2000),
    diff,
    reports: pageReports(attempt.reports, log === null ? room : Math.floor(room * 0.7), pointer),
    explanation: said,
    logs: Object.entries(attempt.logs)
      .slice(0, 16)
      .map(([kind, path]) => [logName(kind), visibleLine(path)] as const),
    kernelLog:
      log === null
        ? null
        : { firstLine: log.firstLine, text: limited(log.lines.join('\n'), Math.floor(room * (ownReports ? 0.25 : 0.45)), pointer) },
  }
}

/** How the guest ended is said once: not as the suite's message too. */
const repeatsItsEnd = ({ message, exit }: Attempt): boolean =>
  exit !== null && message !== null && describeExit(exit).startsWith(message.trim())

/** A panic whose report is shown is not told again in the words of its end. */
const isInReport = ({ exit, reports }: Attempt): boolean => exit?.kind === 'panic' && reports.some(({ fatal }) => fatal)

const LOG_NAMES: Readonly<Record<string, string>> = {
  outBad: 'what it printed',
  full: 'its full log',
  dmesg: 'kernel log while it ran',
  console: 'console of the VM',
  stdout: 'what the suite printed',
}

/** What a log is, for people; kinds of other suites as they call them. */
const logName = (kind: string): string => (Object.hasOwn(LOG_NAMES, kind) ? (LOG_NAMES[kind] ?? '') : shortLine(kind, 40))

const MAX_REPORTS = 20

/** Reports share the room; those beyond the first twenty are in the log. */
export function pageReports(reports: readonly KernelReport[], maxBytes: number, pointer: string): readonly PageReport[] {
  const shown = reports.slice(0, MAX_REPORTS)
  const room = Math.floor(maxBytes / Math.max(1, shown.length))
  return shown.map((report) => ({
    title: shortLine(titleInFull(report), 300),
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
  text.length <= maxBytes && isPlain(text) ? text : cutMiddle(visible(cutMiddle(text, maxBytes, pointer)), maxBytes, pointer)
