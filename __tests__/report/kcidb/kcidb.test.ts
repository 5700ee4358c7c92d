import { spawnSync } from 'node:child_process'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { RunRecord } from '../../../src/domain/record.js'
import { testStatusSchema } from '../../../src/domain/test.js'
import { isKcidbRepository, kcidbReport } from '../../../src/report/index.js'
import { countStatuses } from '../../../src/results/index.js'
import { anAttempt, aRecord, aReport, aSection, aTest } from '../builder.js'

/** KernelCI's own validator, where it is installed (`pip install kcidb-io==141`; VMTEST_KCIDB_PYTHON names the interpreter). */
const python = process.env.VMTEST_KCIDB_PYTHON ?? 'python3'
const hasValidator = spawnSync(python, ['-c', 'import kcidb_io']).status === 0
const withValidator = hasValidator ? test : test.skip

/** What it says of each: its last line, empty for a report it takes. */
function problemsOf(reports: readonly unknown[]): readonly string[] {
  const program = `import sys, json, kcidb_io
def problem(report):
    try:
        kcidb_io.schema.LATEST.validate(report)
        return ''
    except Exception as error:
        return str(error).splitlines()[0]
json.dump([problem(report) for report in json.load(sys.stdin)], sys.stdout)`
  const { stdout, stderr } = spawnSync(python, ['-c', program], { input: JSON.stringify(reports), encoding: 'utf8' })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout)
}

const panic = { kind: 'panic', line: 'Kernel panic - not syncing' } as const

/** One test of each ending. */
function everyEnding(): RunRecord {
  const tests = [
    aTest('generic/001'),
    aTest('generic/002', { status: 'fail', attempts: [anAttempt({ status: 'fail', message: 'output mismatch\0' })] }),
    aTest('generic/003', { status: 'crashed', attempts: [anAttempt({ status: 'crashed', exit: panic, reports: [aReport()] })] }),
    aTest('generic/004', { status: 'crashed', attempts: [anAttempt({ status: 'crashed', exit: { kind: 'gone', lastLine: '' } })] }),
    aTest('generic/005', { status: 'timeout', attempts: [anAttempt({ status: 'timeout' })] }),
    aTest('generic/006', { status: 'notrun', attempts: [anAttempt({ status: 'notrun', message: 'no reflink' })] }),
    aTest('generic/007', { status: 'expunged', reason: 'on a list' }),
    aTest('generic/008', { status: 'notreached', reason: 'the guest was lost' }),
  ]
  return aRecord(tests, { sections: [aSection('xfs_4k'), aSection('ext4_4k', { couldNotTest: 'no VM came up' })] })
}

describe('kcidbReport', () => {
  test('each ending has its status, and a section that could not be tested is one that did not run', () => {
    const { tests } = kcidbReport(everyEnding())
    expect(tests.map(({ path, status }) => `${path} ${status}`)).toEqual([
      'xfstests.generic.001 PASS',
      'xfstests.generic.002 FAIL',
      'xfstests.generic.003 FAIL',
      'xfstests.generic.004 ERROR',
      'xfstests.generic.005 ERROR',
      'xfstests.generic.006 SKIP',
      'xfstests.generic.007 SKIP',
      'xfstests.generic.008 MISS',
      'xfstests.ext4_4k MISS',
    ])
  })

  test('runs of one commit share a checkout by kci-dev’s rule, and have a build each', () => {
    const source = { repository: 'https://example.org/linux.git', branch: 'for-next' }
    const kernelCommit = '0'.repeat(39).concat('1')
    const first = kcidbReport({ ...everyEnding(), kernelCommit }, source)
    const second = kcidbReport({ ...everyEnding(), kernelCommit, startedAt: '2026-11-25T05:00:00.000Z', runId: 'other' }, source)
    // What kci-dev 0.1.12 makes of these: sha256 of `https://example.org/linux.git|for-next|000…1|`.
    expect(first.checkouts[0]?.id).toBe('kernel_vmtest:ck-058e468e807379294db9e7074ac2b24bf3dd55cc020111a777a0468aae8bcfae')
    expect(second.checkouts[0]?.id).toBe(first.checkouts[0]?.id)
    expect(second.builds[0]?.id).not.toBe(first.builds[0]?.id)
  })

  test('results within a test stand below it', () => {
    const subtests = [
      { name: 'Passed for x (a/b)', status: 'pass', message: null },
      { name: '', status: 'fail', message: 'icebp' },
    ] as const
    const record = aRecord([
      aTest('breakpoints:breakpoint_test', { suite: 'kselftest', attempts: [anAttempt({ subtests: [...subtests] })] }),
    ])
    expect(kcidbReport(record).tests.map(({ path, status }) => `${path} ${status}`)).toEqual([
      'kselftest.breakpoints.breakpoint_test PASS',
      'kselftest.breakpoints.breakpoint_test.Passed_for_x_a_b_ PASS',
      'kselftest.breakpoints.breakpoint_test.2 FAIL',
    ])
  })

  test('a kernel that does not build is a failed build without tests', () => {
    const record = everyEnding()
    const report = kcidbReport({ ...record, conclusion: { ...record.conclusion, kind: 'build-failed', reason: 'fs/xfs/x.c:1: no' } })
    expect(report.builds[0]).toMatchObject({ status: 'FAIL', log_excerpt: 'fs/xfs/x.c:1: no' })
    expect(report.tests).toEqual([])
  })

  test('a kernel of which nothing was booted has no status: whether it builds is not known', () => {
    const record = everyEnding()
    const nothing = aRecord([aTest('generic/001', { status: 'notreached', attempts: [] })], { guests: [] })
    expect(kcidbReport(nothing).builds[0]).not.toHaveProperty('status')
    expect(kcidbReport(record).builds[0]).toMatchObject({ status: 'PASS' })
  })

  test('each test and result within one has an id of its own, whatever it is called', () => {
    const subtests = [{ name: 'x', status: 'pass', message: null }] as const
    const names = ['a', 'a:1', 'a%3A1', 'a:1:1', 'a b/c']
    const record = aRecord(names.map((name) => aTest(name, { suite: 'scripts', attempts: [anAttempt({ subtests: [...subtests] })] })))
    const ids = kcidbReport(record).tests.map(({ id }) => id)
    expect(ids).toHaveLength(2 * names.length)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('an excerpt ends with a whole character', () => {
    const message = `${'x'.repeat(16 * 1024 - 1)}\u{1f600}`
    const { tests } = kcidbReport(aRecord([aTest('a', { status: 'fail', attempts: [anAttempt({ status: 'fail', message })] })]))
    expect(tests[0]?.log_excerpt).toBe('x'.repeat(16 * 1024 - 1))
  })

  test('an address that is no repository of KCIDB’s is left out', () => {
    const kept = 'https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git'
    expect(isKcidbRepository(kept)).toBe(true)
    for (const address of [
      'git@github.com:a/b',
      'http://example.org/x',
      'https://',
      'https://exa mple/x',
      'https://a/b c',
      'https://a/\0',
      '',
    ])
      expect([address, isKcidbRepository(address)]).toEqual([address, false])
  })

  test('a reader gets the record’s own counts out of it', () => {
    const record = everyEnding()
    const counts = Object.fromEntries(testStatusSchema.options.map((status) => [status, 0]))
    for (const { misc } of kcidbReport(record).tests) {
      const status = (misc as { status?: string } | undefined)?.status
      if (status !== undefined) counts[status] = (counts[status] ?? 0) + 1
    }
    expect(counts).toEqual(countStatuses(record.tests))
  })

  withValidator('KernelCI’s own validator takes it, and refuses what is none', () => {
    const source = { repository: 'https://example.org/linux.git', branch: 'for-next' }
    const whole = kcidbReport({ ...everyEnding(), kernelCommit: 'a'.repeat(40) }, source)
    const [first, second, third = ''] = problemsOf([kcidbReport(everyEnding()), whole, { ...whole, tests: [{ id: 'x' }] }])
    expect([first, second]).toEqual(['', ''])
    expect(third).not.toBe('')
  })

  withValidator('…whatever tests are called and say', () => {
    const text = fc.string({ unit: 'binary', maxLength: 30 })
    const record = fc
      .array(fc.tuple(text, fc.constantFrom(...testStatusSchema.options), text), { maxLength: 40 })
      .map((tests) =>
        aRecord(
          tests.map(([name, status, message]) => aTest(name, { status, reason: message, attempts: [anAttempt({ status, message })] })),
        ),
      )
    expect(problemsOf(fc.sample(record, 60).map((made) => kcidbReport(made))).filter((problem) => problem !== '')).toEqual([])
  })
})
