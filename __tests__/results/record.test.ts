import { describe, expect, test } from '@jest/globals'
import { runRecordSchema } from '../../src/domain/record.js'
import { aSection } from '../report/builder.js'
import { aBatch, aGuest, aReport, aSelection, aVmRun, build, panic, runTimeout, testTimeout } from './fixtures.js'

const stdout = (text: string, guest = 1) => ({ [`/run/guests/${guest}/batches/1/check.stdout`]: text })
const byName = (record: Awaited<ReturnType<typeof build>>) => Object.fromEntries(record.tests.map((one) => [one.name, one]))
const statuses = (record: Awaited<ReturnType<typeof build>>) => Object.fromEntries(record.tests.map((one) => [one.name, one.status]))

describe('buildRecord', () => {
  test('has every planned test, with its logs, time and place', async () => {
    const text =
      'PLATFORM      -- Linux/x86_64 vm 6.18.0\ngeneric/001         3s\ngeneric/002        [not run] no quota\nRan: generic/001 generic/002\nNot run: generic/002\nPassed all 2 tests\n'
    const batch = aBatch(1, ['generic/001', 'generic/002', 'generic/003'], {
      timeline: [{ name: 'generic/001', startedAt: '2026-11-24T05:01:00.000Z', endedAt: '2026-11-24T05:01:03.000Z', seconds: 2.75 }],
    })
    const selection = aSelection(['generic/001', 'generic/002', 'generic/003'])
    const planned = [
      ...selection.tests,
      { suite: 'fstests', section: 'xfs_4k', name: 'generic/004', file: 'tests/generic/004', line: 12, expunged: { reason: 'hours' } },
    ]
    const tree = { ...stdout(text), '/run/guests/1/batches/1/results/generic/001.full': 'x' }
    const record = await build(tree, aVmRun({ guests: [aGuest(1)], batches: [batch] }), { ...selection, tests: planned })
    expect(runRecordSchema.parse(record)).toEqual(record)
    expect(statuses(record)).toEqual({
      'generic/001': 'pass',
      'generic/002': 'notrun',
      'generic/003': 'notreached',
      'generic/004': 'expunged',
    })
    const { 'generic/001': first, 'generic/002': second, 'generic/003': third, 'generic/004': fourth } = byName(record)
    expect(first?.attempts).toEqual([
      {
        ...{
          status: 'pass',
          durationSeconds: 2.75,
          guest: 1,
          startedAt: '2026-11-24T05:01:00.000Z',
          message: null,
          diff: null,
          reports: [],
          exit: null,
        },
        logs: {
          console: 'guests/1/console.log',
          stdout: 'guests/1/batches/1/check.stdout',
          full: 'guests/1/batches/1/results/generic/001.full',
        },
      },
    ])
    expect([second?.reason, third?.reason, fourth?.reason, fourth?.line]).toEqual(['no quota', 'no guest got to it', 'hours', 12])
    expect(record.sections[0]).toMatchObject({ kernelRelease: '6.18.0', platform: 'Linux/x86_64 vm 6.18.0', couldNotTest: null })
    expect(record.conclusion.kind).toBe('could-not-test')
  })

  test.each([
    ['panic', panic, 'crashed', /panicked: Kernel panic/],
    ['QEMU died', { kind: 'qemu-died', code: null, signal: 'SIGKILL', stderr: '' }, 'crashed', /SIGKILL/],
    ['gone', { kind: 'gone', lastLine: 'reboot: Restarting' }, 'crashed', /reboot: Restarting/],
    ['a test’s time limit', testTimeout, 'timeout', /within 300 s/],
    ['the run’s time limit', runTimeout, 'notreached', /did not end within 3600 s \(limit of the run\)/],
    ['cancelled', { kind: 'cancelled' }, 'notreached', /cancelled/],
  ] as const)('a guest that died under a test: %s', async (_, exit, status, message) => {
    const batch = aBatch(1, ['generic/001', 'generic/002'], { died: { exit, test: 'generic/002' }, exitStatus: null })
    const record = await build(
      stdout('generic/001         3s\ngeneric/002        '),
      aVmRun({ guests: [aGuest(1, { exit })], batches: [batch] }),
      aSelection(['generic/001', 'generic/002']),
    )
    expect(statuses(record)).toEqual({ 'generic/001': 'pass', 'generic/002': status })
    expect(byName(record)['generic/002']?.attempts[0]).toMatchObject({ status, exit, message: expect.stringMatching(message) })
    expect(record.conclusion.kind).not.toBe('passed')
  })

  test.each([
    ['a decline', 'generic/002        [not run] no quota\n', { kind: 'cancelled' }, 'notrun'],
    ['a pass', 'generic/002         3s\n', { kind: 'cancelled' }, 'pass'],
    ['a pass at the run’s end', 'generic/002         3s\n', runTimeout, 'pass'],
    ['half a line', 'generic/002         3s', { kind: 'cancelled' }, 'notreached'],
    ['a pass under a panic', 'generic/002         3s\n', panic, 'crashed'],
  ] as const)('a guest that the host ended keeps the verdict that is here: %s', async (_, line, exit, status) => {
    const names = ['generic/001', 'generic/002']
    const batch = aBatch(1, names, { died: { exit, test: 'generic/002' }, exitStatus: null })
    const run = aVmRun({ guests: [aGuest(1, { exit })], batches: [batch], stopped: { kind: 'cancelled', reason: 'cancelled' } })
    const record = await build(stdout(`generic/001         3s\n${line}`), run, aSelection(names))
    expect(statuses(record)).toEqual({ 'generic/001': 'pass', 'generic/002': status })
    expect(record.conclusion.kind).toBe('cancelled')
  })

  test('the test a guest died under is found without the guest’s word, and without any evidence', async () => {
    const died = { exit: panic, test: null }
    const cut = await build(
      stdout('generic/001         3s\ngeneric/002        '),
      aVmRun({ guests: [aGuest(1)], batches: [aBatch(1, ['generic/001', 'generic/002'], { died })] }),
      aSelection(['generic/001', 'generic/002']),
    )
    expect(statuses(cut)).toEqual({ 'generic/001': 'pass', 'generic/002': 'crashed' })
    const nothing = await build(
      {},
      aVmRun({ guests: [aGuest(1)], batches: [aBatch(1, ['generic/001'], { died: { exit: panic, test: 'generic/001' } })] }),
      aSelection(['generic/001']),
    )
    expect(statuses(nothing)).toEqual({ 'generic/001': 'crashed' })
  })

  test('a guest that dies under a test the suite already passed takes the pass away', async () => {
    const batch = aBatch(1, ['generic/001'], { died: { exit: panic, test: 'generic/001' } })
    const record = await build(
      stdout('generic/001         3s\n'),
      aVmRun({ guests: [aGuest(1)], batches: [batch] }),
      aSelection(['generic/001']),
    )
    expect(statuses(record)).toEqual({ 'generic/001': 'crashed' })
    expect(record.disagreements).toEqual([
      {
        suite: 'fstests',
        section: 'xfs_4k',
        test: 'generic/001',
        sources: { suite: 'pass', guest: 'panic' },
        resolution: expect.stringContaining('crashed'),
      },
    ])
  })

  test('kernel reports go to the attempt they fell into; a bug under a pass is a failure', async () => {
    const reports = [
      aReport({ test: 'generic/001', kind: 'hung-task', title: 'INFO: task hung' }),
      aReport({ test: 'generic/002', kind: 'kasan' }),
      aReport({ test: 'generic/003', kind: 'warning', provoked: true }),
      aReport({ test: null, kind: 'warning' }),
      aReport({ test: 'generic/099', kind: 'kasan' }),
    ]
    const text = 'generic/001         3s\ngeneric/002         3s\ngeneric/003         3s\n'
    const names = ['generic/001', 'generic/002', 'generic/003']
    const record = await build(stdout(text), aVmRun({ guests: [aGuest(1, { reports })], batches: [aBatch(1, names)] }), aSelection(names))
    expect(statuses(record)).toEqual({ 'generic/001': 'pass', 'generic/002': 'fail', 'generic/003': 'pass' })
    expect(record.tests.map((one) => one.attempts[0]?.reports.length)).toEqual([1, 1, 1])
    expect(record.unattributedReports.map((report) => report.test)).toEqual([null, 'generic/099'])
    expect(record.disagreements).toMatchObject([{ test: 'generic/002', sources: { suite: 'pass', console: 'kasan' } }])
  })

  test('a report of a KUnit suite goes to that suite, where it is planned; a guest that died of it crashed it', async () => {
    const ktap = (name: string) => `KTAP version 1\n1..1\n    KTAP version 1\n    # Subtest: ${name}\n    1..1\n    ok 1 a\nok 1 ${name}\n`
    const ran = (name: string) => ({
      [`/run/guests/1/batches/1/results/tests/${name}.out`]: ktap(name),
      [`/run/guests/1/batches/1/results/tests/${name}.status`]: 'exit 0\n',
    })
    const own = { suite: 'kunit', section: 'default' }
    const selection = aSelection([], {
      sections: [{ ...aSection('default'), suite: 'kunit' }],
      tests: ['good', 'warns', 'late'].map((name) => ({ ...own, name })),
    })
    const warning = aReport({ test: null, kind: 'warning', title: 'WARNING in foo', kunitSuite: 'warns', phase: 'boot' })
    const other = aReport({ test: null, kind: 'warning', title: 'WARNING in foo', kunitSuite: 'not planned', phase: 'boot' })
    const batch = aBatch(1, ['good', 'warns'], { ...own, timeline: [] })
    const guests = [aGuest(1, { ...own, reports: [warning, other] }), aGuest(2, { ...own, reports: [warning] })]
    const record = await build({ ...ran('good'), ...ran('warns') }, aVmRun({ guests, batches: [batch] }), selection)
    expect(statuses(record)).toEqual({ good: 'pass', warns: 'fail', late: 'notreached' })
    expect(record.tests[1]?.attempts).toMatchObject([{ message: 'the kernel reported: WARNING in foo', reports: [{ count: 2 }] }])
    expect(record.unattributedReports).toMatchObject([{ kunitSuite: 'not planned' }])
    expect(record.conclusion.reason).toContain('WARNING in foo, while the KUnit suite not planned ran')

    const panicked = aReport({ test: null, kind: 'panic', fatal: true, title: 'kernel panic: planted', kunitSuite: 'late', phase: 'boot' })
    const died = await build({}, aVmRun({ guests: [aGuest(1, { ...own, exit: panic, reports: [panicked] })] }), selection)
    expect(statuses(died)).toEqual({ good: 'notreached', warns: 'notreached', late: 'crashed' })
    expect(died.tests[2]?.attempts).toMatchObject([{ message: 'the guest died while it booted: kernel panic: planted', exit: panic }])
    expect(died.unattributedReports).toEqual([])
    expect(died.conclusion.kind).toBe('failed')
  })

  test('a report under no test fails its section, unless a list expects it; one that ends the kernel is never expected', async () => {
    const names = ['generic/001']
    const text = 'generic/001         3s\nRan: generic/001\nPassed all 1 tests\n'
    const conclude = async (title: string, changes: Parameters<typeof aReport>[0] = {}) => {
      const reports = [aReport({ test: null, kind: 'warning', title: 'WARNING in foo', ...changes })]
      const selection = { ...aSelection(names), expectedReports: [{ title, sections: ['xfs_4k'], reason: 'known' }] }
      return build(stdout(text), aVmRun({ guests: [aGuest(1, { reports })], batches: [aBatch(1, names)] }), selection)
    }
    const unexpected = await conclude('WARNING in bar')
    expect(unexpected.conclusion).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('xfs_4k before the first test: WARNING in foo'),
    })
    expect((await conclude('WARNING in foo')).conclusion.kind).toBe('passed')
    expect((await conclude('WARNING in foo', { kind: 'panic', fatal: true })).conclusion.kind).toBe('failed')
  })

  test('later attempts follow in one test; the first verdict stands', async () => {
    const fail = 'generic/001        [failed, exit status 1]\n'
    const pass = 'generic/001         1s\n'
    const twice = (first: string, second: string, reports = [aReport({ test: 'generic/001', kind: 'oom' })]) =>
      build(
        { ...stdout(first, 1), ...stdout(second, 2) },
        aVmRun({ guests: [aGuest(1, { reports }), aGuest(2)], batches: [aBatch(1, ['generic/001']), aBatch(2, ['generic/001'])] }),
        aSelection(['generic/001']),
      )
    expect((await twice(fail, pass)).tests).toMatchObject([{ status: 'fail', flaky: true, attempts: [{ guest: 1 }, { guest: 2 }] }])
    expect((await twice(fail, fail)).tests).toMatchObject([{ status: 'fail', flaky: false }])
    expect((await twice(pass, fail)).tests).toMatchObject([{ status: 'fail', flaky: false }])
    // A kernel bug is not undone by a later pass.
    expect((await twice(fail, pass, [aReport({ test: 'generic/001' })])).tests).toMatchObject([{ status: 'fail', flaky: false }])
  })

  test('the diff is made from the outputs where the suite printed only its start', async () => {
    const text =
      'generic/001        - output mismatch (see /r/generic/001.out.bad)\n    --- a\n    +++ b\n    @@ -1 +1,2 @@\n    +first\n    ...\n'
    const tree = {
      ...stdout(text),
      '/run/guests/1/batches/1/results/generic/001.out.bad': 'QA output created by 001\nfirst\nsecond\n',
      '/src/tests/generic/001.out': 'QA output created by 001\nSilence is golden\n',
    }
    const vmRun = aVmRun({ guests: [aGuest(1)], batches: [aBatch(1, ['generic/001'])] })
    const diffOf = async (changes: Parameters<typeof build>[3]) =>
      (await build(tree, vmRun, aSelection(['generic/001']), changes)).tests[0]?.attempts[0]?.diff
    expect(await diffOf({})).toBe(
      '--- tests/generic/001.out\n+++ generic/001.out.bad\n@@ -1,2 +1,3 @@\n QA output created by 001\n-Silence is golden\n+first\n+second',
    )
    expect(await diffOf({ suiteSources: {} })).toBe('--- a\n+++ b\n@@ -1 +1,2 @@\n+first\n...')
  })

  test('a verdict nobody asked for is a problem, an abandoned section and a stopped run are said', async () => {
    const record = await build(
      stdout('generic/001         3s\ngeneric/777         3s\n'),
      aVmRun({
        guests: [aGuest(1)],
        batches: [aBatch(1, ['generic/001'], { notes: ['the stream was cut'] })],
        abandonedSections: [{ suite: 'fstests', section: 'ext4', reason: 'no guest came up' }],
        stopped: { kind: 'deadline', reason: 'The time limit of 60 min was reached.' },
      }),
      aSelection(['generic/001'], {
        tests: [
          { suite: 'fstests', section: 'xfs_4k', name: 'generic/001' },
          { suite: 'fstests', section: 'ext4', name: 'generic/001' },
        ],
      }),
    )
    expect(record.tests).toHaveLength(2)
    expect(record.tests[1]).toMatchObject({ status: 'notreached', reason: 'no guest came up' })
    expect(record.problems.join('\n')).toMatch(/stream was cut\n.*generic\/777 left a verdict[\s\S]*time limit/)
    expect(record.conclusion).toMatchObject({ kind: 'could-not-test', reason: expect.stringContaining('60 min') })
  })
})
