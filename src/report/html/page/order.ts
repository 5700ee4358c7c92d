import { PLACES } from '../../bucket.js'
import type { PageData } from '../page-data.js'

/** A row of the list: a test, or the heading of those below it that fail alike. */
export type Row =
  | { readonly kind: 'test'; readonly test: number /** Among the tests, from 0. */; readonly position: number }
  | { readonly kind: 'cause'; readonly cause: number; readonly tests: number }

/** All tests in each order but the plan's, as indices; made once, so that a filter only has to walk through one. */
export interface Ranks {
  readonly orders: Readonly<Record<'importance' | 'name' | 'slowest' | 'slower', readonly number[]>>
  /** The cause each test shares with others, as a place in `causes`; null: none. */
  readonly cause: readonly (number | null)[]
}

export function ranksOf(data: PageData): Ranks {
  const { name, place, ms, usualMs } = data.tests
  const cause = causesByTest(data)
  const slower = (index: number) => (ms[index] ?? 0) - (usualMs[index] ?? ms[index] ?? 0)
  const placeRank = new Map(PLACES.map((each, index) => [each, index]))
  // Failures with one cause stand together, where the first of them would.
  const anchors = new Map<string, number>()
  const anchor = name.map((_, index) => {
    const own = cause[index] ?? null
    if (own === null) return index
    const key = `${place[index]} ${own}`
    const first = anchors.get(key) ?? index
    anchors.set(key, first)
    return first
  })
  const rankOf = (index: number) => placeRank.get(place[index] ?? 'pass') ?? PLACES.length
  const keys = name.map((each) => each.replace(/\d+/g, (digits) => digits.padStart(12, '0')))
  return {
    cause,
    orders: {
      importance: inOrder(name.length, (a, b) => rankOf(a) - rankOf(b) || (anchor[a] ?? a) - (anchor[b] ?? b)),
      name: inOrder(name.length, (a, b) => ((keys[a] ?? '') < (keys[b] ?? '') ? -1 : (keys[a] ?? '') > (keys[b] ?? '') ? 1 : 0)),
      slowest: inOrder(name.length, (a, b) => (ms[b] ?? -1) - (ms[a] ?? -1)),
      slower: inOrder(name.length, (a, b) => slower(b) - slower(a)),
    },
  }
}

function causesByTest(data: PageData): readonly (number | null)[] {
  const cause: (number | null)[] = data.tests.name.map(() => null)
  data.causes.forEach(({ tests }, index) => {
    for (const test of tests) cause[test] = index
  })
  return cause
}

/** Those that are equal stay as they were planned. */
function inOrder(length: number, compare: (a: number, b: number) => number): readonly number[] {
  return Array.from({ length }, (_, index) => index).sort((a, b) => compare(a, b) || a - b)
}

/** The rows of tests in this order: with a heading above two or more that stand together and have one cause and one place. */
export function rowsOf(shown: readonly number[], data: PageData, { cause }: Pick<Ranks, 'cause'>): readonly Row[] {
  const rows: Row[] = []
  for (let index = 0; index < shown.length; ) {
    const first = shown[index] ?? 0
    const own = cause[first] ?? null
    let end = index + 1
    while (own !== null && end < shown.length && isAlike(shown[end] ?? 0, first, data, cause)) end += 1
    if (own !== null && end - index > 1) rows.push({ kind: 'cause', cause: own, tests: end - index })
    for (; index < end; index += 1) rows.push({ kind: 'test', test: shown[index] ?? 0, position: index })
  }
  return rows
}

function isAlike(test: number, first: number, data: PageData, cause: Ranks['cause']): boolean {
  return cause[test] === cause[first] && data.tests.place[test] === data.tests.place[first]
}
