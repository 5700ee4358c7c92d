import { describe, expect, test } from '@jest/globals'
import { UserError } from '../../src/domain/errors.js'
import type { RunRecord, TestRecord } from '../../src/domain/record.js'
import { mostRuns, mostSamplesPerTest } from '../../src/results/history.js'
import {
  addToHistory,
  emptyHistory,
  type History,
  notPassedSince,
  parseHistory,
  pastVerdicts,
  renderPast,
  testPast,
  testTimes,
} from '../../src/results/index.js'
import { anAttempt, aRecord, aTest } from '../report/builder.js'

const run = (runId: string, tests: readonly TestRecord[], changes: Partial<RunRecord> = {}) =>
  aRecord(tests, { runId, accelerator: null, startedAt: `2026-11-24T05:00:00.000Z`, ...changes })
const timed = (name: string, seconds: number, changes: Partial<TestRecord> = {}) =>
  aTest(name, { attempts: [anAttempt({ status: changes.status ?? 'pass', durationSeconds: seconds })], ...changes })
const of = (...records: readonly RunRecord[]): History => records.reduce(addToHistory, emptyHistory)

describe('history', () => {
  const history = of(
    run('1', [timed('g/001', 10), aTest('g/002', { status: 'notrun' })]),
    run('2', [timed('g/001', 12.34, { status: 'fail' }), aTest('g/003', { status: 'notreached' }), aTest('g/004', { status: 'expunged' })]),
    run('3', [timed('g/001', 900, { status: 'timeout' })]),
    run('4', [timed('g/001', 11)], { accelerator: { requested: 'auto', accelerator: 'tcg', reason: 'x', timeoutFactor: 8 } }),
  )

  test('gives the watchdog the times of tests that ended by themselves', () => {
    expect(testTimes(history)).toEqual([
      {
        suite: 'fstests',
        section: 'xfs_4k',
        name: 'g/001',
        samples: [
          { seconds: 10, timeoutFactor: 1 },
          { seconds: 12.3, timeoutFactor: 1 },
          { seconds: 11, timeoutFactor: 8 },
        ],
      },
      { suite: 'fstests', section: 'xfs_4k', name: 'g/002', samples: [] },
    ])
  })

  test('gives a report earlier verdicts, with the times of runs under the same accelerator', () => {
    const test = { suite: 'fstests', section: 'xfs_4k', name: 'g/001' }
    expect(pastVerdicts(history, { timeoutFactor: 1 })(test).map(({ status, seconds, run }) => [run.id, status, seconds])).toEqual([
      ['1', 'pass', 10],
      ['2', 'fail', 12.3],
      ['3', 'timeout', 900],
      ['4', 'pass', null],
    ])
    expect(pastVerdicts(history, { timeoutFactor: 8 })(test).at(-1)).toMatchObject({ status: 'pass', seconds: 11, flaky: false })
    expect(pastVerdicts(history, { timeoutFactor: 1 })({ suite: 'fstests', section: 'xfs_4k', name: 'g/999' })).toEqual([])
  })

  test('a run that is reported again sees no verdict of its own, nor one of a later run', () => {
    const test = { suite: 'fstests', section: 'xfs_4k', name: 'g/001' }
    const later = of(...['1', '2', '3'].map((id) => run(id, [timed('g/001', 10)], { startedAt: `2026-11-2${id}T05:00:00.000Z` })))
    const seen = pastVerdicts(later, { timeoutFactor: 1, runId: '2', startedAt: '2026-11-22T05:00:00.000Z' })(test)
    expect(seen.map(({ run }) => run.id)).toEqual(['1'])
  })

  test('shows a test’s past', () => {
    const [past] = testPast(history, 'g/001')
    expect(past).toMatchObject({ failures: 2, flakeRate: 0.5, medianSeconds: 11 })
    expect(past?.rows.map((row) => row.status)).toEqual(['pass', 'fail', 'timeout', 'pass'])
    expect(renderPast(testPast(history, 'g/001'))).toMatch(
      /^xfs_4k g\/001: 4 runs, 2 failed, flaky 50 %, median 11 s\n {2}2026-11-24 05:00 {2}pass .*6\.18/,
    )
    expect(() => testPast(history, 'g/01')).toThrow(UserError)
    expect(() => testPast(emptyHistory, 'g/01')).toThrow(/knows no test/)
  })

  test('the same run again takes its place', () => {
    const again = addToHistory(history, run('4', [timed('g/001', 99)]))
    expect(again.runs.map((one) => one.id)).toEqual(['1', '2', '3', '4'])
    expect(testTimes(again)[0]?.samples.at(-1)).toEqual({ seconds: 99, timeoutFactor: 1 })
    expect(testPast(again, 'g/001')[0]?.rows).toHaveLength(4)
  })

  test('is bounded, and forgets tests that are gone', () => {
    const first = run('first', [timed('g/009', 1), timed('g/001', 1)])
    const rest = Array.from({ length: mostRuns + 5 }, (_, index) => run(`r${index}`, [timed('g/001', index)]))
    const long = of(first, ...rest)
    expect(long.runs).toHaveLength(mostRuns)
    expect(long.tests.map((one) => one.name)).toEqual(['g/001'])
    expect(testPast(long, 'g/001')[0]?.rows).toHaveLength(mostSamplesPerTest)
    expect(testPast(long, 'g/001')[0]?.rows.at(-1)).toMatchObject({ runId: `r${mostRuns + 4}`, seconds: mostRuns + 4 })
  })

  test('is read back; a damaged one is empty, with a problem', () => {
    expect(parseHistory(JSON.stringify(history))).toEqual({ history, problem: null })
    for (const text of ['', '{}', '{"version":2}', JSON.stringify({ ...history, runs: [] }), JSON.stringify(history).slice(0, 99)]) {
      expect(parseHistory(text)).toEqual({ history: emptyHistory, problem: expect.stringContaining('not used') })
    }
  })
})

test('since which commit a test has not passed: after its last pass, a flaky run being one', () => {
  const at = (commit: string, test: TestRecord) => run(commit, [test], { commit })
  const failing = aTest('g/001', { status: 'fail' })
  const since = (...records: readonly RunRecord[]) => notPassedSince(of(...records))(failing)
  expect(since(at('a', failing), at('b', aTest('g/001')), at('c', failing), at('d', failing))).toBe('c')
  expect(since(at('a', failing), at('b', aTest('g/001', { status: 'notrun' })), at('c', failing))).toBe('a')
  expect(since(at('a', failing), at('b', { ...failing, flaky: true }), at('c', failing))).toBe('c')
  expect(since(at('a', aTest('g/001')))).toBeNull()
  expect(since()).toBeNull()
})
