import { describe, expect, test } from '@jest/globals'
import type { Catalogue } from '../../../src/domain/test.js'
import { fstests } from '../../../src/suites/fstests/index.js'
import {
  bootLimit,
  createExpectation,
  debugKernel,
  gapLimit,
  guestSeconds,
  type LimitOptions,
  leaveLimit,
  type TestHistory,
  TimeTable,
  testLimit,
} from '../../../src/vm/watchdog/index.js'

const history: TestHistory = [
  { suite: 'fstests', section: 'xfs', name: 'generic/001', samples: [10, 48, 40].map((seconds) => ({ seconds, timeoutFactor: 10 })) },
  { suite: 'fstests', section: 'xfs', name: 'generic/002', samples: [{ seconds: 2, timeoutFactor: 1 }] },
  { suite: 'fstests', section: 'xfs', name: 'generic/003', samples: [{ seconds: 31, timeoutFactor: 1 }] },
  {
    suite: 'fstests',
    section: 'xfs',
    name: 'generic/004',
    samples: [
      { seconds: 30, timeoutFactor: 10 },
      { seconds: 900, timeoutFactor: 1 },
    ],
  },
  { suite: 'fstests', section: 'xfs', name: 'generic/005', samples: [] },
]

const catalogue: Catalogue = {
  suite: 'fstests',
  tests: [
    { name: 'generic/601', groups: ['auto', 'quick'], file: 'tests/generic/601', line: 1 },
    { name: 'generic/602', groups: ['auto'], file: 'tests/generic/602', line: 1, limitSeconds: 45 },
  ],
}

function limitFor(name: string, changes: Partial<LimitOptions> = {}): number {
  const timeoutFactor = changes.timeoutFactor ?? 1
  return testLimit(
    { suite: 'fstests', section: 'xfs', name },
    {
      times: new TimeTable(history, timeoutFactor),
      catalogues: [catalogue],
      timeoutFactor,
      debugFactor: 1,
      extraSeconds: () => 0,
      fixedSeconds: null,
      runSeconds: 1e6,
      ...changes,
    },
  ).seconds
}

describe('the limit of a test', () => {
  test.each<[string, string, Partial<LimitOptions>, number]>([
    ['known and short: five minutes', 'generic/002', {}, 300],
    ['known and long: ten times', 'generic/003', {}, 310],
    ['measured under emulation, run under emulation: not scaled again', 'generic/001', { timeoutFactor: 10 }, 480],
    ['30 s is not above 30 s; our own times go before foreign ones', 'generic/004', { timeoutFactor: 10 }, 300],
    ['measured under KVM, run under emulation: scaled', 'generic/003', { timeoutFactor: 10 }, 3100],
    ['short under KVM, run under emulation', 'generic/002', { timeoutFactor: 10 }, 3000],
    ['no history: an hour', 'generic/999', {}, 3600],
    ['no samples is no history', 'generic/005', {}, 3600],
    ['no history, emulated, debug kernel', 'generic/999', { timeoutFactor: 10, debugFactor: 3 }, 108_000],
    ['no history, quick: five minutes', 'generic/601', {}, 300],
    ['no history, quick, slow kernel: five minutes all the same', 'generic/601', { debugFactor: 3 }, 300],
    ['no history, quick, emulated: thirty', 'generic/601', { timeoutFactor: 10, debugFactor: 3 }, 1800],
    ['no history, what the suite gives it twice over, scaled', 'generic/602', { timeoutFactor: 10 }, 900],
    ['no history in a short run: half of it', 'generic/999', { runSeconds: 1800 }, 900],
    ['soak is added and not scaled', 'generic/003', { timeoutFactor: 10, extraSeconds: () => 30 }, 3130],
    ['a fixed limit overrides everything', 'generic/001', { timeoutFactor: 10, fixedSeconds: 42, extraSeconds: () => 30 }, 42],
  ])('%s', (_name, name, changes, seconds) => {
    expect(limitFor(name, changes)).toBe(seconds)
  })

  test("another section's history does not count", () => {
    const options = { timeoutFactor: 1, debugFactor: 1, extraSeconds: () => 0, fixedSeconds: null, runSeconds: 1e6 }
    expect(
      testLimit(
        { suite: 'fstests', section: 'ext4', name: 'generic/003' },
        { ...options, times: new TimeTable(history, 1), catalogues: [] },
      ).reason,
    ).toBe('no history')
  })
})

test('boot and gaps scale with accelerator and kernel, systemd gets longer', () => {
  expect(bootLimit({ kind: 'minimal' }, { timeoutFactor: 1, debugFactor: 1 }).seconds).toBe(30)
  expect(bootLimit({ kind: 'nixos' }, { timeoutFactor: 10, debugFactor: 2 }).seconds).toBe(2400)
  expect(bootLimit({ kind: 'nixos', bootSeconds: 300 }, { timeoutFactor: 10, debugFactor: 2 }).seconds).toBe(6000)
  expect(leaveLimit('nixos', { timeoutFactor: 2 }).seconds).toBeGreaterThan(leaveLimit('minimal', { timeoutFactor: 2 }).seconds)
  expect(gapLimit({ timeoutFactor: 10, debugFactor: 1 }).seconds).toBe(3000)
})

test.each([
  [60, 0, 3420],
  [360, 600, 360 * 60 - 300 - 600],
  [1, 0, 40],
  [0.5, 0, 15],
  [10, 700, 0],
])('of %d minutes, %d s gone, the guests get %d s', (timeoutMinutes, elapsedSeconds, seconds) => {
  expect(guestSeconds({ timeoutMinutes, elapsedSeconds })).toBe(seconds)
})

test('a debug kernel is told by its config', () => {
  expect(debugKernel(null)).toEqual({ factor: 1, options: [] })
  expect(debugKernel('CONFIG_KASAN=y\n# CONFIG_PROVE_LOCKING is not set\nCONFIG_KASAN_GENERIC=y\n')).toEqual({
    factor: 3,
    options: ['CONFIG_KASAN'],
  })
  expect(debugKernel('CONFIG_KASAN=y\nCONFIG_PROVE_LOCKING=y\nCONFIG_DEBUG_KMEMLEAK=y\n').factor).toBe(8)
  expect(debugKernel('CONFIG_KASAN=m\nCONFIG_KCSAN=n\n').factor).toBe(1)
})

test('expected times come from history, then from groups', () => {
  const catalogue = {
    suite: 'fstests' as const,
    tests: [
      { name: 'generic/010', groups: ['auto', 'quick'], file: '', line: 1 },
      { name: 'generic/011', groups: ['auto', 'stress', 'soak'], file: '', line: 1 },
      { name: 'generic/012', groups: [], file: '', line: 1 },
    ],
  }
  const expected = createExpectation({
    catalogues: [catalogue],
    times: new TimeTable(history, 10),
    timeoutFactor: 10,
    guess: (_suite, test) => fstests.expectedSeconds(test),
  })
  const of = (name: string) => expected({ suite: 'fstests', section: 'xfs', name })
  expect(of('generic/001')).toBe(40)
  expect(of('generic/003')).toBe(310)
  expect([of('generic/010'), of('generic/011'), of('generic/012')]).toEqual([80, 3000, 600])
})
