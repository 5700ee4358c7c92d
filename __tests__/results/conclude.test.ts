import { describe, expect, test } from '@jest/globals'
import type { TestRecord } from '../../src/domain/record.js'
import { countsAsFailure, exitCode } from '../../src/domain/verdict.js'
import { compareRecords, conclude } from '../../src/results/index.js'
import { aBaseline, aComparison, anAttempt, aRecord, aReport, aSection, aTest } from '../report/builder.js'

const expected = { expectedFailure: { reason: 'known since 6.1' } }
const kasan = { attempts: [anAttempt({ status: 'fail', reports: [aReport()] }), anAttempt({ status: 'pass' })] }

describe('conclude', () => {
  const cases: readonly [string, readonly TestRecord[], string, RegExp][] = [
    ['a pass', [aTest('g/001')], 'passed', /^1 passed\.$/],
    ['a pass and a decline', [aTest('g/001'), aTest('g/002', { status: 'notrun' })], 'passed', /1 not run/],
    ['a failure', [aTest('g/001'), aTest('g/002', { status: 'fail' })], 'failed', /1 failure: xfs_4k g\/002 \(fail\)/],
    ['a crash', [aTest('g/001'), aTest('g/002', { status: 'crashed' })], 'failed', /crashed/],
    ['a timeout', [aTest('g/001', { status: 'timeout' })], 'failed', /timeout/],
    [
      'a failure and tests not reached',
      [aTest('g/001', { status: 'fail' }), aTest('g/002', { status: 'notreached' })],
      'failed',
      /1 test not reached/,
    ],
    ['no test', [], 'could-not-test', /No test was planned/],
    [
      'a test not reached',
      [aTest('g/001'), aTest('g/002', { status: 'notreached', reason: 'no guest got to it' })],
      'could-not-test',
      /g\/002: no guest/,
    ],
    [
      'all declined',
      [aTest('g/001', { status: 'notrun' }), aTest('g/002', { status: 'expunged' })],
      'could-not-test',
      /Every test declined/,
    ],
    ['all expunged', [aTest('g/001', { status: 'expunged' })], 'could-not-test', /expunged/],
    ['a whole section declined', [aTest('g/001'), aTest('g/001', { section: 'xfs_rt', status: 'notrun' })], 'could-not-test', /xfs_rt/],
    ['an expected failure', [aTest('g/001'), aTest('g/002', { status: 'fail', ...expected })], 'passed', /1 failure expected or flaky/],
    ['a crash where a failure was expected', [aTest('g/001', { status: 'crashed', ...expected })], 'failed', /crashed/],
    ['an expected failure with a kernel bug', [aTest('g/001', { status: 'fail', ...expected, ...kasan })], 'failed', /fail/],
    ['a stale expectation', [aTest('g/001', expected)], 'passed', /1 passed/],
    ['a flaky test', [aTest('g/001', { status: 'fail', flaky: true })], 'passed', /flaky/],
  ]
  test.each(cases)('%s', (_, tests, kind, reason) => {
    const conclusion = conclude(aRecord(tests), null, 'any')
    expect(conclusion).toMatchObject({ kind, reason: expect.stringMatching(reason) })
    expect(Object.values(conclusion.counts).reduce((sum, one) => sum + one, 0)).toBe(tests.length)
  })

  test('a section none of whose tests passed was not tested, whoever named the tests', () => {
    const record = aRecord([aTest('g/001'), aTest('g/001', { section: 'ext4', status: 'notrun' })])
    const named = { ...record, plan: { ...record.plan, selection: { ...record.plan.selection, groups: [], tests: ['g/001'] } } }
    expect(conclude(named, null, 'any').kind).toBe('could-not-test')
    expect(conclude(record, null, 'any').kind).toBe('could-not-test')
  })

  test.each([
    ['deadline', 'could-not-test'],
    ['infrastructure', 'could-not-test'],
    ['cancelled', 'cancelled'],
    ['build-failed', 'build-failed'],
  ] as const)('a run stopped by %s', (kind, conclusion) => {
    const record = aRecord([aTest('g/001')], { stopped: { kind, reason: 'why' } })
    expect(conclude(record, null, 'never')).toMatchObject({ kind: conclusion, reason: expect.stringContaining('why') })
  })

  test('of several suites it says which', () => {
    const own = { suite: 'smoke', section: 'default' }
    const plain = aRecord([aTest('g/001'), aTest('x', { ...own, status: 'fail' })])
    const record = { ...plain, plan: { ...plain.plan, suites: ['fstests', 'smoke'] } }
    expect(conclude(record, null, 'any').reason).toBe('1 failure: smoke.default x (fail).')
    const lost = { ...record, tests: [aTest('g/001'), aTest('x', { ...own, status: 'notreached', reason: 'lost' })] }
    expect(conclude(lost, null, 'any').reason).toBe('1 test not reached: smoke.default x: lost.')
    expect(conclude(plain, null, 'any').reason).toBe('1 failure: default x (fail).')
  })

  test('a section that could not be tested', () => {
    const record = aRecord([aTest('g/001')], { sections: [aSection('xfs_4k', { couldNotTest: 'the guest never came up' })] })
    expect(conclude(record, null, 'any')).toMatchObject({ kind: 'could-not-test', reason: expect.stringContaining('never came up') })
  })

  test('with a baseline only what is new counts, unless `any` is asked for', () => {
    const record = aRecord([aTest('g/001'), aTest('g/002', { status: 'fail' })])
    const known = aComparison({ knownFailures: [{ suite: 'fstests', section: 'xfs_4k', name: 'g/002' }] })
    expect(conclude(record, known, 'new').kind).toBe('passed')
    expect(conclude(record, known, 'any').kind).toBe('failed')
    expect(conclude(record, null, 'new').kind).toBe('failed')
    // A comparison that does not know the failure cannot excuse it.
    expect(conclude(record, aComparison(), 'new').kind).toBe('failed')
  })

  test('exit codes: `never` forgives failed tests and nothing else', () => {
    const codes = (failOn: 'any' | 'never') =>
      (['passed', 'failed', 'build-failed', 'could-not-test', 'cancelled'] as const).map((kind) => exitCode({ kind }, failOn))
    expect(codes('any')).toEqual([0, 1, 65, 69, 130])
    expect(codes('never')).toEqual([0, 0, 65, 69, 130])
    expect(exitCode({ kind: 'failed', untested: '1 test not reached.' }, 'never')).toBe(69)
    expect(exitCode({ kind: 'failed', untested: '1 test not reached.' }, 'new')).toBe(1)
  })
})

describe('compareRecords', () => {
  test('puts each test into its own place', () => {
    const before = aBaseline([
      aTest('g/001'),
      aTest('g/002', { status: 'fail' }),
      aTest('g/003', { status: 'crashed' }),
      aTest('g/004'),
      aTest('g/005'),
      aTest('g/006', { status: 'notreached' }),
      aTest('g/007', { status: 'fail', flaky: true }),
      aTest('g/008', { status: 'fail', flaky: true }),
      aTest('g/010', { section: 'gone' }),
      aTest('g/011', { status: 'expunged' }),
      aTest('g/013', { status: 'fail', expectedFailure: { reason: 'known' } }),
      aTest('g/014', { status: 'timeout' }),
    ])
    const now = aRecord([
      aTest('g/001', { status: 'fail' }),
      aTest('g/002', { status: 'timeout' }),
      aTest('g/003'),
      aTest('g/004', { status: 'notrun' }),
      aTest('g/006', { status: 'fail' }),
      aTest('g/007', { status: 'fail' }),
      aTest('g/008'),
      aTest('g/009', { status: 'fail' }),
      aTest('g/012', { status: 'fail', flaky: true }),
      // Stale, not fixed.
      aTest('g/013', { expectedFailure: { reason: 'known' } }),
      aTest('g/014', { status: 'fail' }),
    ])
    const names = (list: readonly { name: string }[]) => list.map((one) => one.name)
    const comparison = compareRecords(now, before)
    expect(names(comparison.newFailures)).toEqual(['g/001', 'g/002', 'g/006', 'g/007', 'g/009'])
    expect(names(comparison.knownFailures)).toEqual(['g/014'])
    expect(names(comparison.fixed)).toEqual(['g/003'])
    expect(names(comparison.vanished)).toEqual(['g/005'])
    expect(names(comparison.newlyNotrun)).toEqual(['g/004'])
    expect(now.tests.filter(countsAsFailure)).toHaveLength(comparison.newFailures.length + comparison.knownFailures.length)
  })
})
