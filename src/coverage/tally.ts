import type { CoveredFunction } from '../domain/coverage.js'
import type { SourceCounts } from './gcov-output.js'

/** What is known of a line. */
export interface LineTally {
  count: number
  branches: number[]
}

export interface FunctionTally extends CoveredFunction {
  count: number
}

export interface FileTally {
  readonly lines: Map<number, LineTally>
  /** By name and first line. */
  readonly functions: Map<string, FunctionTally>
}

/** Counts of lines, branches and functions by file. What several objects have of one header is added up. */
export class Tally {
  readonly files = new Map<string, FileTally>()

  /** @param nameOf the source's path relative to the tree; null for what is not of it */
  add(sources: readonly SourceCounts[], nameOf: (source: string) => string | null): void {
    for (const { source, functions, lines } of sources) {
      const file = nameOf(source)
      if (file === null) continue
      const tally = this.#file(file)
      for (const { line, count, branches } of lines) addLine(tally.lines, line, { count, branches: [...branches] })
      for (const { name, start, end, count } of functions) addFunction(tally.functions, { file, name, start, end, count })
    }
  }

  /** Adds what another has. */
  merge(other: Tally): void {
    for (const [file, { lines, functions }] of other.files) {
      const tally = this.#file(file)
      for (const [line, counts] of lines) addLine(tally.lines, line, counts)
      for (const each of functions.values()) addFunction(tally.functions, each)
    }
  }

  line(file: string, line: number): LineTally | undefined {
    return this.files.get(file)?.lines.get(line)
  }

  /** Every function, by file and line. */
  functions(): readonly FunctionTally[] {
    return [...this.files.values()].flatMap(({ functions }) => [...functions.values()]).sort(byPlace)
  }

  #file(name: string): FileTally {
    const known = this.files.get(name)
    if (known !== undefined) return known
    const made = { lines: new Map(), functions: new Map() }
    this.files.set(name, made)
    return made
  }
}

function addLine(lines: Map<number, LineTally>, line: number, { count, branches }: LineTally): void {
  const known = lines.get(line)
  if (known === undefined) {
    lines.set(line, { count, branches: [...branches] })
    return
  }
  known.count += count
  // Two objects may have compiled a header differently: the longer list stands, shorter ones are counted from its start.
  branches.forEach((taken, index) => {
    known.branches[index] = (known.branches[index] ?? 0) + taken
  })
}

function addFunction(functions: Map<string, FunctionTally>, given: FunctionTally): void {
  const key = functionKey(given)
  const known = functions.get(key)
  if (known === undefined) functions.set(key, { ...given })
  else known.count += given.count
}

/** What a line is kept under. */
export function lineKey(file: string, line: number): string {
  return `${file}:${line}`
}

/** By file, then line. */
export function byLine(a: { readonly file: string; readonly line: number }, b: { readonly file: string; readonly line: number }): number {
  return compare(a.file, b.file) || a.line - b.line
}

/** What a function is kept under. */
export function functionKey({ file, name, start }: CoveredFunction): string {
  return `${file}\n${start}\n${name}`
}

/** By file, then line, then name. */
export function byPlace(a: CoveredFunction, b: CoveredFunction): number {
  return compare(a.file, b.file) || a.start - b.start || compare(a.name, b.name)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
