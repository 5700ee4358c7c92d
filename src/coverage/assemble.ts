import type { ChangedLine, Coverage, CoverageTest, CoveredFunction } from '../domain/coverage.js'
import type { TestId } from '../domain/test.js'
import { packBits } from './bits.js'
import { type ChangedSource, changedLines } from './changed-lines.js'
import { type FileChange, newLines } from './git-diff.js'
import { functionKey, lineKey, type Tally } from './tally.js'

/** What is known when all counters are read. */
export interface Assembled {
  /** Everything that was compiled, and what all tests together ran of it. */
  readonly whole: Tally
  readonly tests: readonly { readonly id: TestId; readonly reached: Reached }[]
  readonly sources: readonly ChangedSource[]
  readonly about: Pick<Coverage, 'tool' | 'directories' | 'base' | 'commit' | 'isDirty' | 'withoutCounters'>
}

/** What one test ran: keys of functions, and `FILE:LINE` of changed lines. */
export interface Reached {
  readonly functions: ReadonlySet<string>
  readonly lines: ReadonlySet<string>
}

/** What a test's own counts say it ran. @param changed the lines that matter, by `lineKey` */
export function reachedBy(tally: Tally, changed: ReadonlySet<string>): Reached {
  const functions = new Set<string>()
  const lines = new Set<string>()
  for (const [file, counts] of tally.files) {
    for (const [key, each] of counts.functions) if (each.count > 0) functions.add(key)
    for (const [line, { count }] of counts.lines) if (count > 0 && changed.has(lineKey(file, line))) lines.add(lineKey(file, line))
  }
  return { functions, lines }
}

/** The record's part of it. */
export function assemble({ whole, tests, sources, about }: Assembled): Coverage {
  const functions = whole.functions()
  const changed = changedLines(sources, whole)
  const counts = [...whole.files.values()].flatMap(({ lines }) => [...lines.values()])
  return {
    ...about,
    executable: counts.length,
    executed: counts.filter(({ count }) => count > 0).length,
    changed: [...changed],
    notCompiled: sources.flatMap(({ change: { file } }) => (file === null || whole.files.has(file) ? [] : [file])).sort(),
    touched: touchedFunctions(
      sources.map(({ change }) => change),
      functions,
    ),
    functions: functions.map(({ file, name, start, end }) => ({ file, name, start, end })),
    tests: tests.map(({ id, reached }) => ({ ...id, ...bitsOf(reached, functions, changed) })),
  }
}

function bitsOf(
  { functions: ran, lines }: Reached,
  functions: readonly CoveredFunction[],
  changed: readonly ChangedLine[],
): Pick<CoverageTest, 'functions' | 'lines'> {
  const set = (length: number, is: (index: number) => boolean) => packBits([...Array(length).keys()].filter(is), length)
  const keys = functions.map(functionKey)
  const places = changed.map(({ file, line }) => lineKey(file, line))
  return {
    functions: set(keys.length, (index) => ran.has(keys[index] ?? '')),
    lines: set(places.length, (index) => lines.has(places[index] ?? '')),
  }
}

/** Places of the functions a change is in, by its new lines; where it only takes lines away, by what they stood between. */
function touchedFunctions(changes: readonly FileChange[], functions: readonly CoveredFunction[]): number[] {
  const touched = new Set<number>()
  for (const change of changes) {
    const removals = change.hunks.filter(({ added }) => added.length === 0).map(({ newStart }) => newStart)
    functions.forEach((each, index) => {
      if (each.file !== change.file) return
      const inside = (line: number) => each.start <= line && line <= each.end
      if (newLines(change).some(inside) || removals.some((line) => inside(line) && inside(line + 1))) touched.add(index)
    })
  }
  return [...touched].sort((a, b) => a - b)
}
