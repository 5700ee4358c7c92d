import { byLength, dealEvenly, type Load, sectionOf } from './balance.js'
import { OFF_BY_TWO, timesOf } from './off-times.js'
import type { TimedTest } from './shard.js'

/** What one runner gets in the mean, in the order in which it is cut: the section with most of it first, and of each the longest test first. */
export interface Share {
  readonly tests: readonly TimedTest[]
  /** The seconds of all tests before each place, by draw: 0 is what is believed. */
  sums(draw: number): Float64Array
  /** Places at which another section begins. */
  readonly boundaries: readonly number[]
  /** What it is off, in seconds, by the law of the draws. */
  readonly deviation: number
  /** Guests and starts of each section's that it may cost. */
  readonly parts: number
}

type Times = (test: TimedTest) => readonly number[]

/** `timesOf`, reckoned once a test. */
export function rememberedTimes(): Times {
  const known = new Map<TimedTest, readonly number[]>()
  return (test) => {
    const times = known.get(test) ?? timesOf(test)
    known.set(test, times)
    return times
  }
}

/** As many shares as there are loads, of the same tests. */
export function plainShares(loads: readonly Load[], times: Times): readonly Share[] {
  return loads.map(({ tests }) => shareOfSections(tests, { parts: 1, times }))
}

/**
 * Shares of which each costs `level` guests in the mean. Where that is no whole number the section's long tests, which are off the most,
 * go to those that may be cut once more; they get so much less. Who is shared by sections keeps what he has: to cut where a section ends is
 * for nothing.
 * @param setup a guest and a start, in seconds
 */
export function sharesOf(
  loads: readonly Load[],
  { setup, level, times }: { readonly setup: number; readonly level: number; readonly times: Times },
): readonly Share[] {
  const parts = Math.floor(level)
  const shared = loads.filter(({ sections }) => sections.size > 1)
  const shares = shared.map(({ tests }) => shareOfSections(tests, { parts, times }))
  let owed = 0
  for (const { tests, count } of alone(loads)) {
    owed += (level - parts) * count
    const more = Math.min(count, Math.round(owed))
    owed -= more
    const place = more === count ? tests.length : cutOf(tests, { setup, parts, count, more })
    for (const dealt of dealEvenly(tests.slice(0, place), more)) shares.push(shareOfSection(dealt, { parts: parts + 1, times }))
    for (const dealt of dealEvenly(tests.slice(place), count - more)) shares.push(shareOfSection(dealt, { parts, times }))
  }
  return shares.filter(({ tests }) => tests.length > 0)
}

interface Alone {
  /** Longest first. */
  readonly tests: readonly TimedTest[]
  readonly count: number
}

/** The tests of those that have one section alone, and how many they are, by section. */
function alone(loads: readonly Load[]): readonly Alone[] {
  const sections = new Map<string, Load[]>()
  for (const load of loads) {
    const [section] = load.sections
    if (load.sections.size === 1 && section !== undefined) sections.set(section, [...(sections.get(section) ?? []), load])
  }
  return [...sections.values()].map((own) => ({ tests: own.flatMap(({ tests }) => tests).sort(byLength), count: own.length }))
}

/** How many of the tests, longest first, `more` of `count` take that pay a guest more than the others, so that all end at once. */
function cutOf(
  tests: readonly TimedTest[],
  { setup, parts, count, more }: { readonly setup: number; readonly parts: number; readonly count: number; readonly more: number },
): number {
  const total = tests.reduce((sum, test) => sum + test.seconds, 0)
  const end = (total + setup * (parts * count + more)) / count
  const most = more * (end - setup * (parts + 1))
  let place = 0
  let seconds = 0
  for (const test of tests) {
    if (seconds + test.seconds / 2 >= most) break
    seconds += test.seconds
    place += 1
  }
  return place
}

interface Terms {
  readonly parts: number
  readonly times: Times
}

/** @param tests of one section, longest first */
function shareOfSection(tests: readonly TimedTest[], terms: Terms): Share {
  return shareOf(tests, [], terms)
}

function shareOfSections(members: readonly TimedTest[], terms: Terms): Share {
  const sections = new Map<string, { readonly tests: TimedTest[]; seconds: number }>()
  for (const test of [...members].sort(byLength)) {
    const section = sections.get(sectionOf(test)) ?? { tests: [], seconds: 0 }
    section.tests.push(test)
    section.seconds += test.seconds
    sections.set(sectionOf(test), section)
  }
  const order = [...sections].sort(([left, most], [right, other]) => other.seconds - most.seconds || (left < right ? -1 : 1))
  const tests: TimedTest[] = []
  const boundaries: number[] = []
  for (const [, section] of order) {
    if (tests.length > 0) boundaries.push(tests.length)
    tests.push(...section.tests)
  }
  return shareOf(tests, boundaries, terms)
}

function shareOf(tests: readonly TimedTest[], boundaries: readonly number[], { parts, times }: Terms): Share {
  const squares = tests.reduce((sum, test) => sum + test.seconds ** 2, 0)
  const own = tests.map(times)
  const known: Float64Array[] = []
  const sums = (draw: number) => {
    let before = known[draw]
    if (before === undefined) {
      before = new Float64Array(own.length + 1)
      for (let place = 0; place < own.length; place += 1) before[place + 1] = (before[place] ?? 0) + (own[place]?.[draw] ?? 0)
      known[draw] = before
    }
    return before
  }
  return { tests, sums, boundaries, deviation: OFF_BY_TWO * Math.sqrt(squares), parts }
}
