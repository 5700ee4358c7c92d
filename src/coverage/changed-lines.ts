import type { ChangedLine, Guard } from '../domain/coverage.js'
import { guardedBy } from './conditions.js'
import { type FileChange, newLines } from './git-diff.js'
import { byLine, type Tally } from './tally.js'

/** A line is kept up to here. */
const TEXT_CHARACTERS = 200
/** A return stands at most so far behind the condition that leads to it. */
const RETURN_LINES = 20

/** A changed file, as it lies in the tree. */
export interface ChangedSource {
  readonly change: FileChange
  /** Its lines. */
  readonly lines: readonly string[]
}

/** The lines of the change in files that were compiled with counters, with what the tally has of them, by file and line. */
export function changedLines(sources: readonly ChangedSource[], tally: Tally): readonly ChangedLine[] {
  return sources
    .flatMap(({ change, lines }) => {
      const { file } = change
      if (file === null || !tally.files.has(file)) return []
      return newLines(change).map((line) => changedLine({ file, lines, line }, tally))
    })
    .sort(byLine)
}

interface Place {
  readonly file: string
  readonly lines: readonly string[]
  readonly line: number
}

function changedLine(place: Place, tally: Tally): ChangedLine {
  const { file, lines, line } = place
  const text = (lines[line - 1] ?? '').slice(0, TEXT_CHARACTERS)
  const counted = tally.line(file, line)
  const guard = counted === undefined ? guardOfReturn(place, tally) : guardAt(place, tally)
  return {
    ...{ file, line, text, count: counted?.count ?? null, branches: [...(counted?.branches ?? [])] },
    ...(guard === null ? {} : { guard }),
  }
}

/** The condition that begins in this line. */
function guardAt({ file, lines, line }: Place, tally: Tally): Guard | null {
  const guarded = guardedBy(lines, line)
  const counted = tally.line(file, line)
  if (guarded === null || counted === undefined) return null
  const branches = range(line, guarded.conditionEnd).flatMap((each) => tally.line(file, each)?.branches ?? [])
  // A body in the condition's own line has no count of its own.
  const body = firstCounted(file, range(Math.max(guarded.bodyStart, guarded.conditionEnd + 1), guarded.bodyEnd), tally)
  return { line, count: counted.count, branches, bodyCount: body, nextCount: nextCount({ file, lines, line }, guarded.bodyEnd, tally) }
}

/** How often the first line with code behind a body ran, where it is of the same function and nothing jumps to it. */
function nextCount({ file, lines, line }: Place, bodyEnd: number, tally: Tally): number | null {
  const functions = [...(tally.files.get(file)?.functions.values() ?? [])]
  const end = Math.max(0, ...functions.filter((each) => each.start <= line && line <= each.end).map((each) => each.end))
  for (const next of range(bodyEnd + 1, end)) {
    const text = lines[next - 1] ?? ''
    // Behind a label, the end of a loop or an `else`, the count is of other ways as well.
    if (/^\s*(?:\w+:(?!:)|\}|case\b|else\b)/.test(text)) return null
    const counted = tally.line(file, next)
    if (counted !== undefined) return counted.count
  }
  return null
}

function guardOfReturn(place: Place, tally: Tally): Guard | null {
  const { lines, line } = place
  if (!/^\s*return\b/.test(lines[line - 1] ?? '')) return null
  for (let at = line - 1; at >= Math.max(1, line - RETURN_LINES); at -= 1) {
    const guarded = guardedBy(lines, at)
    if (guarded !== null && guarded.bodyStart <= line && line <= guarded.bodyEnd) return guardAt({ ...place, line: at }, tally)
    if (/^\}/.test(lines[at - 1] ?? '')) return null
  }
  return null
}

function firstCounted(file: string, lines: readonly number[], tally: Tally): number | null {
  for (const line of lines) {
    const counted = tally.line(file, line)
    if (counted !== undefined) return counted.count
  }
  return null
}

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)
}
