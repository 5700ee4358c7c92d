import { expect, test } from '@jest/globals'
import type { CacheLedgerEntry } from '../../src/domain/record.js'
import type { Report } from '../../src/domain/stages.js'
import { outputsOf } from '../../src/publish/outputs.js'
import { anAttempt, aRecord, aReport, aTest } from '../report/builder.js'

const outputs = (changes: Parameters<typeof aRecord>[1], tests = [aTest('g/001')]) =>
  outputsOf({ record: aRecord(tests, changes), comparison: null } as Report, '/run', { id: null, name: null })

const entry = (layer: string, outcome: CacheLedgerEntry['outcome']): CacheLedgerEntry => ({
  ...{ layer, outcome, key: 'k', detail: '', bytes: null, restoreSeconds: null, saveSeconds: null, savedSeconds: null },
})

test.each<[string, readonly CacheLedgerEntry[], string]>([
  ['no cache', [], 'false'],
  ['an exact hit', [entry('index', 'hit'), entry('kernel', 'hit'), entry('rest', 'hit'), entry('ccache', 'miss')], 'true'],
  ['an index of an earlier build', [entry('index', 'partial'), entry('rest', 'hit')], 'false'],
  ['a layer that is gone', [entry('index', 'hit'), entry('kernel', 'miss'), entry('rest', 'hit')], 'false'],
  ['only the compiler’s cache', [entry('index', 'miss'), entry('ccache', 'hit')], 'false'],
  ['layers found when saving', [entry('index', 'miss'), entry('rest', 'hit'), entry('index', 'saved')], 'false'],
  ['saved although it was there', [entry('index', 'hit'), entry('rest', 'hit'), entry('index', 'saved'), entry('rest', 'hit')], 'true'],
])('cache-hit of %s', (_, cache, hit) => {
  expect(outputs({ cache: [...cache] })['cache-hit']).toBe(hit)
})

test('`failed` counts what the conclusion counts', () => {
  const expected = { expectedFailure: { reason: 'known' } }
  const tests = [
    aTest('g/001'),
    aTest('g/002', { status: 'crashed', ...expected }),
    aTest('g/003', { status: 'fail', ...expected }),
    aTest('g/004', { status: 'fail', ...expected, attempts: [anAttempt({ status: 'fail', reports: [aReport()] })] }),
    aTest('g/005', { status: 'fail', flaky: true }),
  ]
  expect(outputs({}, tests).failed).toBe('2')
})
