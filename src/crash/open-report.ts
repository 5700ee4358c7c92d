import type { Frame, KernelReport } from '../domain/kernel-report.js'
import { guiltyFunction } from './guilty.js'
import type { Opener } from './opener.js'
import type { Opening } from './openers/index.js'
import { CONSEQUENT_PANIC } from './openers/panics.js'
import { REPORT_BODY } from './report-body.js'
import { readTraceLine } from './trace-line.js'

/** A line of the console log as the classifier keeps it. */
export interface NumberedLine {
  readonly number: number
  readonly text: string
}

/** Lines a report is handed over with. */
export const MAX_REPORT_LINES = 400
/** Lines looked at for the title: a recursion that overflows the stack is long, and what began it stands last. */
const MAX_READ_LINES = 1500
export const MAX_FRAMES = 64
/** A report ends when so many lines of its context are no part of it. */
const MAX_FOREIGN_LINES = 30
/** One that has hardly begun waits longer. */
const MAX_AWAITED_FOREIGN_LINES = 120
/** A report longer than this ends, whatever follows: garbage that looks like a stack forever. */
const MAX_EXTENT_LINES = 5000
/** A panic's echo is over after so many lines. */
const ECHO_LINES = 100
/** The line after a preface that names the same event must come this soon. */
const PREFACE_LINES = 6
/** A stack that comes late comes within so many lines. */
const AWAITED_LINES = 12
/** Lockdep may follow a pointer into memory that is gone. */
const FAULTS: ReadonlySet<string> = new Set(['oops', 'general-protection', 'bug'])
const STACK = /^\s*(?:Call [Tt]race|(?:stack )?[Bb]acktrace:)/

/** A line that opens a report, and what it says. */
interface Headline {
  readonly opening: Opening
  readonly header: NumberedLine
}

/** One report being gathered. */
export class OpenReport {
  readonly context: string
  readonly test: string | null
  private readonly kunit: string | null
  private readonly opening: Opening
  /** What the title is made of. */
  private titled: Headline
  /** The first line taken in that is a report whatever follows it: what is left where this one, without a stack, is only a note. */
  private heir: Headline | null = null
  private readonly lines: NumberedLine[]
  /** Opening lines taken in: part of the report, whatever they look like. */
  private readonly joined: NumberedLine[] = []
  private readonly header: NumberedLine
  private fatal: boolean
  private lastBody: NumberedLine
  private lineCount = 0
  private foreign = 0
  private traceEnded = false
  private panickedAt: number | null
  private asked = false
  private stackBegan = false
  private died: boolean

  /** @param lead lines that came just before and belong to the report: its banner, its message. */
  constructor(
    opening: Opening,
    at: { header: NumberedLine; lead: readonly NumberedLine[]; context: string; test: string | null; kunit: string | null },
  ) {
    this.opening = opening
    this.titled = { opening, header: at.header }
    this.context = at.context
    this.test = at.test
    this.kunit = at.kunit
    this.lines = at.lead.length === 0 ? [at.header] : [...at.lead, at.header]
    this.header = at.header
    this.lastBody = at.header
    this.fatal = opening.opener.fatal === true
    this.panickedAt = opening.opener.role === 'panic' ? 0 : null
    this.died = opening.opener.role === 'dies'
  }

  get opener(): Opener {
    return this.opening.opener
  }

  /** Whether it began with the line of this number, of which nothing came yet but that. */
  beganAt(number: number): boolean {
    return this.header.number === number
  }

  /** Whether a further opening line still tells of the same event. */
  takes(opener: Opener): boolean {
    if (opener.role === 'joins') return true
    // The exception that this report is about is named once, before its stack.
    if (opener.role === 'dies' && !this.died && !this.stackBegan && !this.traceEnded) return true
    if (this.opener.role === 'preface' && this.lineCount <= PREFACE_LINES) return true
    // Some kernels say it the other way round: where, then what.
    if (opener.role === 'preface' && this.opener.role === undefined && this.opener.kind === opener.kind && this.lineCount <= 2) return true
    return !this.stackBegan && this.lineCount <= AWAITED_LINES && this.ranInto(opener)
  }

  /** Whether the kernel ran into this while it printed the report: what it prints is what was wrong. */
  private ranInto({ kind }: Opener): boolean {
    if (this.opener.awaitsStack === true && kind === 'warning') return true
    // Where the kernel says who prints: that task is busy with nothing else.
    return this.opener.kind === 'lockdep' && /^[CT]/.test(this.context) && FAULTS.has(kind)
  }

  /** True once the other CPUs were asked for their stacks, which they print in their own contexts. */
  get asksOtherCpus(): boolean {
    return this.asked
  }

  /** True while what the console says is the echo of this report's panic: other CPUs being stopped, their stacks. */
  get isDying(): boolean {
    return this.panickedAt !== null && this.lineCount - this.panickedAt <= ECHO_LINES
  }

  /** True once so much else came that the report is over. */
  get isOver(): boolean {
    return this.foreign > (this.awaitsBody ? MAX_AWAITED_FOREIGN_LINES : MAX_FOREIGN_LINES) || this.lineCount > MAX_EXTENT_LINES
  }

  /** An exception's first line, of which the rest is sure to come: other CPUs print meanwhile. */
  private get awaitsBody(): boolean {
    return this.lastBody === this.header && !this.died && (this.opener.kind === 'oops' || this.opener.kind === 'general-protection')
  }

  /** Whether a panic with this line is this report's consequence, or an event of its own. */
  ownsPanic(text: string): boolean {
    return !this.traceEnded || this.consequentPanic(text)
  }

  /** Whether the panic says of itself that something else came before. */
  consequentPanic(text: string): boolean {
    return CONSEQUENT_PANIC.test(text)
  }

  add(line: NumberedLine): void {
    this.lineCount += 1
    if (this.lines.length < MAX_READ_LINES) this.lines.push(line)
    if (line.text.startsWith('---[ end trace')) this.traceEnded = true
    if (line.text.startsWith('Sending NMI')) this.asked = true
    if (REPORT_BODY.test(line.text)) {
      this.lastBody = line
      this.foreign = 0
      if (!this.stackBegan && STACK.test(line.text)) this.stackBegan = true
    } else if (line.text !== '') {
      this.foreign += 1
    }
  }

  /** Takes in an opening line that belongs to this report. */
  join(line: NumberedLine, opening: Opening): void {
    const untitled = this.opener.yieldsTitle === true && this.titled.opening === this.opening && this.lineCount <= PREFACE_LINES
    if (untitled && opening.opener.role !== 'joins') this.titled = { opening, header: line }
    if (opening.opener.withoutStack === undefined) this.heir ??= { opening, header: line }
    this.add(line)
    this.lastBody = line
    this.foreign = 0
    this.joined.push(line)
    if (opening.opener.role === 'dies') this.died = true
    if (opening.opener.fatal === true) this.fatal = true
    if (opening.opener.role === 'panic') this.panickedAt ??= this.lineCount
  }

  /** Gives back what a following report claims: its banner and message, which came before its opening line. */
  endBefore(number: number): void {
    if (this.lastBody.number < number) return
    const kept = this.lines.filter((line) => line.number < number)
    const last = kept.at(-1)
    if (last === undefined || last.number < this.header.number) return
    this.lastBody = kept.findLast((line) => REPORT_BODY.test(line.text) || this.joined.includes(line)) ?? this.header
  }

  private get ran(): Pick<KernelReport, 'test' | 'kunitSuite'> {
    return { test: this.test, ...(this.kunit === null ? {} : { kunitSuite: this.kunit }) }
  }

  /** Null where it turns out to be no report. */
  close(provoked: (report: KernelReport) => boolean): KernelReport | null {
    if (this.lines.length === 1) return this.closeAlone(provoked)
    const whole = this.lines.filter((line) => line.number <= this.lastBody.number)
    const { onlyBefore } = this.opener
    if (onlyBefore !== undefined && !whole.some(({ text }) => onlyBefore.test(text))) return null
    const frames = framesOf(whole.map((line) => line.text))
    const weak = this.opener.withoutStack !== undefined && frames.length === 0
    if (weak && this.heir === null) return this.opener.withoutStack === 'note' ? this.note() : null
    const titled = weak && this.heir !== null ? this.heir : this.titled
    const kept = weak ? whole.slice(Math.max(0, whole.indexOf(titled.header))) : whole
    return this.finished(provoked, {
      kind: weak ? titled.opening.opener.kind : this.opener.kind,
      title: titleOf(titled, kept),
      firstLine: kept[0]?.number ?? this.lastBody.number,
      lines: kept.slice(0, MAX_REPORT_LINES).map(({ text }) => text),
      frames,
    })
  }

  /** Of a report that is its opening line and no more. */
  private closeAlone(provoked: (report: KernelReport) => boolean): KernelReport | null {
    const { onlyBefore, withoutStack, kind } = this.opener
    if (onlyBefore?.test(this.header.text) === false) return null
    const { title, frames } = readAlone(this.titled)
    if (withoutStack !== undefined && frames.length === 0) return withoutStack === 'note' ? this.note() : null
    return this.finished(provoked, { kind, title, firstLine: this.header.number, lines: [this.header.text], frames })
  }

  private finished(
    provoked: (report: KernelReport) => boolean,
    { kind, title, firstLine, lines, frames }: Pick<KernelReport, 'kind' | 'title' | 'firstLine' | 'lines' | 'frames'>,
  ): KernelReport {
    const { fatal, ran } = this
    const report = { kind, title, fatal, firstLine, lastLine: this.lastBody.number, ...ran, lines, frames, provoked: false }
    report.provoked = provoked(report)
    return report
  }

  /** The line alone: what looked like a report and has nothing behind it. */
  private note(): KernelReport {
    const { number, text } = this.header
    const title = titleOf(this.titled, [this.header])
    return {
      kind: 'note',
      title,
      fatal: false,
      firstLine: number,
      lastLine: number,
      ...this.ran,
      lines: [text],
      frames: [],
      provoked: false,
    }
  }
}

/** What a line alone comes to: the same for every line of its text, of which there may be very many. */
function readAlone(headline: Headline): Alone {
  const { opening, header } = headline
  const known = alone.get(opening)
  if (known !== undefined) return known
  const read = { title: titleOf(headline, [header]), frames: framesOf([header.text]) }
  alone.set(opening, read)
  return read
}
interface Alone {
  readonly title: string
  readonly frames: Frame[]
}
const alone = new WeakMap<Opening, Alone>()

function titleOf({ opening: { opener, match }, header }: Headline, kept: readonly NumberedLine[]): string {
  const body: string[] = []
  for (let at = kept.indexOf(header) + 1; at < kept.length; at += 1) body.push(kept[at]?.text ?? '')
  const textOfPart = (key: string): string => {
    if (key === 'fn') return opener.guilty === undefined ? '' : (guiltyFunction(opener.guilty, body, match.groups?.fn) ?? '')
    const detail = opener.details?.[key]
    return detail === undefined ? (match[Number(key)] ?? '') : firstGroup(detail, body)
  }
  let title = ''
  for (const part of partsOf(opener.title)) {
    const value = part.key === null ? '' : textOfPart(part.key)
    title += part.key === null ? part.words : value === '' ? '' : part.words + value
  }
  return normaliseTitle(title)
}

function firstGroup(pattern: RegExp, lines: readonly string[]): string {
  for (const line of lines) {
    const found = pattern.exec(line)?.[1]
    if (found !== undefined) return found
  }
  return ''
}

/** Words of a title, or a value (`fn`, a detail's name, a group's number) with the preposition that goes where it is missing. */
interface TitlePart {
  readonly words: string
  readonly key: string | null
}

/** `WARNING in {fn}` is `WARNING`, then ` in ` and the function: without one it is `WARNING`. */
function partsOf(template: string): readonly TitlePart[] {
  const known = templates.get(template)
  if (known !== undefined) return known
  const parts: TitlePart[] = []
  let at = 0
  for (const match of template.matchAll(/( in )?(?:\$(\d)|\{(\w+)\})/g)) {
    parts.push({ words: template.slice(at, match.index), key: null }, { words: match[1] ?? '', key: match[2] ?? match[3] ?? '' })
    at = match.index + match[0].length
  }
  parts.push({ words: template.slice(at), key: null })
  templates.set(template, parts)
  return parts
}
/** As many as there are openers. */
const templates = new Map<string, readonly TitlePart[]>()

const MAX_TITLE_CHARS = 120
/** Memory that was overwritten is printed as it is. */
const UNPRINTABLE = /[^\x20-\x7e\t]/
const EVERY_UNPRINTABLE = /[^\x20-\x7e\t]/g

/** Takes out what differs from run to run: offsets, addresses, source lines, numbers of CPUs and of anything else. As syzkaller does it. */
export function normaliseTitle(title: string): string {
  const known = normalised.get(title)
  if (known !== undefined) return known
  const printable = UNPRINTABLE.test(title) ? title.replace(EVERY_UNPRINTABLE, '') : title
  const stable = /\d/.test(printable) ? withoutNumbers(printable) : printable
  const normal = stable.replace(/\s+/g, ' ').trim().slice(0, MAX_TITLE_CHARS)
  if (normalised.size >= MAX_NORMALISED) normalised.clear()
  normalised.set(title, normal)
  return normal
}

/** A kernel that reports reports the same again and again. */
const normalised = new Map<string, string>()
const MAX_NORMALISED = 500

const withoutNumbers = (title: string): string =>
  title
    .replace(/\+0x[0-9a-f]+\/0x[0-9a-f]+/g, '')
    .replace(/(?<![A-Za-z0-9])(?:0x)?[0-9a-f]{6,}/g, (number) => (/\d/.test(number) ? 'ADDR' : number))
    .replace(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, 'IP')
    .replace(/(\.\w+)(?::\d+)+/g, '$1:LINE')
    .replace(/CPU#\d+/g, 'CPU')
    .replace(/(?<!\w)\d+(?!\w)/g, 'NUM')
    // Few digits may be a name's own (`nl802154`), so many are not.
    .replace(/\d{7,}/g, 'NUM')

/** The report's own stack, the instruction pointer before it; where no heading announces a stack, the frames that come first. */
function framesOf(texts: readonly string[]): Frame[] {
  const pointers: Frame[] = []
  const leading: Frame[] = []
  const own: Frame[] = []
  let section: 'none' | 'own' | 'elsewhere' = 'none'
  for (const text of texts) {
    if (text.startsWith('---[ end trace') && own.length > 0) break
    const item = readTraceLine(text)
    if (item === null || item.kind === 'interrupt-end' || item.kind === 'void') continue
    if (item.kind === 'heading') {
      if (own.length > 0) break
      section = item.of === 'stack' ? 'own' : 'elsewhere'
    } else if (item.kind === 'ip' || item.reliable) {
      if (section === 'own') own.push(item.frame)
      else if (section === 'none') leading.push(item.frame)
      if (section !== 'own' && item.kind === 'ip') pointers.push(item.frame)
    }
  }
  const frames = own.length > 0 ? [...pointers, ...own] : leading
  // arm64 prints the instruction pointer's function again as the first frame.
  return frames.filter((frame, index) => frame.symbol !== frames[index - 1]?.symbol || frame.inlined === true).slice(0, MAX_FRAMES)
}
