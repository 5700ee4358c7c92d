import { describe, expect, test } from '@jest/globals'
import type { TestStatus } from '../../src/domain/test.js'
import { isSevere, settle, weighReport } from '../../src/domain/verdict.js'
import { anAttempt, aReport } from '../report/builder.js'

type Made = readonly [status: TestStatus, guest: number, rerun?: 'rerun']

const attemptsOf = (made: readonly Made[]) =>
  made.map(([status, guest, rerun]) => anAttempt({ status, guest, ...(rerun === undefined ? {} : { rerun: true }) }))

describe('settle', () => {
  test.each<[what: string, attempts: readonly Made[], status: TestStatus, flaky: boolean]>([
    ['nothing was tried', [], 'notreached', false],
    [
      'cut off, then passed elsewhere',
      [
        ['notreached', 1],
        ['pass', 2],
      ],
      'pass',
      false,
    ],
    [
      'cut off, and passed in the same guest',
      [
        ['notreached', 1],
        ['pass', 1],
      ],
      'notreached',
      false,
    ],
    [
      'declined, then passed elsewhere: no better than cut off there',
      [
        ['notrun', 1],
        ['pass', 2],
      ],
      'pass',
      false,
    ],
    [
      'declined, and passed in the same guest',
      [
        ['notrun', 1],
        ['pass', 1],
      ],
      'notrun',
      false,
    ],
    [
      'declined twice',
      [
        ['notrun', 1],
        ['notrun', 2],
      ],
      'notrun',
      false,
    ],
    [
      'declined, then cut off elsewhere',
      [
        ['notrun', 1],
        ['notreached', 2],
      ],
      'notrun',
      false,
    ],
    [
      'declined, then failed elsewhere',
      [
        ['notrun', 1],
        ['fail', 2],
      ],
      'fail',
      false,
    ],
    [
      'failed, then passed when run again',
      [
        ['fail', 1],
        ['pass', 2, 'rerun'],
      ],
      'fail',
      true,
    ],
    [
      'failed and declined, then passed when run again',
      [
        ['fail', 1],
        ['notrun', 1],
        ['pass', 2, 'rerun'],
      ],
      'fail',
      true,
    ],
    [
      'failed twice, then passed when run again',
      [
        ['fail', 1],
        ['fail', 1],
        ['pass', 2, 'rerun'],
      ],
      'fail',
      true,
    ],
    [
      'passed, then failed elsewhere: what came before excuses nothing',
      [
        ['pass', 1],
        ['fail', 2],
      ],
      'fail',
      false,
    ],
    [
      'failed, passed when run again, then failed again',
      [
        ['fail', 1],
        ['pass', 2, 'rerun'],
        ['fail', 3, 'rerun'],
      ],
      'fail',
      false,
    ],
    [
      'failed, and a later iteration of the same guest passed',
      [
        ['fail', 1],
        ['pass', 1],
      ],
      'fail',
      false,
    ],
    [
      'crashed, then passed when run again',
      [
        ['crashed', 1],
        ['pass', 2, 'rerun'],
      ],
      'crashed',
      false,
    ],
  ])('%s', (_what, made, status, flaky) => {
    expect(settle(attemptsOf(made))).toEqual({ status, flaky })
  })
})

describe('isSevere', () => {
  test.each([
    ['a report that ended the kernel, whatever its kind', { kind: 'note', fatal: true, provoked: false }, true],
    ['a stall that ended the kernel, under emulation too', { kind: 'hung-task', fatal: true, provoked: false }, true],
    ['a stall of a slow host', { kind: 'soft-lockup', fatal: false, provoked: false }, false],
    ['a stall that counts', { kind: 'soft-lockup', fatal: false, provoked: false, counts: true }, true],
    ['a warning', { kind: 'warning', fatal: false, provoked: false }, true],
    ['a warning that its test provokes', { kind: 'warning', fatal: false, provoked: true }, false],
    ['what the kernel tells of a program', { kind: 'oom', fatal: false, provoked: false }, false],
  ] as const)('%s', (_what, report, severe) => {
    expect(isSevere(report)).toBe(severe)
  })
})

describe('weighReport', () => {
  test.each([
    ['kvm', 'pass', true],
    ['kvm', null, true],
    ['tcg', 'fail', true],
    ['tcg', 'timeout', true],
    ['tcg', 'crashed', true],
    ['tcg', 'pass', false],
    ['tcg', 'notrun', false],
    ['tcg', null, false],
    [null, 'fail', true],
    [null, 'pass', false],
    [null, null, false],
  ] as const)('a stall under %s, its test %s, counts: %s', (accelerator, status, counts) => {
    for (const kind of ['soft-lockup', 'rcu-stall', 'hung-task'] as const)
      expect([kind, isSevere(weighReport(aReport({ kind }), accelerator, status))]).toEqual([kind, counts])
    // No other kind is weighed by where it came.
    expect(isSevere(weighReport(aReport({ kind: 'warning' }), accelerator, status))).toBe(true)
    expect(isSevere(weighReport(aReport({ kind: 'oom' }), accelerator, status))).toBe(false)
  })
})
