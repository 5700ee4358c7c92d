import type { Coverage, CoveredFunction } from '../domain/coverage.js'
import type { TestId } from '../domain/test.js'
import { readBits } from './bits.js'
import type { FileChange, Hunk } from './git-diff.js'

/** What part of a change is looked up in a map, and why. */
export interface Reason {
  /** For people: `xfs_link (fs/xfs/xfs_inode.c)`. */
  readonly what: string
  /** How many tests of the map reach it. */
  readonly tests: number
}

/** A test that reaches a change, and what of it. */
export type ChosenTest = TestId & { readonly because: readonly string[] }

/** What a map says of a change. */
export interface ChosenTests {
  /** Tests that reach it, in the map's order. */
  readonly tests: readonly ChosenTest[]
  readonly reasons: readonly Reason[]
  /** Changed functions no test of the map reaches. */
  readonly unreached: readonly string[]
  /** Changed files the map knows nothing of: the rules are for them. */
  readonly unknownFiles: readonly string[]
}

/**
 * The tests that reach what a change is about.
 * @param changes against the very tree the map was made of: a change is in the function whose lines it takes away or stands in. What stands
 * outside every function (a new function, a structure) counts as every function of the file, but for those of a new function whose callers are
 * changed too: they stand for it.
 */
export function chooseTests(map: Coverage, changes: readonly FileChange[]): ChosenTests {
  const chosen = new Map<number, string[]>()
  const reasons: Reason[] = []
  const unreached: string[] = []
  const unknownFiles: string[] = []
  const reached = map.tests.map(({ functions }) => readBits(functions))
  const take = (what: string, functions: readonly number[]) => {
    const found = [...reached.keys()].filter((test) => functions.some((index) => reached[test]?.(index)))
    for (const test of found) chosen.set(test, [...(chosen.get(test) ?? []), what])
    reasons.push({ what, tests: found.length })
    if (found.length === 0) unreached.push(what)
  }
  for (const change of changes) {
    const file = change.oldFile ?? change.file ?? ''
    const own = [...map.functions.keys()].filter((index) => map.functions[index]?.file === file)
    if (own.length === 0) {
      unknownFiles.push(change.file ?? file)
      continue
    }
    const { inside, outside } = placesOf(change, own, map.functions)
    for (const index of inside) take(describe(map.functions[index]), [index])
    if (outside.some((hunk) => !standsForItself(hunk, change))) take(`${file}, outside its functions`, own)
  }
  const tests = [...chosen].sort(([a], [b]) => a - b).flatMap(([index, because]) => chosenTest(map.tests[index], because))
  return { tests, reasons, unreached, unknownFiles }
}

function placesOf(change: FileChange, own: readonly number[], functions: readonly CoveredFunction[]) {
  const inside = new Set<number>()
  const outside: Hunk[] = []
  for (const hunk of change.hunks) {
    const { oldStart, oldCount } = hunk
    // Lines put between two: both have to be the function's.
    const [first, last] = oldCount === 0 ? [oldStart, oldStart + 1] : [oldStart, oldStart + oldCount - 1]
    const hit = own.filter((index) => {
      const { start = 0, end = 0 } = functions[index] ?? {}
      return oldCount === 0 ? start <= first && last <= end : first <= end && start <= last
    })
    for (const index of hit) inside.add(index)
    if (hit.length === 0) outside.push(hunk)
  }
  return { inside: [...inside].sort((a, b) => a - b), outside }
}

/** Lines outside every function that need no tests of their own: nothing but blanks and comments, or functions others of the change call. */
function standsForItself({ oldCount, added }: Hunk, change: FileChange): boolean {
  const code = added.filter((line) => !/^\s*(?:\/\*|\*|\/\/|$)/.test(line))
  if (code.length === 0) return oldCount === 0
  const names = definedIn(added)
  if (oldCount > 0 || names.length === 0) return false
  const elsewhere = change.hunks.filter((hunk) => hunk.added !== added).flatMap((hunk) => hunk.added)
  // regexp: a function’s name, on lines of the tree under test
  return names.every((name) => elsewhere.some((line) => new RegExp(`\\b${name}\\s*\\(`).test(line)))
}

/** Names of the functions that lines define, as the kernel's style writes them: the name at the line's start, or behind its type. */
function definedIn(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => {
    const [, name] = /^(?:[A-Za-z_][\w\s*]*[\s*])?([A-Za-z_]\w*)\s*\([^;]*$/.exec(line) ?? []
    return name === undefined || /^(?:if|for|while|switch|return|sizeof)$/.test(name) ? [] : [name]
  })
}

function describe(each: CoveredFunction | undefined): string {
  return each === undefined ? '' : `${each.name} (${each.file})`
}

function chosenTest(test: TestId | undefined, because: readonly string[]): readonly ChosenTest[] {
  return test === undefined ? [] : [{ suite: test.suite, section: test.section, name: test.name, because }]
}
