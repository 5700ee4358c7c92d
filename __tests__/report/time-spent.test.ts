import { expect, test } from '@jest/globals'
import type { RunRecord } from '../../src/domain/record.js'
import { describeTimeSplit, timeSpent } from '../../src/report/time-spent.js'

const record = (readySeconds: number | null, seconds: readonly (number | null)[]) =>
  ({
    guests: [{ boot: { readySeconds } }, { boot: { readySeconds: 99 } }],
    tests: [{ attempts: seconds.map((durationSeconds) => ({ durationSeconds })) }],
  }) as unknown as RunRecord

test('build, first boot and all attempts', () => {
  expect(timeSpent(record(3.21, [10, 2.5]), { kernel: 31.04, bundle: 1.5 })).toBe(
    'time: kernel build 31.0 s, bundle 1.5 s, boot 3.2 s, tests 12.5 s (those of 2 VMs added up)',
  )
})

test('what did not happen is not mentioned', () => {
  expect(timeSpent(record(null, [4, null]), { kernel: null, bundle: 0 })).toBe('time: tests 4.0 s (those of 2 VMs added up)')
  expect(timeSpent({ guests: [], tests: [] }, { kernel: null, bundle: null })).toBe('')
})

test('parts too small to look at are counted with the rest: those that are named still add up', () => {
  const none = { nixSeconds: 0, kernelSeconds: 0, bundleSeconds: 0, startSeconds: 0, idleSeconds: 0 }
  const few = { bootSeconds: 9, testSeconds: 130, betweenSeconds: 0.7, baseSeconds: 0.4, reportSeconds: 0.9, oursSeconds: 1 }
  expect(describeTimeSplit({ wholeSeconds: 142, ...none, ...few })).toBe('142.0 s = boot 9.0 s + tests 130.0 s + everything else 3.0 s')
})
