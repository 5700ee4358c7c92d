import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { UserError } from '../../../src/domain/errors.js'
import {
  balanceShards,
  endOf,
  fewestShards,
  lowerBound,
  parseTimesTable,
  type Shard,
  shardsForRunners,
  type TimedTest,
} from '../../../src/plan/shards/index.js'

const fixed = { guestSeconds: 30, startSeconds: 12 }

const tests: fc.Arbitrary<TimedTest[]> = fc.uniqueArray(
  fc.record({
    suite: fc.constantFrom('fstests', 'kselftest'),
    section: fc.constantFrom('xfs_4k', 'ext4_4k', 'btrfs'),
    name: fc.integer({ min: 1, max: 400 }).map((number) => `generic/${String(number).padStart(3, '0')}`),
    seconds: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 4000 })),
  }),
  { selector: (timed) => JSON.stringify([timed.suite, timed.section, timed.name]), maxLength: 120 },
)

const idOf = (timed: Omit<TimedTest, 'seconds'>) => JSON.stringify([timed.suite, timed.section, timed.name])

/** What the shards really cost, from the tests themselves. */
function costs(shards: ReturnType<typeof balanceShards>, all: readonly TimedTest[]): number[] {
  const seconds = new Map(all.map((timed) => [idOf(timed), timed.seconds]))
  return shards.map((shard) => {
    const sections = new Set(shard.tests.map((timed) => `${timed.suite} ${timed.section}`))
    return (
      sections.size * (fixed.guestSeconds + fixed.startSeconds) +
      shard.tests.reduce((sum, timed) => sum + (seconds.get(idOf(timed)) ?? 0), 0)
    )
  })
}

/** Eight hundred tests a section, as unlike as fstests' are: most take seconds, a few many minutes. */
function sectionsOf(count: number, longest = 400): TimedTest[] {
  return Array.from({ length: count }, (_, section) =>
    Array.from({ length: 800 }, (_test, index) => ({
      suite: 'fstests',
      section: `section-${section}`,
      name: `generic/${String(index).padStart(3, '0')}`,
      seconds: 1 + Math.floor(longest ** (((index * 7919 + section * 104_729) % 1000) / 1000)),
    })),
  ).flat()
}

describe('balanceShards', () => {
  test('every test stands in exactly one shard, and a shard says what it costs', () => {
    fc.assert(
      fc.property(tests, fc.integer({ min: 1, max: 70 }), (all, count) => {
        const shards = balanceShards(all, fixed, count)
        expect(shards.length).toBeLessThanOrEqual(count)
        expect(shards.flatMap((shard) => shard.tests.map(idOf)).sort()).toEqual(all.map(idOf).sort())
        expect(shards.every((shard) => shard.tests.length > 0)).toBe(true)
        const real = costs(shards, all)
        for (const [index, shard] of shards.entries()) expect(Math.abs(shard.seconds - (real[index] ?? 0))).toBeLessThan(0.1)
      }),
      { numRuns: 300 },
    )
  })

  test('the order in which tests are named changes nothing', () => {
    const all = sectionsOf(3).slice(0, 900)
    const expected = balanceShards(all, fixed, 8)
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
        expect(balanceShards(shuffled, fixed, 8)).toEqual(expected)
      }),
      { numRuns: 25 },
    )
  })

  test('nor does it with times that are no whole numbers', () => {
    const all = sectionsOf(3)
      .filter((_timed, index) => index % 96 === 0)
      .map((timed, index) => ({ ...timed, seconds: timed.seconds / 3 + index / 7 }))
    const small = { guestSeconds: 0.3, startSeconds: 0.1 }
    const shuffles = fc.shuffledSubarray(all, { minLength: all.length })
    const isSame = (plan: (tests: readonly TimedTest[]) => readonly Shard[]) => {
      const expected = JSON.stringify(plan(all))
      return fc.property(shuffles, (shuffled) => JSON.stringify(plan(shuffled)) === expected)
    }
    fc.assert(
      isSame((tests) => balanceShards(tests, fixed, 8)),
      { numRuns: 1000 },
    )
    // Each tries a few hundred plans.
    fc.assert(
      isSame((tests) => shardsForRunners(tests, small, 5)),
      { numRuns: 100 },
    )
  })

  test.each([1, 2, 3, 7, 16, 33, 64])('%i runners end within a twentieth of what can be', (count) => {
    const all = sectionsOf(10)
    const latest = Math.max(...costs(balanceShards(all, fixed, count), all))
    expect(latest / lowerBound(all, fixed, count)).toBeLessThanOrEqual(1.05)
  })

  test('a test longer than all the rest has a runner of its own', () => {
    const long = { suite: 'fstests', section: 'section-0', name: 'generic/999', seconds: 50_000 }
    const all = [...sectionsOf(1), long]
    const shards = balanceShards(all, fixed, 4)
    expect(shards.find((shard) => shard.tests.some((timed) => timed.name === 'generic/999'))?.tests).toHaveLength(1)
  })

  test('no test, no shard', () => {
    expect(balanceShards([], fixed, 4)).toEqual([])
  })
})

describe('shardsForRunners', () => {
  test('every test stands in exactly one shard, and the order in which tests are named changes nothing', () => {
    fc.assert(
      fc.property(tests, fc.integer({ min: 1, max: 64 }), fc.integer(), (all, runners, seed) => {
        const shards = shardsForRunners(all, fixed, runners)
        expect(shards.flatMap((shard) => shard.tests.map(idOf)).sort()).toEqual(all.map(idOf).sort())
        const [shuffled = all] = fc.sample(fc.shuffledSubarray(all, { minLength: all.length }), { numRuns: 1, seed })
        expect(shardsForRunners(shuffled, fixed, runners)).toEqual(shards)
      }),
      { numRuns: 200 },
    )
  })

  test('some of the work is held back for times that are off where that costs little, and none where each further guest weighs', () => {
    const many = sectionsOf(10)
    expect(shardsForRunners(many, fixed, 24).length).toBeGreaterThanOrEqual(48)
    const few = sectionsOf(1, 40)
    const shards = shardsForRunners(few, fixed, 24)
    expect(shards).toHaveLength(24)
    const end = endOf(costs(shards, few), 24)
    expect(end / lowerBound(few, fixed, 24)).toBeLessThanOrEqual(1.05)
  })

  test('with times off by two the last runner ends earlier than by shares that are even', () => {
    const all = sectionsOf(10)
    const random = fc.sample(fc.double({ min: 0, max: 1, noNaN: true, noDefaultInfinity: true }), { numRuns: all.length, seed: 7 })
    const real = all.map((timed, index) => ({ ...timed, seconds: timed.seconds * 2 ** (2 * (random[index] ?? 0) - 1) }))
    const bound = lowerBound(real, fixed, 48)
    expect(endOf(costs(shardsForRunners(all, fixed, 48), real), 48) / bound).toBeLessThanOrEqual(1.1)
    expect(endOf(costs(balanceShards(all, fixed, 48), real), 48) / bound).toBeGreaterThan(1.1)
  })
})

test('a runner that has one of a few very long tests gets little beside it', () => {
  // Spread as a Pareto distribution: of 1200 tests the longest takes two hundred times the shortest.
  const all = Array.from({ length: 1200 }, (_, index) => ({
    ...{ suite: 'fstests', section: `section-${index % 2}`, name: `generic/${String(index).padStart(4, '0')}` },
    seconds: 8 / (1 - (index + 0.5) / 1200) ** 0.75,
  }))
  const cheap = { guestSeconds: 15, startSeconds: 5 }
  const shards = shardsForRunners(all, cheap, 20)
  const setups = shards.map(({ tests: own }) => 20 * new Set(own.map(({ section }) => section)).size)
  const ends = Array.from({ length: 9 }, (_, seed) => {
    const random = fc.sample(fc.double({ min: 0, max: 1, noNaN: true, noDefaultInfinity: true }), { numRuns: all.length, seed })
    const real = all.map((timed, index) => ({ ...timed, seconds: timed.seconds * 2 ** (2 * (random[index] ?? 0) - 1) }))
    const seconds = new Map(real.map((timed) => [idOf(timed), timed.seconds]))
    const took = shards.map(({ tests: own }, index) => own.reduce((sum, test) => sum + (seconds.get(idOf(test)) ?? 0), setups[index] ?? 0))
    return endOf(took, 20) / lowerBound(real, cheap, 20)
  }).sort((left, right) => left - right)
  expect(ends[4]).toBeLessThanOrEqual(1.1)
})

describe('fewestShards', () => {
  test('each ends within the limit, and one fewer would not', () => {
    const all = sectionsOf(4)
    const { shards, fits } = fewestShards(all, fixed, 3600)
    expect(fits).toBe(true)
    expect(Math.max(...costs(shards, all))).toBeLessThanOrEqual(3600)
    expect(Math.max(...costs(balanceShards(all, fixed, shards.length - 1), all))).toBeGreaterThan(3600)
  })

  test('a test longer than the limit is said, and no more runners are asked for than help', () => {
    const all = [...sectionsOf(1, 20), { suite: 'fstests', section: 'section-0', name: 'generic/999', seconds: 9000 }]
    const { shards, fits } = fewestShards(all, fixed, 3600)
    expect(fits).toBe(false)
    expect(shards.length).toBeLessThan(6)
  })
})

describe('parseTimesTable', () => {
  test('reads seconds of guests, starts and tests', () => {
    const text = '{"fixed":{"guest":30,"start":12},"tests":[{"suite":"fstests","section":"xfs_4k","name":"generic/001","seconds":4.5}]}'
    expect(parseTimesTable(text, 'times.json')).toEqual({
      fixed,
      tests: [{ suite: 'fstests', section: 'xfs_4k', name: 'generic/001', seconds: 4.5 }],
    })
  })

  test.each([
    ['no JSON', '{'],
    ['no table', '{"tests":[]}'],
    ['less than nothing', '{"fixed":{"guest":1,"start":1},"tests":[{"suite":"s","section":"x","name":"a","seconds":-1}]}'],
    [
      'one test twice',
      '{"fixed":{"guest":1,"start":1},"tests":[{"suite":"s","section":"x","name":"a","seconds":1},{"suite":"s","section":"x","name":"a","seconds":2}]}',
    ],
  ])('%s is refused, naming the file', (_what, text) => {
    expect(() => parseTimesTable(text, 'times.json')).toThrow(UserError)
    expect(() => parseTimesTable(text, 'times.json')).toThrow(/times\.json/)
  })
})
