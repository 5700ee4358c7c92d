import { describeExit, lastWords } from '../domain/exit.js'
import { isKeptAside, keptBytes, keptJson } from '../domain/kept-aside.js'
import { type Frame, type KernelReport, titleInFull } from '../domain/kernel-report.js'
import type { Attempt, RunRecord, TestRecord } from '../domain/record.js'
import type { VmExit } from '../domain/vm-run.js'
import { decidingAttempt } from './buckets.js'
import { byteLength, cutMiddle, headBytes, isPlain, shortLine, visible, visibleLine } from './foreign-text.js'

/** The reports of an attempt that say something: those a test provokes on purpose are left out. */
export function tellingReports(attempt: Attempt | null): readonly KernelReport[] {
  return attempt?.reports.filter((report) => !report.provoked) ?? []
}

/** One line that names what is wrong with a test: the kernel's title, else what the suite said, else the status. */
export function headlineOf(test: TestRecord): string {
  const attempt = decidingAttempt(test)
  const reports = tellingReports(attempt)
  const report = reports.find((each) => each.fatal) ?? reports[0]
  if (report !== undefined) return shortLine(report.title, 300)
  if (attempt?.message) return withDifference(shortLine(attempt.message, 300).replace(/^- /, ''), attempt)
  if (attempt?.exit) return exitLine(attempt.exit, 300)
  if (test.reason !== null) return shortLine(test.reason, 300)
  if (attempt !== null && hasDifference(attempt)) return withDifference('output mismatch', attempt)
  return test.status === 'notreached' ? 'planned, never started' : test.status
}

/** `output mismatch` alone says nothing: the first line that should not be there often does. */
function withDifference(message: string, attempt: Attempt): string {
  if (!message.startsWith('output mismatch')) return message
  const extra = differenceOf(attempt)
  return extra === null ? message : `output mismatch: ${shortLine(extra, 160)}`
}

const hasDifference = (attempt: Attempt): boolean => isKeptAside(attempt, 'diff') || Boolean(attempt.diff)

/** What was found in attempts' differences: those may lie on a disk, and several renderings name it. */
const differences = new WeakMap<Attempt, string | null>()

/** As `firstDifference` of an attempt's difference; null where it has none. */
export function differenceOf(attempt: Attempt): string | null {
  const known = differences.get(attempt)
  if (known !== undefined) return known
  const { diff } = attempt
  const found = diff === null ? null : firstDifference(diff)
  // A part of a string keeps the whole of it in memory.
  const own = found === null ? null : Buffer.from(found, 'utf16le').toString('utf16le')
  differences.set(attempt, own)
  return own
}

/** The first line that should not be there, else the first that is missing, with its sign; null where there is neither. */
export function firstDifference(diff: string): string | null {
  let missing: string | null = null
  const end = Math.min(diff.length, 16384)
  for (let start = 0; start < end; ) {
    const newline = diff.indexOf('\n', start)
    const stop = newline < 0 || newline > end ? end : newline
    const line = diff.slice(start, stop)
    if (ADDED.test(line) && line.trim().length > 1) return line.trim()
    if (missing === null && REMOVED.test(line) && line.trim().length > 1) missing = line.trim()
    start = stop + 1
  }
  return missing
}

const ADDED = /^ *\+(?!\+\+)/
const REMOVED = /^ *-(?!--)/

/** How a guest ended, with what was seen last of it, on one line. */
export function exitLine(exit: VmExit, most: number): string {
  return shortLine(`${describeExit(exit)}${lastWords(exit)}`, most)
}

/** A frame on one line: where it is in the source when that is known, else as the console printed it. */
export function describeFrame(frame: Frame): string {
  const where = frame.file === undefined ? '' : ` at ${frame.file}${frame.line === undefined ? '' : `:${frame.line}`}`
  const name = frame.function ?? frame.symbol
  const inlined = frame.inlined ? ' (inlined)' : ''
  return shortLine(`${where === '' ? frame.symbol : name}${where}${inlined}`, 300)
}

/** What prints a report stands on top of its trace, and says nothing of its cause. */
const REPORTING = /^(?:dump_stack(?:_lvl)?|show_stack|v?panic|__warn(?:_printk)?|report_bug|print_report|kasan_report)$/

/** The frames worth showing first: those with a place in the source when there are any. */
export function topFrames(report: KernelReport, count: number): readonly Frame[] {
  const decoded = report.frames.filter((frame) => frame.file !== undefined)
  const frames = decoded.length > 0 ? decoded : report.frames
  const telling = frames.findIndex((frame) => !REPORTING.test(frame.function ?? frame.symbol.replace(/\+.*/, '')))
  return frames.slice(Math.max(0, telling), Math.max(0, telling) + count)
}

/** The paths of an attempt's logs, those that explain most first. */
export function logPaths(attempt: Attempt | null): readonly string[] {
  if (attempt === null) return []
  const rank = ['outBad', 'dmesg', 'console', 'full']
  const order = (kind: string) => (rank.includes(kind) ? rank.indexOf(kind) : rank.length)
  return Object.entries(attempt.logs)
    .sort(([a], [b]) => order(a) - order(b) || (a < b ? -1 : 1))
    .map(([, path]) => visibleLine(path))
}

/** What the memory of the guest that ended under an attempt says of it; null where it was not read. */
export function explanationOf(attempt: Attempt | null, { guests }: Pick<RunRecord, 'guests'>): string | null {
  if (attempt === null || attempt.exit === null || attempt.guest === null) return null
  return guests.find(({ id }) => id === attempt.guest)?.explanation ?? null
}

/** Where to read on when text was cut. */
export function pointerTo(attempt: Attempt | null): string {
  const [first] = logPaths(attempt)
  return first === undefined ? 'the run record (run.json) has the rest' : `see ${first} in the artifact`
}

/** One report as text: title, extent, decoded frames, then the kernel's own lines. */
export const reportText = (report: KernelReport): Generator<string> => reportParts(report, visible)

function* reportParts(report: KernelReport, shown: (text: string) => string): Generator<string> {
  const provoked = report.provoked ? ', provoked by the test' : ''
  yield `kernel: ${visibleLine(titleInFull(report))} (${report.kind}, console lines ${report.firstLine}-${report.lastLine}${provoked})\n`
  const decoded = report.frames.filter((frame) => frame.file !== undefined)
  for (const frame of decoded) yield `  ${describeFrame(frame)}\n`
  if (decoded.length > 0) yield '\n'
  if (shown === asItIs) {
    // Taken as they are, they are taken together: of 50 000 reports that is half of the time.
    const text = joinedLines(report)
    if (text !== null) yield `${text}\n`
    return
  }
  for (const line of report.lines) yield `${shown(line)}\n`
}

/** A report's lines as one text; null where it has none. Of those kept aside no string is made for each line where their JSON has no escape. */
function joinedLines(report: KernelReport): string | null {
  const json = keptJson(report, 'lines')
  if (json !== null && json.length > 2 && !json.includes('\\')) return json.slice(2, -2).replaceAll('","', '\n')
  return report.lines.length === 0 ? null : report.lines.join('\n')
}

/**
 * All that is known about an attempt, as text within a number of UTF-8 bytes: message, guest's end, difference
 * (half of the room at most, so that a kernel report is never pushed out), kernel reports, log paths. It is visible all.
 */
export function evidenceText(attempt: Attempt, maxBytes: number): string {
  const pointer = pointerTo(attempt)
  const logs = logPaths(attempt).map((path) => `log: ${path}\n`)
  const ending = headBytes(logs.join(''), Math.floor(maxBytes / 8))
  const room = maxBytes - byteLength(ending)
  return (
    (plainEvidence(attempt, maxBytes, room, pointer) ?? takeBytes(evidenceParts(attempt, maxBytes, pointer, visible), room, pointer)) +
    ending
  )
}

/** The same where nothing needs cutting or spelling out, as nearly always: the whole is looked at once, not each of its lines. Else null. */
function plainEvidence(attempt: Attempt, maxBytes: number, room: number, pointer: string): string | null {
  if ((attempt.message?.length ?? 0) > maxBytes / 8 || (attempt.diff?.length ?? 0) > Math.floor(maxBytes / 2)) return null
  let length = 0
  for (const report of attempt.reports) {
    // Its JSON is longer than the lines are.
    const bytes = keptBytes(report, 'lines')
    if (bytes !== null) length += bytes
    else for (const line of report.lines) length += line.length + 1
  }
  if (length > room) return null
  const text = [...evidenceParts(attempt, maxBytes, pointer, asItIs)].join('')
  return text.length + byteLength(cutNote(pointer)) <= room && isPlain(text) ? text : null
}

const asItIs = (text: string): string => text

function* evidenceParts(attempt: Attempt, maxBytes: number, pointer: string, shown: (text: string) => string): Generator<string> {
  const cut = (text: string, bytes: number) => (shown === asItIs ? text : cutMiddle(text, bytes, pointer))
  if (attempt.message) yield `${cut(shown(attempt.message), maxBytes / 8)}\n`
  if (attempt.exit !== null && attempt.exit.kind !== 'poweroff') yield `guest: ${exitLine(attempt.exit, 1000)}\n`
  // Escaping can make text longer, so what is far too long is cut before it is looked at.
  if (attempt.diff) yield `\n${cut(shown(cut(attempt.diff, maxBytes)), Math.floor(maxBytes / 2))}\n`
  for (const report of attempt.reports) {
    yield '\n'
    yield* reportParts(report, shown)
  }
}

const cutNote = (pointer: string): string => `[… cut; ${pointer} …]\n`

/** Joins parts until the room is used up; a cut is marked and says where the rest lies. */
export function takeBytes(parts: Iterable<string>, maxBytes: number, pointer: string): string {
  const note = cutNote(pointer)
  const noteBytes = byteLength(note)
  const taken: string[] = []
  let left = maxBytes - noteBytes
  for (const part of parts) {
    const size = byteLength(part)
    if (size > left) {
      taken.push(headBytes(part, left), left > 0 ? '\n' : '', note)
      return headBytes(taken.join(''), maxBytes)
    }
    left -= size
    taken.push(part)
  }
  return taken.join('')
}
