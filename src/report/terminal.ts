import type { SectionRecord, TestRecord } from '../domain/record.js'
import { settingWords } from '../domain/section.js'
import { sectionName } from '../domain/test-key.js'
import { withoutTrailing } from '../domain/without-trailing.js'
import { describeBase } from './base.js'
import { decidingAttempt } from './buckets.js'
import type { Rendered } from './context.js'
import { coverageHead, coverageRows, unreachedFunctions } from './coverage-lines.js'
import { describeFrame, headlineOf, logPaths, tellingReports, topFrames } from './evidence.js'
import { shortLine } from './foreign-text.js'
import { describeBefore } from './known.js'
import { lostGroups } from './lost.js'
import { duration } from './summary/markdown.js'
import { type Verdict, verdictClause, verdictOf } from './verdict.js'
import { wrapLine } from './wrap.js'

export interface TerminalOptions {
  readonly colour: 'never' | 'always'
  /** Failures shown in full; the rest is counted. */
  readonly maxFailures: number
  /** The run's directory as the reader types it: log paths are shown below it. */
  readonly directory: string
  /** Files to point at, by name, in order: `report`, `JUnit`, … */
  readonly files: Readonly<Record<string, string>>
  /** Prose is wrapped for so many columns; absent: for none. */
  readonly columns?: number
}

type Paint = (text: string) => string
interface Palette {
  readonly good: Paint
  readonly bad: Paint
  readonly unsure: Paint
  readonly strong: Paint
  readonly faint: Paint
}

const sgr =
  (code: number): Paint =>
  (text) =>
    `\u001b[${code}m${text}\u001b[0m`
const COLOURS: Palette = { good: sgr(32), bad: sgr(31), unsure: sgr(33), strong: sgr(1), faint: sgr(2) }
const PLAIN: Palette = { good: String, bad: String, unsure: String, strong: String, faint: String }

/** The verdict as the last thing on a terminal: failures with their next step, counts, paths, and the verdict line at the end. */
export function terminalText(rendered: Rendered, options: TerminalOptions): string {
  const paint = options.colour === 'always' ? COLOURS : PLAIN
  const verdict = verdictOf(rendered.record, rendered.placement)
  const { conclusion } = rendered.record
  // The last line says it.
  const problems = rendered.record.problems.filter((problem) => problem !== conclusion.reason)
  const lines = [
    ...lost(rendered, paint),
    ...failures(rendered, options, paint),
    ...named(rendered, 'flaky', paint.unsure),
    ...named(rendered, 'stale', paint.unsure),
    ...named(rendered, 'notreached', paint.unsure),
    ...(problems.length > 0 ? [''] : []),
    ...problems.slice(0, 20).map((problem) => `${paint.unsure('problem')}  ${shortLine(problem, 500)}`),
    ...coverage(rendered, paint),
    ...sections(rendered, paint),
    '',
    ...Object.entries(options.files).map(([name, path]) => `${paint.faint(name.padEnd(8))} ${shortLine(path, 4096)}`),
    '',
    verdictLine(verdict, rendered, paint),
    ...(conclusion.reason === `${verdict.counts.join(', ')}.` ? [] : reasonLines(conclusion.reason)),
  ]
  const { columns } = options
  const wrapped = columns === undefined ? lines : lines.map((line) => (isCopied(line) ? line : wrapLine(line, columns)))
  return `${wrapped.join('\n').replace(/^\n+/, '')}\n`
}

/** Changed lines that need a look, as the compiler would name them, and the sum. */
function coverage({ record: { coverage } }: Rendered, paint: Palette): readonly string[] {
  if (coverage === undefined) return []
  const rows = coverageRows(coverage).filter(({ state }) => state !== 'run')
  return [
    '',
    ...rows.slice(0, COVERAGE_ROWS).map(({ place, text, what }) => `${paint.unsure(place)}: ${what.split(';')[0]}: ${text.trim()}`),
    ...(rows.length > COVERAGE_ROWS ? [`and ${rows.length - COVERAGE_ROWS} more in the page`] : []),
    ...unreachedFunctions(coverage).map((name) => `${paint.unsure('no test reaches')} ${name}`),
    `coverage  ${coverageHead(coverage)}`,
  ]
}

/** Changed lines shown at the terminal. */
const COVERAGE_ROWS = 60

/** What a build said comes in lines, a caret below the place it means. */
function reasonLines(reason: string): readonly string[] {
  return reason.split('\n', 20).map((line) => `${/^ */.exec(line)?.[0] ?? ''}${shortLine(line, 1000)}`)
}

/** A command or a path that is copied as one, or a line of output, whose columns mean something. */
function isCopied(line: string): boolean {
  return /^\s+(?:again|log) {2}|^ *\d* \||^\S*\u001b\[2m/.test(line)
}

function verdictLine(verdict: Verdict, rendered: Rendered, paint: Palette): string {
  const clock = (Date.parse(rendered.record.endedAt) - Date.parse(rendered.record.startedAt)) / 1000
  const time = Number.isFinite(clock) ? ` in ${duration(clock)}` : ''
  const accelerator = rendered.record.accelerator === null ? '' : ` on ${rendered.record.accelerator.accelerator}`
  return `${verdictClause(verdict, (title) => paint[verdict.tone](paint.strong(title)))}${time}${accelerator}`
}

function lost({ placement }: Rendered, paint: Palette): string[] {
  const groups = lostGroups(placement).slice(0, 20)
  return groups.flatMap(({ reason, tests }) => {
    const names = tests.slice(0, 10).map(({ section, name }) => `${shortLine(name, 120)} on ${shortLine(section, 80)}`)
    const left = tests.length - names.length
    return [
      '',
      `${paint.bad('lost')}     ${tests.length === 1 ? '1 test' : `${tests.length} tests`}: ${shortLine(reason, 300)}`,
      `    ${names.join(', ')}${left > 0 ? `, and ${left} more` : ''}`,
    ]
  })
}

function failures(rendered: Rendered, options: TerminalOptions, paint: Palette): string[] {
  const tests = rendered.placement.byPlace.new
  const lines = tests.slice(0, options.maxFailures).flatMap((test) => ['', ...failure(test, rendered, options, paint)])
  const left = tests.length - options.maxFailures
  if (left > 0) lines.push('', `and ${left} more failures, listed in the report`)
  const proven = rendered.placement.byPlace.known.filter((test) => test.onBase !== undefined)
  for (const test of proven.slice(0, options.maxFailures))
    lines.push(
      '',
      paint.faint(`${shortLine(test.name, 120)} on ${shortLine(sectionName(test, rendered.record), 80)} ${describeBase(test)}`),
    )
  const known = rendered.placement.byPlace.known.length - proven.length
  if (known > 0)
    lines.push('', paint.faint(known === 1 ? '1 known failure is in the baseline too' : `${known} known failures are in the baseline too`))
  for (const test of rendered.placement.byPlace.known.slice(0, options.maxFailures)) {
    const clause = describeBefore(test)
    if (clause !== null) lines.push(paint.faint(`  ${shortLine(test.name, 120)} on ${shortLine(test.section, 80)}: ${clause}`))
  }
  return lines
}

function failure(test: TestRecord, rendered: Rendered, options: TerminalOptions, paint: Palette): string[] {
  const attempt = decidingAttempt(test)
  const base = describeBase(test)
  const [report] = tellingReports(attempt)
  const frames = report === undefined ? [] : topFrames(report, 4).map((frame) => `    ${describeFrame(frame)}`)
  const diff = (attempt?.diff ?? '')
    .slice(0, 4096)
    .split('\n')
    .filter((line) => line !== '')
  const logs = logPaths(attempt).slice(0, 2)
  return [
    `${paint.bad(test.status.padEnd(8))} ${paint.strong(shortLine(test.name, 120))} on ${shortLine(sectionName(test, rendered.record), 80)}`,
    `    ${headlineOf(test)}`,
    ...(base === null ? [] : [`    base   ${base}`]),
    ...frames,
    ...diff.slice(0, 8).map((line) => paint.faint(`    ${shortLine(line, 200)}`)),
    ...logs.map((path) => `    log    ${shortLine(`${withoutTrailing(options.directory, '/')}/${path}`, 4096)}`),
    `    again  ${shortLine(rendered.reproduce(test), 4096)}`,
  ]
}

const WORDS = { flaky: 'flaky', stale: 'stale expected failure', notreached: 'not reached' } as const

function named(rendered: Rendered, place: keyof typeof WORDS, paint: Paint): string[] {
  const tests = rendered.placement.byPlace[place]
  if (tests.length === 0) return []
  const shown = tests.slice(0, 10).map((test) => `${shortLine(test.name, 120)} on ${shortLine(sectionName(test, rendered.record), 80)}`)
  const left = tests.length - shown.length
  return ['', `${paint(WORDS[place])}: ${shown.join(', ')}${left > 0 ? `, and ${left} more` : ''}`]
}

function sections(rendered: Rendered, paint: Palette): string[] {
  const shown = (name: string) => shortLine(name, 80)
  const nameOf = ({ suite, name }: { readonly suite: string; readonly name: string }) =>
    shown(sectionName({ suite, section: name }, rendered.record))
  // A section that is called what it is says it once.
  const kindOf = (section: SectionRecord) => shown(settingWords(section)[0]?.[1] ?? '')
  const isNews = rendered.record.sections.some((section) => kindOf(section) !== nameOf(section))
  const width = Math.max(0, ...rendered.record.sections.map((section) => nameOf(section).length))
  const kinds = isNews ? Math.max(0, ...rendered.record.sections.map((section) => kindOf(section).length)) : 0
  const lines = rendered.record.sections.slice(0, 50).map((section) => {
    const own = rendered.placement.tests.filter(({ test }) => test.suite === section.suite && test.section === section.name)
    const at = (...places: string[]) => own.filter(({ place }) => places.includes(place)).length
    const failed = at('new', 'known')
    const skipped = at('notrun', 'expunged')
    const unreached = at('notreached')
    const parts = [
      `${at('pass', 'stale')} passed`,
      failed > 0 ? paint.bad(`${failed} failed`) : '',
      skipped > 0 ? `${skipped} not run` : '',
      unreached > 0 ? paint.unsure(`${unreached} not reached`) : '',
    ]
    const untested = section.couldNotTest === null ? '' : `  ${paint.unsure(shortLine(section.couldNotTest, 200))}`
    return `${nameOf(section).padEnd(width)}  ${kinds === 0 ? '' : `${kindOf(section).padEnd(kinds)}  `}${parts.filter((part) => part !== '').join(', ')}${untested}`
  })
  return lines.length === 0 ? [] : ['', ...lines]
}
