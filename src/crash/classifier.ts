import type { KernelReport, Provocation } from '../domain/kernel-report.js'
import { BootWatch, rebootReport } from './boot-watch.js'
import { type ConsoleLine, readConsoleLines } from './console-line.js'
import { KunitSuite } from './kunit-suite.js'
import { type NumberedLine, OpenReport } from './open-report.js'
import type { Opener } from './opener.js'
import { OPENERS, OPENERS_AND_PROGRAMS, type Opening, openingMatcher } from './openers/index.js'
import { isProvoked } from './provoked.js'
import { testMarkers } from './test-marker.js'

export interface ClassifierOptions {
  /** How reports begin; default: all that are known. */
  readonly openers?: readonly Opener[]
  /** Whether faults of programs that the kernel tells of are reports too; default: no. */
  readonly programs?: boolean
  /** The suites whose tests may run: how the log names the one that starts, and what tests provoke on purpose. Default: none. */
  readonly suites?: readonly { readonly marker: string; readonly provocations: readonly Provocation[] }[]
}

/** Reads a console log line by line, in memory that does not grow with it, and finds the kernel's reports. */
export interface Classifier {
  /** Takes the next line (without terminator); gives the reports that it brought to an end. */
  line(text: string): KernelReport[]
  /** The log is over: gives the reports still open. The classifier can go on with a further log's lines. */
  end(): KernelReport[]
  /** The test that runs, by the last marker; null before the first. */
  readonly test: string | null
  /** True once the kernel said that it cannot go on, before the report itself is complete. False again after a reboot. */
  readonly dying: boolean
}

const BANNER = /^(?:-+\[ cut here \]-+|={10,}|8<--- cut here ---)\s*$/
/** Few lines begin like one: only those are looked at. */
const isBanner = (text: string): boolean => BANNER_INITIALS.includes(text.charAt(0)) && text !== '' && BANNER.test(text)
const BANNER_INITIALS = '-=8'
const CUT_HERE = /cut here/
const MAX_OPEN_REPORTS = 8
const MAX_CONTEXTS = 16
/** A line that was cut by another is printed again below this one (kernels before 4.11). */
const REPLAY = '** replaying previous printk message **'
/** A banner so far back still belongs to the report: WARN() prints its message between the two. */
const LEAD_LINES = 6

/** The last few lines of a context, and the last banner there was. */
interface RecentLines {
  readonly lines: NumberedLine[]
  banner: NumberedLine | undefined
}
const NO_LINES: readonly NumberedLine[] = []

export function createClassifier(options: ClassifierOptions = {}): Classifier {
  return new StreamingClassifier(options)
}

class StreamingClassifier implements Classifier {
  test: string | null = null
  dying = false
  private number = 0
  private readonly open = new Map<string, OpenReport>()
  private readonly boots = new BootWatch()
  private readonly kunit = new KunitSuite()
  /** The last few lines of each context, for the banner and message that come before the line that opens a report. */
  private readonly recent = new Map<string, RecentLines>()
  private readonly matchOpening: (line: ConsoleLine) => Opening | null
  private readonly startedTest: ReturnType<typeof testMarkers>
  private readonly provokes: (report: KernelReport) => boolean

  constructor(options: ClassifierOptions) {
    this.matchOpening = openingMatcher(options.openers ?? (options.programs === true ? OPENERS_AND_PROGRAMS : OPENERS))
    const suites = options.suites ?? []
    this.startedTest = testMarkers(suites.map(({ marker }) => marker))
    const provocations = [...new Set(suites.flatMap((suite) => suite.provocations))]
    this.provokes = (report) => isProvoked(report, provocations)
  }

  line(raw: string): KernelReport[] {
    this.number += 1
    const closed: KernelReport[] = []
    for (const line of readConsoleLines(raw)) this.oneLine(line, closed)
    return closed
  }

  private oneLine(line: ConsoleLine, closed: KernelReport[]): void {
    const numbered = { number: this.number, text: line.text }
    const boots = this.boots.begins(line)
    // A test's start, a boot and a dump asked for by sysrq end every report: nothing that follows belongs to what came before.
    if (this.startsTest(line.text) || boots || line.text.startsWith('sysrq: ')) closed.push(...this.closeAll())
    const before = this.boots.line(line, numbered)
    this.kunit.line(line.text)
    if (boots) this.booted(before, numbered, closed)
    const opening = this.matchOpening(line)
    const remark = opening?.opener.role === 'remark' && this.open.has(line.context)
    if (opening === null || remark) this.ordinary(line, numbered, closed)
    else this.opening(opening, line, numbered, closed)
    this.remember(line.context, numbered)
  }

  end(): KernelReport[] {
    return this.closeAll()
  }

  private startsTest(text: string): boolean {
    const started = this.startedTest(text)
    if (started !== null) {
      this.test = started.name
      this.kunit.name = null
    } else if (text.startsWith(REPLAY)) this.forgetCut()
    return started !== null
  }

  private booted(before: NumberedLine | null, numbered: NumberedLine, closed: KernelReport[]): void {
    if (before !== null && !this.dying) closed.push(rebootReport(before, numbered, this.test))
    this.dying = false
    this.kunit.name = null
    this.recent.clear()
  }

  /** The line before was cut short and comes again: what it opened is not there twice. */
  private forgetCut(): void {
    for (const report of this.open.values()) if (report.beganAt(this.number - 1)) this.open.delete(report.context)
  }

  private ordinary(line: ConsoleLine, numbered: NumberedLine, closed: KernelReport[]): void {
    const report = this.open.get(line.context) ?? this.stackOfOtherCpu(line.context)
    if (report === undefined) return
    report.add(numbered)
    if (report.isOver) this.close(report, closed)
  }

  /** Where one CPU asks the others for their stacks, they answer in their own contexts. */
  private stackOfOtherCpu(context: string): OpenReport | undefined {
    if (!context.startsWith('C')) return undefined
    for (const report of this.open.values()) if (report.asksOtherCpus) return report
    return undefined
  }

  private opening(opening: Opening, line: ConsoleLine, numbered: NumberedLine, closed: KernelReport[]): void {
    if (opening.opener.fatal === true) this.dying = true
    const owner = this.ownerOf(opening, line)
    if (owner !== undefined) {
      owner.join(numbered, opening)
      return
    }
    const current = this.open.get(line.context)
    const lead = this.leadOf(line.context, numbered.number)
    if (current !== undefined) {
      current.endBefore(lead[0]?.number ?? numbered.number)
      this.close(current, closed)
    }
    if (this.open.size >= MAX_OPEN_REPORTS) {
      const oldest = this.open.values().next().value
      if (oldest !== undefined) this.close(oldest, closed)
    }
    this.open.set(
      line.context,
      new OpenReport(opening, { header: numbered, lead, context: line.context, test: this.test, kunit: this.kunit.name }),
    )
  }

  /** The open report that an opening line belongs to, or undefined when it begins another. */
  private ownerOf({ opener }: Opening, line: ConsoleLine): OpenReport | undefined {
    const same = this.open.get(line.context)
    // After a panic everything is its echo: stopping the other CPUs warns, and their stacks are printed.
    for (const report of this.open.values()) if (report.isDying) return report
    if (opener.role === 'panic') return this.panicOwner(line, same)
    if (same === undefined) return undefined
    return same.takes(opener) ? same : undefined
  }

  private panicOwner(line: ConsoleLine, same: OpenReport | undefined): OpenReport | undefined {
    if (same?.ownsPanic(line.text) === true) return same
    if (same !== undefined) return undefined
    const latest = [...this.open.values()].at(-1)
    return latest?.consequentPanic(line.text) === true ? latest : undefined
  }

  private leadOf(context: string, header: number): readonly NumberedLine[] {
    const recent = this.recent.get(context)
    const banner = recent?.banner
    if (recent === undefined || banner === undefined) return NO_LINES
    const distance = header - banner.number
    if (distance > (CUT_HERE.test(banner.text) ? LEAD_LINES : 1)) return NO_LINES
    const index = recent.lines.indexOf(banner)
    return index === -1 ? NO_LINES : recent.lines.slice(index)
  }

  private remember(context: string, numbered: NumberedLine): void {
    let recent = this.recent.get(context)
    if (recent === undefined) {
      if (this.recent.size >= MAX_CONTEXTS) this.recent.delete(this.recent.keys().next().value ?? '')
      recent = { lines: [], banner: undefined }
      this.recent.set(context, recent)
    }
    recent.lines.push(numbered)
    if (recent.lines.length > LEAD_LINES) recent.lines.shift()
    if (isBanner(numbered.text)) recent.banner = numbered
  }

  private close(report: OpenReport, closed: KernelReport[]): void {
    this.open.delete(report.context)
    const found = report.close(this.provokes)
    if (found !== null) closed.push(found)
  }

  private closeAll(): KernelReport[] {
    const closed: KernelReport[] = []
    for (const report of [...this.open.values()]) this.close(report, closed)
    return closed
  }
}
