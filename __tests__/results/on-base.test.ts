import { describe, expect, test } from '@jest/globals'
import type { BaseVerdict, TestRecord } from '../../src/domain/record.js'
import { runRecordSchema } from '../../src/domain/record.js'
import { compareRecords, conclude, mergeRecords, relocateRecord } from '../../src/results/index.js'
import { aBaseline, anAttempt, aRecord, aReport, aTest } from '../report/builder.js'

const onBase = (status: BaseVerdict['status'], changes: Partial<BaseVerdict> = {}): BaseVerdict => ({
  status,
  revision: 'v6.1',
  kernelRelease: '6.1.0',
  bundlePath: '/nix/store/0000000000000000000000000000000a-base',
  attempts: [anAttempt({ status, logs: { console: 'guests/1/console.log' } })],
  ...changes,
})
const failing = (status: TestRecord['status'], base: BaseVerdict, reports = [] as ReturnType<typeof aReport>[]) =>
  aTest('g/001', { status, attempts: [anAttempt({ status, reports })], onBase: base })
const baseline = aBaseline([aTest('g/001')])

describe('a new failure that was run again on the base', () => {
  test.each([
    ['fails there too', failing('fail', onBase('fail')), 'known'],
    ['crashes there', failing('fail', onBase('crashed')), 'known'],
    ['crashes on both', failing('crashed', onBase('crashed')), 'known'],
    ['passes there', failing('fail', onBase('pass')), 'new'],
    ['declines there', failing('fail', onBase('notrun')), 'new'],
    ['was not reached there', failing('fail', onBase('notreached')), 'new'],
    ['only fails there, and crashes here', failing('crashed', onBase('fail')), 'new'],
    ['times out there, and crashes here', failing('crashed', onBase('timeout')), 'new'],
    ['fails there without the kernel bug found here', failing('fail', onBase('fail'), [aReport()]), 'new'],
    [
      'fails on both with a kernel bug',
      failing('fail', onBase('fail', { attempts: [anAttempt({ status: 'fail', reports: [aReport()] })] }), [aReport()]),
      'known',
    ],
  ])('%s', (_what, found, place) => {
    const record = aRecord([found, aTest('g/002')])
    const comparison = compareRecords(record, baseline)
    expect([comparison.newFailures.length, comparison.knownFailures.length]).toEqual(place === 'new' ? [1, 0] : [0, 1])
    expect(conclude(record, comparison, 'new').kind).toBe(place === 'new' ? 'failed' : 'passed')
    expect(conclude(record, comparison, 'any').kind).toBe('failed')
  })

  test('is in the schema, and moves with its record', () => {
    const record = aRecord([failing('fail', onBase('fail'))])
    expect(runRecordSchema.parse(record).tests[0]?.onBase).toEqual(onBase('fail'))
    expect(relocateRecord(record, 'shard-2').tests[0]?.onBase?.attempts[0]?.logs).toEqual({ console: 'shard-2/guests/1/console.log' })
  })

  test('keeps that when records are merged, and a worse verdict of the other is not excused by it', () => {
    const excused = aRecord([failing('fail', onBase('fail'))])
    const crashed = aRecord([aTest('g/001', { status: 'crashed', attempts: [anAttempt({ status: 'crashed' })] })])
    expect(compareRecords(mergeRecords(excused, excused), baseline).newFailures).toEqual([])
    const merged = mergeRecords(crashed, excused)
    expect(merged.tests[0]).toMatchObject({ status: 'crashed', onBase: { status: 'fail' } })
    expect(compareRecords(merged, baseline).newFailures).toHaveLength(1)
  })
})
