import { type LineState, reachedFunctions, stateOf, testsByLine, unrunRanges } from '../coverage/index.js'
import { type ChangedLine, type Coverage, changedCounts } from '../domain/coverage.js'
import type { RunRecord } from '../domain/record.js'
import type { Annotation } from '../domain/stages.js'
import { shortLine } from './foreign-text.js'

/** A changed line as a reader sees it. */
export interface CoverageRow {
  readonly place: string
  /** How often it ran; `–` for a line without code of its own. */
  readonly ran: string
  readonly text: string
  /** What is to be said of it. */
  readonly what: string
  readonly state: LineState
}

/** Names of tests that stand beside a line. */
const NAMES = 3
/** Names of a kind that stand in the sentence above the table. */
const NAMED = 5

/** The changed lines of which something can be said, by file and line. */
export function coverageRows(coverage: Coverage): readonly CoverageRow[] {
  const testsOf = testsByLine(coverage)
  return coverage.changed.flatMap((line, index) => {
    const state = stateOf(line)
    if (state === 'no-code') return []
    const place = `${shortLine(line.file, 200)}:${line.line}`
    const what = describeLine(line, state, testsOf(index))
    return [
      { place, ran: line.count === null ? '–' : String(line.count), text: shortLine(line.text.replace(/\t/g, '  '), 160), what, state },
    ]
  })
}

function describeLine({ guard, count }: ChangedLine, state: LineState, tests: readonly string[]): string {
  const branches = guard === undefined ? '' : guard.branches.join(' / ')
  const by =
    tests.length === 0
      ? ''
      : `${tests
          .slice(0, NAMES)
          .map((name) => shortLine(name, 80))
          .join(', ')}${tests.length > NAMES ? ` and ${tests.length - NAMES} more` : ''}`
  if (count === null) return `${state === 'run' ? 'reached' : 'not reached'}, by the branches of line ${guard?.line} (${branches})`
  switch (state) {
    case 'not-run':
      return 'not run by any test'
    case 'never-true':
      return `condition never true (branches ${branches}); ${by}`
    case 'never-false':
      return `condition never false (branches ${branches}); ${by}`
    case 'part':
      return `part of the condition went one way only (branches ${branches}); ${by}`
    case 'run':
    case 'no-code':
      return by
  }
}

/** The first of some names, and a sign that there are more. */
function someOf(names: readonly string[], width: number): string {
  const shown = names.slice(0, NAMED).map((name) => shortLine(name, width))
  return `${shown.join(', ')}${names.length > NAMED ? ', …' : ''}`
}

/** The sentence above the table. */
export function coverageHead(coverage: Coverage): string {
  const { executable, run } = changedCounts(coverage.changed)
  const since = coverage.base === null ? '' : ` since ${shortLine(coverage.base.name, 80)}`
  const lost = coverage.withoutCounters.length
  const without =
    lost === 0 ? '' : ` Of ${lost} ${lost === 1 ? 'test' : 'tests'} no counters came (${someOf(coverage.withoutCounters, 80)}).`
  const uncompiled = coverage.notCompiled.length === 0 ? '' : ` Not compiled with counters: ${someOf(coverage.notCompiled, 120)}.`
  const directories = coverage.directories.slice(0, NAMED).map((name) => shortLine(name, 80))
  const whole = `In ${directories.join(', ')}, ${coverage.executed} of ${coverage.executable} lines ran.`
  const change =
    coverage.base === null
      ? ''
      : `Tests ran ${run} of ${executable} changed ${executable === 1 ? 'line' : 'lines'} with code (${coverage.changed.length} changed lines${since}). `
  return `${change}${whole}${uncompiled}${without}`
}

/** Changed functions no test ran. */
export function unreachedFunctions(coverage: Coverage): readonly string[] {
  const reached = reachedFunctions(coverage)
  return coverage.touched
    .filter((index) => !reached.has(index))
    .flatMap((index) => {
      const found = coverage.functions[index]
      return found === undefined ? [] : [`${shortLine(found.name, 120)} (${shortLine(found.file, 200)}:${found.start})`]
    })
}

/** One for each contiguous range of changed lines that no test ran. Paths are the kernel tree's; the repository is looked for in what it changed. */
export function coverageAnnotations({ coverage }: RunRecord, changedFiles: readonly string[] | null): readonly Annotation[] {
  if (coverage === undefined) return []
  return unrunRanges(coverage.changed).map(({ file, first, last }) => ({
    level: 'warning',
    title: 'no test ran these changed lines',
    message: `${shortLine(file, 200)}:${first}${last === first ? '' : `-${last}`}`,
    file: changedFiles?.find((each) => each === file || each.endsWith(`/${file}`)) ?? file,
    line: first,
    endLine: last,
  }))
}
