import type { ChangedLine, Coverage, CoverageTest, CoveredFunction, Guard } from '../domain/coverage.js'
import { testKey } from '../domain/test-key.js'
import { packBits, unpackBits } from './bits.js'
import { byLine, byPlace, functionKey, lineKey } from './tally.js'

/** Two parts of one run's coverage as one: associative, and the same either way but for the order of tests. */
export function mergeCoverage(left: Coverage, right: Coverage): Coverage {
  const functions = union(left.functions, right.functions, functionKey, (a) => a).sort(byPlace)
  const changed = union(left.changed, right.changed, placeOf, mergeLines).sort(byLine)
  const touched = new Set<number>()
  const moved = [left, right].map((part) => {
    const placesOfFunctions = placesIn(part.functions.map(functionKey), functions.map(functionKey))
    const placesOfLines = placesIn(part.changed.map(placeOf), changed.map(placeOf))
    for (const index of part.touched) for (const place of placesOfFunctions(index)) touched.add(place)
    return part.tests.map((test) => ({
      ...test,
      functions: moveBits(test.functions, part.functions.length, placesOfFunctions, functions.length),
      lines: moveBits(test.lines, part.changed.length, placesOfLines, changed.length),
    }))
  })
  return {
    ...left,
    directories: sortedUnion(left.directories, right.directories),
    withoutCounters: sortedUnion(left.withoutCounters, right.withoutCounters),
    executable: Math.max(left.executable, right.executable),
    executed: Math.max(left.executed, right.executed),
    notCompiled: sortedUnion(left.notCompiled, right.notCompiled),
    ...{ changed, touched: [...touched].sort((a, b) => a - b), functions },
    tests: mergeTests(moved[0] ?? [], moved[1] ?? [], { functions, changed }),
  }
}

/** Where what stands at a place of one list stands in another; nowhere: none. */
function placesIn(from: readonly string[], to: readonly string[]): (index: number) => readonly number[] {
  const places = new Map(to.map((key, index) => [key, [index]]))
  return (index) => places.get(from[index] ?? '') ?? []
}

interface Lists {
  readonly functions: readonly CoveredFunction[]
  readonly changed: readonly ChangedLine[]
}

/** Bits of a list of this length, at their places in another. */
function moveBits(bits: string, length: number, placesOf: (index: number) => readonly number[], newLength: number): string {
  return packBits(unpackBits(bits, length).flatMap(placesOf), newLength)
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
  const guard = a.guard === undefined || b.guard === undefined ? (a.guard ?? b.guard) : mergeGuards(a.guard, b.guard)
  return {
    ...a,
    count: plus(a.count, b.count),
    branches: addUp(a.branches, b.branches),
    ...(guard === undefined ? {} : { guard }),
  }
}

function mergeGuards(a: Guard, b: Guard): Guard {
  return {
    line: a.line,
    count: a.count + b.count,
    branches: addUp(a.branches, b.branches),
    bodyCount: plus(a.bodyCount, b.bodyCount),
    nextCount: plus(a.nextCount, b.nextCount),
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

const placeOf = ({ file, line }: ChangedLine): string => lineKey(file, line)

function sortedUnion(a: readonly string[], b: readonly string[]): string[] {
  return [...new Set([...a, ...b])].sort()
}
