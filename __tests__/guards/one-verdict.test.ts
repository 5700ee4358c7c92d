import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { FailOn } from '../../src/domain/inputs.js'
import type { RunRecord, TestRecord } from '../../src/domain/record.js'
import type { Report } from '../../src/domain/stages.js'
import { testKey } from '../../src/domain/test-key.js'
import { exitCode } from '../../src/domain/verdict.js'
import { parseInputs } from '../../src/inputs/parse.js'
import { inputsAgain } from '../../src/plan/again.js'
import { outputsOf } from '../../src/publish/outputs.js'
import { pageData } from '../../src/report/html/run-data.js'
import { junitXml, prepare, summaryMarkdown, terminalText } from '../../src/report/index.js'
import { verdictOf } from '../../src/report/verdict.js'
import { compareRecords, conclude } from '../../src/results/index.js'
import { aBaseline, anAttempt, aRecord, aReport, aSection, aTest } from '../report/builder.js'

/** One table of records: everything that says what a run came to has to say the same of each. */

const expected = { expectedFailure: { reason: 'known since 6.1' } }
const kasan = (status: 'fail' | 'pass' | 'timeout' = 'fail') => ({ attempts: [anAttempt({ status, reports: [aReport()] })] })

interface Row {
  readonly tests: readonly TestRecord[]
  readonly changes?: Partial<RunRecord>
  readonly baseline?: readonly TestRecord[]
  /** Tests that count as failures, and of these the ones that no baseline excuses (all without one). */
  readonly failed: readonly string[]
  readonly fresh?: readonly string[]
  /** Kernel reports under no test that count, though no failed test does. */
  readonly outside?: number
  /** What `again` runs. */
  readonly again: readonly string[]
  /** Exit status under `new`, `any`, `never`. */
  readonly exit: readonly [number, number, number]
}

const good = aTest('g/001')
const fail = aTest('g/002', { status: 'fail' })
const lost = aTest('g/003', { status: 'notreached', reason: 'no guest got to it' })

const outside = { ...aReport({ test: null }), suite: 'fstests', section: 'xfs_4k', phase: 'set-up' as const }

const rows: Readonly<Record<string, Row>> = {
  'a pass': { tests: [good], failed: [], again: [], exit: [0, 0, 0] },
  'a failure': { tests: [good, fail], failed: ['g/002'], again: ['g/002'], exit: [1, 1, 0] },
  'a timeout': { tests: [good, aTest('g/002', { status: 'timeout' })], failed: ['g/002'], again: ['g/002'], exit: [1, 1, 0] },
  'a failure beside a lost guest': { tests: [good, fail, lost], failed: ['g/002'], again: ['g/002', 'g/003'], exit: [1, 1, 69] },
  'a lost guest': { tests: [good, lost], failed: [], again: ['g/003'], exit: [69, 69, 69] },
  'nothing but a failure': { tests: [fail], failed: ['g/002'], again: ['g/002'], exit: [1, 1, 69] },
  'a failure beside a section that could not be tested': {
    tests: [good, fail],
    changes: { sections: [aSection('xfs_4k', { couldNotTest: 'mkfs failed' })] },
    ...{ failed: ['g/002'], again: ['g/002'], exit: [1, 1, 69] },
  },
  'a failure before the deadline': {
    tests: [good, fail],
    changes: { stopped: { kind: 'deadline', reason: 'the time was over' } },
    ...{ failed: ['g/002'], again: ['g/002'], exit: [1, 1, 69] },
  },
  'an expected failure': { tests: [good, { ...fail, ...expected }], failed: [], again: [], exit: [0, 0, 0] },
  'a crash where a failure is expected': {
    tests: [good, aTest('g/002', { status: 'crashed', ...expected })],
    ...{ failed: ['g/002'], again: ['g/002'], exit: [1, 1, 0] },
  },
  'a timeout where a failure is expected': {
    tests: [good, aTest('g/002', { status: 'timeout', ...expected })],
    ...{ failed: ['g/002'], again: ['g/002'], exit: [1, 1, 0] },
  },
  'a kernel bug under an expected failure': {
    tests: [good, { ...fail, ...expected, ...kasan() }],
    ...{ failed: ['g/002'], again: ['g/002'], exit: [1, 1, 0] },
  },
  'a flaky test': {
    tests: [good, aTest('g/002', { status: 'fail', flaky: true, attempts: [anAttempt({ status: 'fail' }), anAttempt()] })],
    ...{ failed: [], again: ['g/002'], exit: [0, 0, 0] },
  },
  'a known failure': { tests: [good, fail], baseline: [good, fail], failed: ['g/002'], fresh: [], again: ['g/002'], exit: [0, 1, 0] },
  'a known failure and a new one': {
    tests: [good, fail, aTest('g/004', { status: 'fail' })],
    baseline: [good, fail],
    ...{ failed: ['g/002', 'g/004'], fresh: ['g/004'], again: ['g/002', 'g/004'], exit: [1, 1, 0] },
  },
  'a kernel report under no test': {
    tests: [good],
    changes: { unattributedReports: [outside] },
    ...{ failed: [], outside: 1, again: ['g/001'], exit: [1, 1, 0] },
  },
  'a kernel report under no test that a list expects': {
    tests: [good],
    changes: { unattributedReports: [{ ...outside, expected: { reason: 'known' } }] },
    ...{ failed: [], again: [], exit: [0, 0, 0] },
  },
  'a stall of a slow host under no test': {
    tests: [good],
    changes: { unattributedReports: [{ ...outside, kind: 'rcu-stall' }] },
    ...{ failed: [], again: [], exit: [0, 0, 0] },
  },
  'a stall that counts under no test': {
    tests: [good],
    changes: { unattributedReports: [{ ...outside, kind: 'rcu-stall', counts: true }] },
    ...{ failed: [], outside: 1, again: ['g/001'], exit: [1, 1, 0] },
  },
  'a stale expectation': { tests: [good, aTest('g/002', expected)], failed: [], again: [], exit: [0, 0, 0] },
}

const policies: readonly FailOn[] = ['new', 'any', 'never']

function judge({ tests, changes = {}, baseline }: Row, failOn: FailOn) {
  const base = aRecord(tests, changes)
  const record = { ...base, plan: { ...base.plan, failOn } }
  const comparison = baseline === undefined ? null : compareRecords(record, aBaseline(baseline))
  const concluded = { ...record, conclusion: conclude(record, comparison, failOn) }
  return { record: concluded, comparison, rendered: prepare(concluded, comparison, {}) }
}

describe.each(Object.entries(rows))('%s', (_, row) => {
  const fresh = row.fresh ?? row.failed

  test.each(policies)('under %s: exit status, conclusion, output failed, page, JUnit, summary and terminal agree', (failOn) => {
    const { record, comparison, rendered } = judge(row, failOn)
    const exit = exitCode(record.conclusion, failOn)
    expect(exit).toBe(row.exit[policies.indexOf(failOn)])
    const counted = failOn === 'new' ? fresh : row.failed
    expect(record.conclusion.kind === 'failed').toBe(counted.length + (row.outside ?? 0) > 0)

    const outputs = outputsOf({ record, comparison } as Report, '/run', { id: null, name: null })
    expect([outputs.failed, outputs.conclusion]).toEqual([String(row.failed.length + (row.outside ?? 0)), record.conclusion.kind])

    const { tests } = pageData(rendered, 0)
    const onPage = (places: readonly string[]) => tests.name.filter((_name, index) => places.includes(tests.place[index] ?? ''))
    expect(onPage(['new', 'known'])).toEqual(row.failed)
    expect(onPage(['new'])).toEqual(fresh)

    const xml = [...junitXml(record, rendered.placement, { dialect: 'annotated', maxTestBytes: 4096, sourceDirectories: {} })].join('')
    const totals = /<testsuites[^>]* failures="(\d+)" errors="(\d+)"/.exec(xml)
    const notReached = row.tests.filter(({ status }) => status === 'notreached').length
    const sentinel = row.failed.length + notReached === 0 && record.conclusion.kind !== 'passed' ? 1 : 0
    expect(Number(totals?.[1]) + Number(totals?.[2])).toBe(row.failed.length + notReached + sentinel)

    const { title, tone } = verdictOf(record, rendered.placement)
    expect(tone === 'good').toBe(record.conclusion.kind === 'passed' && fresh.length === 0)
    if (exit !== 0) expect(title).not.toMatch(/^Passed/)
    const texts = [summaryMarkdown(rendered), terminalText(rendered, { colour: 'never', maxFailures: 20, directory: '/run', files: {} })]
    for (const text of texts) for (const word of [title, ...fresh]) expect(text).toContain(word)
  })

  test('`again` runs what failed or was not reached', () => {
    const { record } = judge(row, 'any')
    const again = () => inputsAgain(record, parseInputs('cli', {})).selection.only?.map(({ name }) => name)
    if (row.again.length === 0) expect(again).toThrow('Nothing is left to run again')
    else expect(again()).toEqual(row.again)
  })
})

describe('rules have one home', () => {
  const source = join(import.meta.dirname ?? __dirname, '../../src')
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.startsWith('domain/'))
    .map((path) => ({ path, text: readFileSync(join(source, path), 'utf8') }))

  test('no room joins a section and a test to a key by hand', () => {
    const joined = /\$\{[\w.]*section(?:\.name)?(?: \?\? '')?\}(?:\\n|\\0|\\u0000)\$\{/
    expect(files.filter(({ text }) => joined.test(text)).map(({ path }) => path)).toEqual([])
  })

  test('no room has words or a status of its own for a guest’s end', () => {
    const own = /case 'qemu-died':|case 'gone':/
    expect(files.filter(({ text }) => own.test(text)).map(({ path }) => path)).toEqual([])
  })

  test('no room has an order of statuses of its own', () => {
    const own = /\b(?:pass|fail): \d+,[^}]*\b(?:notreached|crashed): \d+/
    expect(files.filter(({ text }) => own.test(text)).map(({ path }) => path)).toEqual([])
  })

  test('keys tell apart whatever a name holds', () => {
    const ids = [
      { suite: 's', section: 'a', name: 'b\nc' },
      { suite: 's', section: 'a\nb', name: 'c' },
      { suite: 's', section: 'a', name: 'b\0c' },
      { suite: 's', section: 'a","b', name: 'c' },
      { suite: 's', section: 'a b', name: 'c' },
      { suite: 's\na', section: 'b', name: 'c' },
      { suite: 't', section: 'a', name: 'b c' },
      { suite: 's', section: 'a', name: 'b c' },
    ]
    expect(new Set(ids.map(testKey)).size).toBe(ids.length)
  })
})
