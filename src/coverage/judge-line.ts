import type { ChangedLine, Coverage, Guard } from '../domain/coverage.js'
import { readBits } from './bits.js'

/** Which ways a condition went: `part` is one of several conditions in one, of which a branch was never taken. */
export type Ways = 'not-run' | 'both' | 'never-true' | 'never-false' | 'part' | 'unknown'

/**
 * Which way a condition went. gcov says how often each branch was taken and not which is the true one; that the lines behind it say: what it
 * guards runs where it is true, what follows where it is false.
 */
export function waysOf({ count, branches, bodyCount, nextCount }: Guard): Ways {
  if (count === 0) return 'not-run'
  const oneWay = branches.some((taken) => taken === 0)
  if (bodyCount === 0) return 'never-true'
  if (branches.length === 0) return 'unknown'
  if (bodyCount !== null) return oneWay ? (branches.length === 2 ? 'never-false' : 'part') : 'both'
  if (branches.length === 2 && !oneWay) return 'both'
  if (nextCount === null) return 'unknown'
  if (nextCount === 0) return 'never-false'
  // What is guarded has no line: it leaves (returns), so what follows runs as often as the condition is false.
  if (branches.length === 2 || nextCount >= count) return 'never-true'
  return oneWay ? 'part' : 'both'
}

/** What is to be said of a changed line. `no-code`: nothing can be. */
export type LineState = 'run' | 'not-run' | 'never-true' | 'never-false' | 'part' | 'no-code'

/** What the tests made of a changed line. */
export function stateOf(changed: ChangedLine): LineState {
  const { count, guard } = changed
  const ways = guard === undefined ? 'unknown' : waysOf(guard)
  if (count === null) return guard === undefined ? 'no-code' : stateOfReturn(ways)
  if (count === 0) return 'not-run'
  return ways === 'never-true' || ways === 'never-false' || ways === 'part' ? ways : 'run'
}

function stateOfReturn(ways: Ways): LineState {
  if (ways === 'not-run' || ways === 'never-true') return 'not-run'
  return ways === 'both' || ways === 'never-false' ? 'run' : 'no-code'
}

/** Changed lines that are one thing to look at: none of them was run by a test. */
export interface UnrunRange {
  readonly file: string
  readonly first: number
  readonly last: number
}

/** Each contiguous range of changed lines that no test ran; lines without code between two of them belong to it. */
export function unrunRanges(changed: readonly ChangedLine[]): readonly UnrunRange[] {
  const ranges: UnrunRange[] = []
  let open: UnrunRange | null = null
  let before: ChangedLine | null = null
  const close = () => {
    if (open !== null) ranges.push(open)
    open = null
  }
  for (const line of changed) {
    if (before === null || before.file !== line.file || before.line + 1 !== line.line) close()
    before = line
    const state = stateOf(line)
    const last: UnrunRange | null = open
    if (state === 'not-run') open = { file: line.file, first: last === null ? line.line : (last as UnrunRange).first, last: line.line }
    else if (state !== 'no-code') close()
  }
  close()
  return ranges
}

/** Says of a changed line, by its place in `changed`, the names of the tests that ran it. */
export function testsByLine({ tests }: Pick<Coverage, 'tests'>): (index: number) => readonly string[] {
  const ran = tests.map(({ name, lines }) => ({ name, isRun: readBits(lines) }))
  return (index) => ran.filter(({ isRun }) => isRun(index)).map(({ name }) => name)
}

/** The places in `functions` of the changed ones that a test reached. */
export function reachedFunctions({ touched, tests }: Pick<Coverage, 'touched' | 'tests'>): ReadonlySet<number> {
  const reached = tests.map(({ functions }) => readBits(functions))
  return new Set(touched.filter((index) => reached.some((isReached) => isReached(index))))
}
