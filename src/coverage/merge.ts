import type { ChangedLine, Coverage, CoverageTest, CoveredFunction } from '../domain/coverage.js'
import { testKey } from '../domain/test-key.js'
import { packBits, unpackBits } from './bits.js'
import { byPlace, functionKey } from './tally.js'

/** Two parts of one run's coverage as one: associative, and the same either way but for the order of tests. */
export function mergeCoverage(left: Coverage, right: Coverage): Coverage {
  const functions = union(left.functions, right.functions, functionKey, (a) => a).sort(byPlace)
  const changed = union(left.changed, right.changed, placeOf, mergeLines).sort(byLine)
  const moved = [left, right].map((part) => part.tests.map((test) => moveTest(test, part, { functions, changed })))
  const keys = functions.map(functionKey)
  const touched = new Set([left, right].flatMap((part) => part.touched.map((index) => keys.indexOf(keyAt(part.functions, index)))))
  const tests = mergeTests(moved[0] ?? [], moved[1] ?? [], { functions, changed })
  return {
    ...left,
    directories: sortedUnion(left.directories, right.directories),
    withoutCounters: sortedUnion(left.withoutCounters, right.withoutCounters),
    executable: Math.max(left.executable, right.executable),
    executed: Math.max(left.executed, right.executed),
    notCompiled: sortedUnion(left.notCompiled, right.notCompiled),
    ...{ changed, touched: [...touched].filter((index) => index >= 0).sort((a, b) => a - b), functions, tests },
  }
}

interface Lists {
  readonly functions: readonly CoveredFunction[]
  readonly changed: readonly ChangedLine[]
}

/** The test with its bits where the merged lists have what they mean. */
function moveTest(test: CoverageTest, from: Lists, to: Lists): CoverageTest {
  return {
    ...test,
    functions: moveBits(test.functions, from.functions.map(functionKey), to.functions.map(functionKey)),
    lines: moveBits(test.lines, from.changed.map(placeOf), to.changed.map(placeOf)),
  }
}

function moveBits(bits: string, from: readonly string[], to: readonly string[]): string {
  if (from.length === to.length && from.every((key, index) => key === to[index])) return bits
  const places = new Map(to.map((key, index) => [key, index]))
  return packBits(
    unpackBits(bits, from.length).flatMap((index) => places.get(from[index] ?? '') ?? []),
    to.length,
  )
}

function mergeTests(left: readonly CoverageTest[], right: readonly CoverageTest[], { functions, changed }: Lists): CoverageTest[] {
  return union(left, right, testKey, (a, b) => ({
    ...a,
    functions: either(a.functions, b.functions, functions.length),
    lines: either(a.lines, b.lines, changed.length),
  }))
}

function either(a: string, b: string, length: number): string {
  return packBits([...unpackBits(a, length), ...unpackBits(b, length)], length)
}

function mergeLines(a: ChangedLine, b: ChangedLine): ChangedLine {
  const guard = a.guard ?? b.guard
  return {
    ...a,
    count: plus(a.count, b.count),
    branches: addUp(a.branches, b.branches),
    ...(guard === undefined || a.guard === undefined || b.guard === undefined
      ? guard === undefined
        ? {}
        : { guard }
      : {
          guard: {
            line: a.guard.line,
            count: a.guard.count + b.guard.count,
            branches: addUp(a.guard.branches, b.guard.branches),
            bodyCount: plus(a.guard.bodyCount, b.guard.bodyCount),
            nextCount: plus(a.guard.nextCount, b.guard.nextCount),
          },
        }),
  }
}

function plus(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : a + b
}

function addUp(a: readonly number[], b: readonly number[]): number[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => (a[index] ?? 0) + (b[index] ?? 0))
}

function union<T>(left: readonly T[], right: readonly T[], key: (each: T) => string, join: (a: T, b: T) => T): T[] {
  const all = new Map<string, T>()
  for (const each of [...left, ...right]) {
    const known = all.get(key(each))
    all.set(key(each), known === undefined ? each : join(known, each))
  }
  return [...all.values()]
}

function placeOf({ file, line }: ChangedLine): string {
  return `${file}:${line}`
}

function byLine(a: ChangedLine, b: ChangedLine): number {
  return a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1
}

function keyAt(functions: readonly CoveredFunction[], index: number): string {
  const found = functions[index]
  return found === undefined ? '' : functionKey(found)
}

function sortedUnion(a: readonly string[], b: readonly string[]): string[] {
  return [...new Set([...a, ...b])].sort()
}
