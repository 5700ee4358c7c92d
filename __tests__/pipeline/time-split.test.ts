import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { BatchRun, GuestRun } from '../../src/domain/vm-run.js'
import { type Laps, timeSplit } from '../../src/pipeline/time-split.js'

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString()

function guest(id: number, from: number, to: number, readySeconds: number | null): GuestRun {
  const boot = { kernelSeconds: null, initSeconds: null, readySeconds, firstTestSeconds: null }
  const files = { consolePath: '', directory: '', argv: [], release: null, reports: [] }
  return { id, suite: 'fstests', section: 'xfs', startedAt: at(from), endedAt: at(to), exit: { kind: 'poweroff' }, boot, ...files }
}

function batch(of: number, tests: readonly (readonly [from: number, to: number | null, seconds?: number | null])[]): BatchRun {
  const timeline = tests.map(([from, to, took = null], place) => ({
    name: `generic/00${place}`,
    startedAt: at(from),
    endedAt: to === null ? null : at(to),
    seconds: took,
  }))
  const rest = { tests: timeline.map(({ name }) => name), directory: '', exitStatus: 0, died: null, notes: [] }
  return { guest: of, suite: 'fstests', section: 'xfs', timeline, ...rest }
}

const LAPS: Laps = {
  ...{ wholeSeconds: 200, nixSeconds: 3, kernelSeconds: 40, bundleSeconds: 7, guestsSeconds: 100, baseSeconds: 0, reportSeconds: 2 },
}

test('what each guest did, by its share of the clock', () => {
  const guests = [guest(1, 50, 150, 10), guest(2, 50, 110, 10)]
  const batches = [
    batch(1, [
      [70, 100],
      [106, 140],
    ]),
    batch(2, [[66, 106]]),
  ]
  expect(timeSplit(LAPS, { guests, batches, vms: 2 })).toEqual({
    wholeSeconds: 200,
    ...{ nixSeconds: 3, kernelSeconds: 40, bundleSeconds: 7, baseSeconds: 0, reportSeconds: 2 },
    // Two boots of 10 s, and ends of 10 and 4 s, on two places.
    bootSeconds: 17,
    startSeconds: 8,
    testSeconds: 52,
    betweenSeconds: 3,
    idleSeconds: 20,
    oursSeconds: 48,
  })
})

test('a guest that died in its test, and one that never asked for work', () => {
  const guests = [guest(1, 0, 60, 10), guest(2, 60, 100, null)]
  expect(timeSplit(LAPS, { guests, batches: [batch(1, [[20, null]])], vms: 1 })).toMatchObject({
    ...{ bootSeconds: 50, startSeconds: 10, testSeconds: 40, betweenSeconds: 0, idleSeconds: 0 },
  })
})

test('what a suite does after a test is not the test: check reports a body of 8 s, and checks the file system for 5 s more', () => {
  const batches = [
    batch(1, [
      [20, 33, 8],
      // Whole seconds can be more than there were.
      [34, 35.5, 2],
    ]),
  ]
  expect(timeSplit(LAPS, { guests: [guest(1, 0, 40, 10)], batches, vms: 1 })).toMatchObject({
    ...{ bootSeconds: 14.5, startSeconds: 10, testSeconds: 9.5, betweenSeconds: 6 },
  })
})

test('one place is never idle: what its only guest waited for is ours', () => {
  const split = timeSplit(LAPS, { guests: [guest(1, 60, 140, 10)], batches: [batch(1, [[80, 130]])], vms: 1 })
  expect(split).toMatchObject({ bootSeconds: 20, startSeconds: 10, testSeconds: 50, idleSeconds: 0, oursSeconds: 68 })
})

const seconds = fc.double({ min: 0, max: 500, noNaN: true })
const guests = fc.array(
  fc.tuple(seconds, seconds, fc.option(seconds), fc.array(fc.tuple(seconds, fc.option(seconds), fc.option(seconds)), { maxLength: 5 })),
  {
    maxLength: 6,
  },
)

test('whatever guests did and stamps say, the parts are the whole and none is negative', () => {
  fc.assert(
    fc.property(guests, fc.integer({ min: 0, max: 4 }), fc.array(seconds, { minLength: 6, maxLength: 6 }), (drawn, vms, laps) => {
      const [nixSeconds = 0, kernelSeconds = 0, bundleSeconds = 0, guestsSeconds = 0, baseSeconds = 0, reportSeconds = 0] = laps
      const stages = { nixSeconds, kernelSeconds, bundleSeconds, guestsSeconds, baseSeconds, reportSeconds }
      const wholeSeconds = laps.reduce((sum, each) => sum + each, 0) + 5
      const split = timeSplit(
        { ...stages, wholeSeconds },
        {
          guests: drawn.map(([from, to, ready], place) => guest(place + 1, from, to, ready)),
          batches: drawn.map(([, , , tests], place) => batch(place + 1, tests)),
          vms,
        },
      )
      const { wholeSeconds: whole, ...parts } = split
      expect(Object.values(parts).filter((part) => part < 0)).toEqual([])
      expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBeCloseTo(whole, 3)
      // What is between the stages is ours, and so is what guests have to wait for before the first of them starts.
      expect(split.oursSeconds).toBeGreaterThan(4.999)
    }),
  )
})
