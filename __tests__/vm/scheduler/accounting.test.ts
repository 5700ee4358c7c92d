import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { fairShare } from '../../../src/vm/scheduler/fair-share.js'
import { TestQueue } from '../../../src/vm/scheduler/queue.js'
import { restOf, takeOver } from '../../../src/vm/scheduler/take-over.js'
import type { Behaviour, GuestFate } from './fake-world.js'
import { numbered, play, startCounts } from './setting.js'

const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constant('passes' as const) },
    { weight: 1, arbitrary: fc.constantFrom('panics' as const, 'hangs' as const, 'ends-check' as const) },
  ),
  seconds: fc.integer({ min: 1, max: 60 }),
})
const fate: fc.Arbitrary<GuestFate> = fc.record({
  boot: fc.oneof(
    { weight: 8, arbitrary: fc.constant('ready' as const) },
    { weight: 1, arbitrary: fc.constantFrom('hangs' as const, 'dies' as const, 'cannot-start' as const) },
  ),
  killedAfterSeconds: fc.option(fc.integer({ min: 0, max: 300 }), { nil: null }),
})
const scenario = fc.record({
  plan: fc.dictionary(
    fc.constantFrom('xfs', 'ext4', 'btrfs'),
    fc.integer({ min: 0, max: 25 }).map((count) => numbered(count)),
    { minKeys: 1 },
  ),
  vms: fc.integer({ min: 1, max: 4 }),
  behaviours: fc.array(behaviour, { minLength: 1, maxLength: 30 }),
  fates: fc.array(fate, { minLength: 1, maxLength: 40 }),
  cancelAfter: fc.option(fc.integer({ min: 0, max: 500 }), { nil: null, freq: 4 }),
  runSeconds: fc.constantFrom(100_000, 100_000, 400),
})

const pick = <T>(list: readonly T[], index: number): T => list[index % list.length] as T

test('random deaths at random moments: every test is accounted for exactly once', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ plan, vms, behaviours, fates, cancelAfter, runSeconds }) => {
      const setting = {
        plan,
        vms,
        limits: { runSeconds },
        world: {
          behaviour: (section: string, name: string) => pick(behaviours, Number(name.slice(-3)) + section.length),
          fate: (guest: number) => pick(fates, guest),
        },
        before: (world: { clock: { sleep(seconds: number): Promise<void> } }, cancel: () => void) => {
          if (cancelAfter !== null) void world.clock.sleep(cancelAfter).then(cancel)
        },
      }
      const { run, world, progress } = await play(setting)
      const counts = startCounts(setting, world)

      // Never twice, and nothing that was not planned.
      expect([...counts.values()].filter((count) => count > 1)).toEqual([])
      expect(counts.size).toBe(Object.values(plan).flat().length)

      // Never lost: what did not start is in a section given up, or the run was stopped.
      const givenUp = new Set(run.abandonedSections.map(({ section }) => section))
      const missing = [...counts].filter(([key, count]) => count === 0 && !givenUp.has(key.split(' ')[0] ?? ''))
      if (run.stopped === null) expect(missing).toEqual([])

      // Every start is in exactly one batch's timeline, with its end where it had one.
      const timeline = run.batches.flatMap((batch) => batch.timeline.map((entry) => ({ ...entry, section: batch.section })))
      expect(timeline.map(({ section, name }) => `${section} ${name}`).sort()).toEqual(
        world.starts.map(({ section, name }) => `${section} ${name}`).sort(),
      )
      expect(timeline.filter(({ endedAt }) => endedAt !== null)).toHaveLength(world.ends.length)

      // Every guest that was started has ended and is in the run; progress told each end once.
      expect(world.alive).toBe(0)
      expect(run.guests.map(({ id }) => id)).toEqual(world.options.map(({ id }) => id).sort((a, b) => a - b))
      const ends = progress.flatMap((each) => (each.kind === 'test-end' ? [`${each.section} ${each.name}`] : []))
      expect(new Set(ends).size).toBe(ends.length)
      expect(world.mostAlive).toBeLessThanOrEqual(vms)
    }),
    { numRuns: 150 },
  )
}, 120_000)

type Step = { readonly guest: number; readonly act: 'take' | 'start' | 'end' | 'batch-end' | 'die' | 'lie'; readonly index: number }

const step: fc.Arbitrary<Step> = fc.record({
  guest: fc.integer({ min: 1, max: 3 }),
  act: fc.constantFrom('take', 'start', 'start', 'end', 'batch-end', 'die', 'lie'),
  index: fc.nat(20),
})

test('the queue by itself: guests that do anything in any order, lies included', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const names = numbered(12)
      const queue = new TestQueue(
        names.map((name, index) => ({
          suite: 'smoke',
          section: index % 3 === 0 ? 'ext4' : 'xfs',
          name,
          expectedSeconds: 1 + ((index * 7) % 5),
        })),
      )
      const started: string[] = []
      const held = new Map<number, string[]>()
      for (const { guest, act, index } of steps) {
        const mine = held.get(guest) ?? []
        const name = act === 'lie' ? pick(names, index) : pick(mine.length > 0 ? mine : names, index)
        if (act === 'take')
          held.set(guest, [
            ...mine,
            ...queue.take(guest, { section: index % 2 === 0 ? 'xfs' : 'ext4', sharers: 2, most: 3, isFresh: true }),
          ])
        if ((act === 'start' || act === 'lie') && queue.started(guest, name)) {
          expect(mine).toContain(name)
          started.push(name)
        }
        if (act === 'end') queue.ended(guest, name)
        if (act === 'batch-end') queue.batchEnded(guest)
        if (act === 'die') queue.guestGone(guest)
        if (act === 'die' || act === 'batch-end') held.set(guest, [])
      }
      expect(new Set(started).size).toBe(started.length)
      for (const guest of [1, 2, 3]) queue.guestGone(guest)
      // Drain: what never started can still be had, everything else is settled.
      for (const section of queue.openSections()) {
        let batch = queue.take(9, { section, sharers: 1, most: 100, isFresh: true })
        while (batch.length > 0) {
          for (const name of batch) {
            expect(started).not.toContain(name)
            expect(queue.started(9, name)).toBe(true)
            expect(queue.ended(9, name)).toBe(true)
          }
          batch = queue.take(9, { section, sharers: 1, most: 100, isFresh: true })
        }
      }
      expect(queue.settled).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('a fair share is never empty while something waits; all shares together are what waits, and none is longer than the rest by a test', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 300 }),
      fc.integer({ min: 1, max: 8 }),
      (unsorted, sharers) => {
        let waiting = unsorted.toSorted((a, b) => b - a)
        const sums: number[] = []
        for (let others = sharers; others > 0 && waiting.length > 0; others -= 1) {
          const share = new Set(fairShare(waiting, others))
          expect(share.has(0)).toBe(true)
          sums.push(waiting.reduce((sum, seconds, place) => sum + (share.has(place) ? seconds : 0), 0))
          waiting = waiting.filter((_, place) => !share.has(place))
        }
        expect(waiting).toEqual([])
        expect(Math.max(...sums) - Math.min(...sums)).toBeLessThanOrEqual(Math.max(...unsorted))
      },
    ),
  )
  expect(fairShare(Array(5).fill(10), 2)).toEqual([0, 2, 4])
  expect(fairShare([3000, 1, 1], 2)).toEqual([0])
  expect(fairShare([], 2)).toEqual([])
})

test('what is taken over is worth more than what it costs to begin, and makes nobody later', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 40 }),
      fc.integer({ min: 0, max: 500 }),
      fc.integer({ min: 0, max: 60 }),
      (all, runningSeconds, cost) => {
        const waiting = all.toSorted((a, b) => b - a).map((seconds, index) => ({ name: `t/${index}`, seconds }))
        const { count, seconds } = takeOver({ runningSeconds, waiting }, cost, 30)
        const whole = runningSeconds + all.reduce((sum, each) => sum + each, 0)
        expect(seconds).toBe(waiting.slice(waiting.length - count).reduce((sum, test) => sum + test.seconds, 0))
        expect(count).toBeLessThanOrEqual(30)
        if (count === 0) return
        expect(seconds).toBeGreaterThan(cost)
        expect(Math.max(whole - seconds, cost + seconds)).toBeLessThanOrEqual(whole)
      },
    ),
  )
  const waiting = Array.from({ length: 10 }, (_, index) => ({ name: `t/${index}`, seconds: 10 }))
  expect(takeOver({ runningSeconds: 0, waiting }, 6, 100)).toEqual({ count: 4, seconds: 40 })
  expect(takeOver({ runningSeconds: 0, waiting: waiting.slice(0, 1) }, 6, 100)).toEqual({ count: 0, seconds: 0 })
  expect(takeOver({ runningSeconds: 60, waiting: waiting.slice(0, 1) }, 6, 100)).toEqual({ count: 1, seconds: 10 })
  expect([restOf(10, 4), restOf(10, 30)]).toEqual([6, 30])
})

test('a test planned twice is a mistake of the plan', () => {
  const twice = { suite: 'smoke', section: 'xfs', name: 'generic/001', expectedSeconds: 1 }
  expect(() => new TestQueue([twice, twice])).toThrow('twice')
})
