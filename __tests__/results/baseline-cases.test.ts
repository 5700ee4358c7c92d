import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import type { RunRecord, TestRecord } from '../../src/domain/record.js'
import { exitCode } from '../../src/domain/verdict.js'
import { comparisonOf, conclude, parseRecord, withCompared } from '../../src/results/index.js'
import { aBaseline, anAttempt, aRecord, aReport, aTest } from '../report/builder.js'

/** As `vmtest report DIR --baseline FILE` does it. */
function against(here: RunRecord, base: RunRecord): readonly [number, string] {
  const record = withCompared(here, base)
  const conclusion = conclude(record, comparisonOf(record), here.plan.failOn)
  return [exitCode(conclusion, here.plan.failOn), conclusion.reason]
}

/** Pairs of records that once came to `passed`. They lie beside the checkout and are no part of it; the pairs below hold the same rules. */
const shared = join(import.meta.dirname, '../../../shared/cases/verdict')
const sharedPairs: Readonly<Record<string, RegExp>> = {
  'B1-base-fail-now-panic': /1 new failure: xfs generic\/001 \(crashed\)/,
  'B4-32-of-33-newly-notrun': /32 tests lost/,
  'B6-everything-fails-on-both': /Section xfs: none of its tests passed/,
  'B10-section-vanished': /33 tests lost.*no section ext4 any more/,
  'B11-xfail-all-none-passed': /Section xfs: none of its tests passed/,
}
const present = existsSync(shared)
if (!present) console.warn(`skipped: no pairs at ${shared}`)
const sharedTest = present ? test : test.skip
sharedTest.each(Object.entries(sharedPairs))('%s', (name, reason) => {
  const read = (path: string) => parseRecord(readFileSync(join(shared, name, path), 'utf8'), path)
  expect(against(read('now/run.json'), read('base.json'))).toEqual([1, expect.stringMatching(reason)])
})

const names = Array.from({ length: 33 }, (_, index) => `generic/${String(index + 1).padStart(3, '0')}`)
const many = (changes: (index: number) => Partial<TestRecord>, section = 'xfs') =>
  names.map((name, index) => aTest(name, { section, ...changes(index) }))
const bad = (status: 'fail' | 'timeout' | 'crashed', report?: string): Partial<TestRecord> => ({
  status,
  attempts: [anAttempt({ status, reports: report === undefined ? [] : [aReport({ title: report })] })],
})
const flaky: Partial<TestRecord> = {
  ...{ status: 'fail', flaky: true },
  attempts: [anAttempt({ status: 'fail' }), anAttempt({ status: 'pass', guest: 2, rerun: true })],
}
const first = (changes: Partial<TestRecord>) => many((index) => (index === 0 ? changes : {}))
const expectedToFail = { expectedFailure: { reason: 'a bug nobody has mended' } }
const declined = { status: 'notrun', reason: 'this test requires a valid $LOGWRITES_DEV' } as const

interface Pair {
  readonly there: readonly TestRecord[]
  readonly here: readonly TestRecord[]
  /** Of this run's plan. */
  readonly plan?: Partial<RunRecord['plan']>
  readonly exit: number
  readonly reason: RegExp
}

const good = many(() => ({}))
const quick = { sections: [], groups: ['quick'], excludeGroups: [], tests: [], excludeFiles: [], expectationFiles: [] }

/** How a failure there and one here compare. */
const excused: Readonly<Record<string, Pair>> = {
  'a failure that was one there': { there: first(bad('fail')), here: first(bad('fail')), exit: 0, reason: /32 passed, 1 known failure/ },
  'a time-out where it failed': { there: first(bad('fail')), here: first(bad('timeout')), exit: 1, reason: /generic\/001 \(timeout\)/ },
  'a crash where it timed out': { there: first(bad('timeout')), here: first(bad('crashed')), exit: 1, reason: /generic\/001 \(crashed\)/ },
  'a failure where it crashed': { there: first(bad('crashed')), here: first(bad('fail')), exit: 0, reason: /32 passed/ },
  'a report where it failed without': {
    there: first(bad('fail')),
    ...{ here: first(bad('fail', 'KASAN: use-after-free Read in a')), exit: 1, reason: /generic\/001/ },
  },
  'another report than there': {
    there: first(bad('fail', 'WARNING in b')),
    ...{ here: first(bad('fail', 'WARNING in a')), exit: 1, reason: /generic\/001/ },
  },
  'the report it had there': {
    there: first(bad('fail', 'WARNING in a')),
    ...{ here: first(bad('fail', 'WARNING in a')), exit: 0, reason: /32 passed/ },
  },
  'a failure for good where it was flaky': { there: first(flaky), here: first(bad('fail')), exit: 1, reason: /generic\/001 \(fail\)/ },
  'flaky on both': { there: first(flaky), here: first(flaky), exit: 0, reason: /passed/ },
  'an expected failure that crashes': {
    there: first({ ...bad('fail'), ...expectedToFail }),
    ...{ here: first({ ...bad('crashed'), ...expectedToFail }), exit: 1, reason: /generic\/001 \(crashed\)/ },
  },
  'all but one fail on both': {
    there: many((index) => (index === 0 ? {} : bad('fail'))),
    ...{ here: many((index) => (index === 0 ? {} : bad('fail'))), exit: 0, reason: /1 passed, 32 known failures/ },
  },
  'all fail on both, the one that passes is in another section': {
    there: [...many(() => bad('fail')), ...many(() => ({}), 'ext4')],
    here: [...many(() => bad('fail')), ...many(() => ({}), 'ext4')],
    ...{ exit: 1, reason: /Section xfs: none of its tests passed/ },
  },
  'all expected to fail, one of them passes': {
    there: many(() => ({ ...bad('fail'), ...expectedToFail })),
    here: many((index) => ({ ...(index === 0 ? {} : bad('fail')), ...expectedToFail })),
    ...{ exit: 0, reason: /1 passed/ },
  },
  'all expected to fail or declined': {
    there: good,
    here: many((index) => (index === 0 ? { ...bad('fail'), ...expectedToFail } : declined)),
    ...{ exit: 1, reason: /tests lost/ },
  },
}

/** What this run asks for and has no verdict of. */
const lost: Readonly<Record<string, Pair>> = {
  'one test declines': { there: good, here: first(declined), exit: 1, reason: /1 test lost: xfs generic\/001 \(this test requires/ },
  'one test declines, as a warning': { there: good, here: first(declined), plan: { lostTests: 'warn' }, exit: 0, reason: /32 passed/ },
  'all but one decline, as a warning': {
    there: good,
    here: many((index) => (index === 0 ? {} : declined)),
    ...{ plan: { lostTests: 'warn' }, exit: 0, reason: /1 passed/ },
  },
  'all decline, as a warning': {
    there: good,
    here: many(() => declined),
    ...{ plan: { lostTests: 'warn' }, exit: 69, reason: /declined|notrun|not run/i },
  },
  'one declined there already': { there: first(declined), here: first(declined), exit: 0, reason: /32 passed/ },
  'a decline that a list expects': {
    there: good,
    here: first({ ...declined, expectedNotrun: { reason: 'no device for it' } }),
    ...{ exit: 0, reason: /32 passed/ },
  },
  'a test that failed there declines': { there: first(bad('fail')), here: first(declined), exit: 1, reason: /1 test lost/ },
  'a section is gone': {
    there: [...good, ...many(() => ({}), 'ext4')],
    ...{ here: good, exit: 1, reason: /33 tests lost: ext4 .*no section ext4 any more/ },
  },
  'a section is gone, as a warning': {
    there: [...good, ...many(() => ({}), 'ext4')],
    ...{ here: good, plan: { lostTests: 'warn' }, exit: 0, reason: /33 passed/ },
  },
  'a section that only failed there is gone': {
    there: [...good, ...many(() => bad('fail'), 'ext4')],
    ...{ here: good, exit: 1, reason: /33 tests lost: ext4/ },
  },
  'a section is gone in which all declined': {
    there: [...good, ...many(() => declined, 'ext4')],
    ...{ here: good, exit: 0, reason: /33 passed/ },
  },
  'another section was not asked for': {
    there: [...good, ...many(() => ({}), 'ext4')],
    here: good,
    ...{ plan: { selection: { ...quick, sections: ['xfs'] } }, exit: 0, reason: /33 passed/ },
  },
  'a test was expunged by a list': { there: good, here: first({ status: 'expunged', attempts: [] }), exit: 0, reason: /32 passed/ },
}

test.each(Object.entries({ ...excused, ...lost }))('%s', (_, { there, here, plan = {}, exit, reason }) => {
  const record = aRecord(here)
  const now = { ...record, plan: { ...record.plan, ...plan } }
  expect(against(now, aBaseline(there))).toEqual([exit, expect.stringMatching(reason)])
})

const bootReport = (title: string) => ({ ...aReport({ title }), suite: 'fstests', section: 'xfs', phase: 'boot' as const })

test.each([
  [
    'the same',
    'WARNING in tank',
    'WARNING in tank',
    0,
    /^33 passed, 1 known kernel report outside any test: .*while booting: WARNING in tank\.$/,
  ],
  ['another', 'WARNING in tank', 'WARNING in pump', 1, /1 new kernel report outside any test: .*while booting: WARNING in pump/],
])('a kernel report at boot where there was %s', (_, there, here, exit, reason) => {
  const base = { ...aBaseline(good), unattributedReports: [bootReport(there)] }
  expect(against({ ...aRecord(good), unattributedReports: [bootReport(here)] }, base)).toEqual([exit, expect.stringMatching(reason)])
})
