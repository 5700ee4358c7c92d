import type { FixedCost, Shard, TimedTest } from './shard.js'

/**
 * Shares tests out to at most `count` runners so that the last to end ends as early as can be.
 *
 * A runner pays a guest and a start of the suite for each section it takes, so sections are first packed: whole runners, and one that is
 * shared with the next section. Then the tests of a section's own runners are dealt longest first to whichever has least to do (longest
 * processing time first, Graham 1969). Deterministic: the same tests in any order give the same shards.
 * @param count at least 1; fewer shards come where there are fewer tests
 */
export function balanceShards(tests: readonly TimedTest[], fixed: FixedCost, count: number): readonly Shard[] {
  return balanceLoads(tests, fixed, count).map(toShard)
}

/** As `balanceShards`, of the tests themselves. */
export function balanceLoads(tests: readonly TimedTest[], fixed: FixedCost, count: number): readonly Load[] {
  if (tests.length === 0) return []
  const sections = groupBySection(tests)
  const setup = fixed.guestSeconds + fixed.startSeconds
  // In one order: sums of fractions depend on it.
  let low = lowerBound(
    sections.flatMap((section) => section.tests),
    fixed,
    count,
  )
  let packing = pack(sections, setup, low, count)
  let high = low
  while (packing === null) {
    high *= 1.1
    packing = pack(sections, setup, high, count)
  }
  for (let round = 0; round < SEARCH_ROUNDS && high - low > high * PRECISION; round += 1) {
    const middle = (low + high) / 2
    const better = pack(sections, setup, middle, count)
    if (better === null) low = middle
    else {
      packing = better
      high = middle
    }
  }
  const dealt = deal(packing, setup)
  const best = makespan(dealt) <= makespan(packing) * (1 + SLACK_FOR_EVEN) ? dealt : packing
  return best.filter((load) => load.tests.length > 0)
}

/**
 * No plan can end before this: a guest, a start and the longest test; or all the work, evenly, with a guest a runner and a start a
 * section, in seconds.
 */
export function lowerBound(tests: readonly TimedTest[], fixed: FixedCost, count: number): number {
  let longest = 0
  let total = 0
  const keys = new Set<string>()
  for (const test of tests) {
    longest = Math.max(longest, test.seconds)
    total += test.seconds
    keys.add(sectionOf(test))
  }
  const sections = keys.size
  const even = (total + count * fixed.guestSeconds + sections * fixed.startSeconds) / count
  return Math.max(fixed.guestSeconds + fixed.startSeconds + longest, even)
}

const SEARCH_ROUNDS = 24
const PRECISION = 0.001
/** So much later the even deal may end by the plan's own times: it ends earlier when they are off. */
const SLACK_FOR_EVEN = 0.01
/** A runner that is nearly full is not opened for another section: it must have room for as much work as the section's set-up costs. */
const LEAST_WORK_PER_SETUP = 1

/** What one runner takes. */
export interface Load {
  seconds: number
  readonly sections: ReadonlySet<string>
  readonly tests: readonly TimedTest[]
}

interface OpenLoad extends Load {
  readonly sections: Set<string>
  readonly tests: TimedTest[]
}

interface SectionTests {
  readonly section: string
  /** Longest first. */
  readonly tests: readonly TimedTest[]
}

export function sectionOf(test: TimedTest): string {
  return `${test.suite}\n${test.section}`
}

function groupBySection(tests: readonly TimedTest[]): readonly SectionTests[] {
  const groups = new Map<string, TimedTest[]>()
  for (const test of tests) {
    const known = groups.get(sectionOf(test))
    if (known === undefined) groups.set(sectionOf(test), [test])
    else known.push(test)
  }
  const totals = [...groups].map(([section, members]) => ({
    section,
    tests: members.sort(byLength),
    total: members.reduce((sum, test) => sum + test.seconds, 0),
  }))
  return totals.sort((left, right) => right.total - left.total || compare(left.section, right.section))
}

/** The longest first; of equal ones in one order, whatever order they come in. */
export function byLength(left: TimedTest, right: TimedTest): number {
  return right.seconds - left.seconds || compare(sectionOf(left), sectionOf(right)) || compare(left.name, right.name)
}

/** By code unit: the same on every machine, whatever its locale. */
function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

/** First fit, longest first, section by section, in runners that end by `limit`; null where `count` of them do not hold it. */
function pack(sections: readonly SectionTests[], setup: number, limit: number, count: number): readonly Load[] | null {
  const loads: OpenLoad[] = []
  for (const { section, tests } of sections) {
    const open = loads.filter((load) => limit - load.seconds >= setup * (1 + LEAST_WORK_PER_SETUP))
    // What each has room for, with the section's set-up taken off.
    const rooms = open.map((load) => limit - load.seconds - setup)
    for (const test of tests) {
      const place = rooms.findIndex((room) => room >= test.seconds)
      const fits = open[place]
      if (fits !== undefined) {
        put(fits, section, test, setup)
        rooms[place] = (rooms[place] ?? 0) - test.seconds
      } else if (loads.length === count || setup + test.seconds > limit * (1 + 1e-9)) return null
      else {
        const fresh: OpenLoad = { seconds: 0, sections: new Set(), tests: [] }
        put(fresh, section, test, setup)
        loads.push(fresh)
        open.push(fresh)
        rooms.push(limit - setup - test.seconds)
      }
    }
  }
  return loads
}

function put(load: OpenLoad, section: string, test: TimedTest, setup: number): void {
  load.seconds += test.seconds + (load.sections.has(section) ? 0 : setup)
  load.sections.add(section)
  load.tests.push(test)
}

/**
 * The runners of one section alone deal their tests anew, longest first, each to the one that has least to do: first fit has filled the
 * early ones with the long tests, and those are the ones that end late when times are off. Who is shared by sections stays as packed.
 */
function deal(packing: readonly Load[], setup: number): readonly Load[] {
  const shared = packing.filter((load) => load.sections.size > 1)
  const alone = new Map<string, Load[]>()
  for (const load of packing) {
    const [section] = load.sections
    if (load.sections.size === 1 && section !== undefined) alone.set(section, [...(alone.get(section) ?? []), load])
  }
  return [...shared, ...[...alone.values()].flatMap((loads) => dealOne(loads, setup))]
}

function dealOne(packed: readonly Load[], setup: number): readonly Load[] {
  const tests = packed.flatMap((load) => load.tests).sort(byLength)
  const sections = new Set(tests.map(sectionOf))
  return dealEvenly(tests, packed.length).map((own) => ({
    seconds: own.reduce((sum, test) => sum + test.seconds, setup),
    sections,
    tests: own,
  }))
}

/** So many hands of tests: each, in the order given, to the one that has least to do. */
export function dealEvenly(tests: readonly TimedTest[], count: number): readonly (readonly TimedTest[])[] {
  const hands = Array.from({ length: count }, () => ({ seconds: 0, tests: [] as TimedTest[] }))
  for (const test of tests) {
    const least = hands.reduce((best, hand) => (hand.seconds < best.seconds ? hand : best))
    least.seconds += test.seconds
    least.tests.push(test)
  }
  return hands.map((hand) => hand.tests)
}

function makespan(loads: readonly Load[]): number {
  return loads.reduce((most, load) => Math.max(most, load.seconds), 0)
}

export function toShard(load: Load): Shard {
  const tests = [...load.tests].sort((left, right) => compare(sectionOf(left), sectionOf(right)) || byLength(left, right))
  return { tests: tests.map(({ suite, section, name }) => ({ suite, section, name })), seconds: Math.round(load.seconds * 10) / 10 }
}
