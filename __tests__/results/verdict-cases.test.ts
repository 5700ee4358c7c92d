import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { exitCode } from '../../src/domain/verdict.js'
import { readResultsDirectory } from '../../src/results/index.js'
import { diskFiles, treeFiles } from '../suites/tree-files.js'

/**
 * Results that were once called passed, with the answers their README has. They lie beside the checkout and are not part of it; where they
 * are not, the forms below hold the rules.
 */
const cases = join(import.meta.dirname ?? __dirname, '../../../shared/cases/verdict')
const context = { toolVersion: '0', now: '2026-11-30T00:00:00.000Z' }

const answers: Readonly<Record<string, readonly [number, RegExp]>> = {
  'A1-kasan-before-first-test': [1, /default before the first test: KASAN: slab-use-after-free/],
  'A13-two-sections-panic': [1, /b generic\/003 \(crashed\)/],
  'G2-two-cpus-one-line': [1, /generic\/001 \(fail\)/],
  'G4-both-console-and-dmesg': [1, /generic\/001 \(fail\)/],
  'G7-dmesg-T': [1, /generic\/001 \(fail\)/],
  'G7b-dmesg-plain': [1, /generic\/001 \(fail\)/],
  'A3-interrupted': [69, /interrupted/],
  'A4b-check-gave-up': [69, /gave up: check: failed to mount/],
  'A5-unknown-test': [69, /did not know `generic\/999`/],
  'A6-old-xml-cut-stdout': [69, /summary|generic\/003/],
  'A8-xml-failures-count-no-failure': [69, /counts 2 failures and shows 0/],
  'A10-section-b-no-tests': [69, /Section b/],
  'F2-testcase-with-diff-no-failure-line': [1, /generic\/905 \(fail\)/],
  'F4-stdout-Failed-count': [69, /counts 1 failed/],
  'F7-d-form-unknown-verdict': [69, /generic\/001/],
  'F9b-dmesg-beyond-1MiB': [1, /generic\/001 \(fail\)/],
  'I3-appended-two-runs': [1, /generic\/001 \(fail\)/],
  'I9-aggregate': [1, /generic\/001 \(fail\)/],
}

const here = existsSync(cases) ? test : test.skip
here.each(Object.entries(answers))('%s', async (name, [status, reason]) => {
  const { conclusion } = await readResultsDirectory(diskFiles, join(cases, name, 'tree'), context)
  expect([exitCode(conclusion, 'any'), conclusion.reason]).toEqual([status, expect.stringMatching(reason)])
})

/** What a slow host can cause by itself, and what is a program's: told, and not counted where nothing else failed. */
const harmless = new Set(['hung', 'rcu-stall', 'dead-wq', 'oomkill2', 'segv-init'])
const kinds = join(cases, 'C-kinds')
const kindNames = existsSync(kinds) ? readdirSync(kinds) : []

here.each(kindNames.length > 0 ? kindNames : ['none'])('a report under a test that passed: %s', async (name) => {
  const { conclusion, tests } = await readResultsDirectory(diskFiles, join(kinds, name), context)
  expect([name, exitCode(conclusion, 'any')]).toEqual([name, harmless.has(name) ? 0 : 1])
  expect(tests[0]?.attempts[0]?.reports.map(({ title }) => title)).toEqual([expect.stringMatching(/\w/)])
})

/** What check prints, as its source has it (check of fstests: `_wrapup`, `run_section`, `_stash_test_status`). */
const header = 'FSTYP         -- xfs (debug)\nPLATFORM      -- Linux/x86_64 box 6.12.4 #1 SMP\nMKFS_OPTIONS  -- -f /dev/vdb\n\n'
const summary = (names: string, total: string) => `Ran: ${names}\n${total}\n\n`
const good = `${header}generic/001         4s\ngeneric/002         5s\n`
const end = summary('generic/001 generic/002', 'Passed all 2 tests')
const failed = 'generic/001        - output mismatch (see /r/generic/001.out.bad)\n    +noise\n'
const failedEnd = 'Ran: generic/001\nFailures: generic/001\nFailed 1 of 1 tests\n\n'
const warning =
  '[   22.0] WARNING: CPU: 0 PID: 1556 at fs/xfs/xfs_foo.c:85 xfs_foo+0xa/0x10\n[   22.1] Call Trace:\n[   22.2]  xfs_foo+0x1/0x2\n[   22.3] ---[ end trace 0 ]---\n'
const one = `${header}generic/001         4s\n${summary('generic/001', 'Passed all 1 tests')}`

interface Form {
  readonly tree: Readonly<Record<string, string>>
  readonly exit: number
  readonly reason: RegExp
}

const forms: Readonly<Record<string, Form>> = {
  'a whole run': { tree: { 'check.stdout': good + end, 'check.rc': '0\n' }, exit: 0, reason: /2 passed/ },
  'a whole run, of which only result.xml is kept': { tree: { 'result.xml': xml(['generic/001']) }, exit: 0, reason: /1 passed/ },
  'an output without its summary': { tree: { 'check.stdout': good }, exit: 69, reason: /without the section’s summary/ },
  'an output whose summary is in check.log': {
    tree: { 'check.stdout': good, 'check.log': `\nKernel version: 6.12.4\nMon Nov 23 09:50:18 UTC 2026\n${end}` },
    ...{ exit: 0, reason: /2 passed/ },
  },
  'a check that says it failed': { tree: { 'check.stdout': good + end, 'check.rc': '1\n' }, exit: 69, reason: /exit status 1/ },
  'a check that was killed': { tree: { 'check.stdout': good + end, 'check.rc': '137\n' }, exit: 69, reason: /exit status 137/ },
  'an exit status that is none': { tree: { 'check.stdout': good + end, 'check.rc': '?\n' }, exit: 69, reason: /no exit status/ },
  'an interrupted run': {
    tree: { 'check.stdout': `${good}Ran: generic/001 generic/002\nInterrupted!\nPassed all 2 tests\n` },
    ...{ exit: 69, reason: /interrupted/ },
  },
  'a run that check.log knows to be interrupted': {
    tree: { 'check.stdout': good + end, 'check.log': `\n\nRan: generic/001 generic/002\nInterrupted!\nPassed all 2 tests\n` },
    ...{ exit: 69, reason: /interrupted/ },
  },
  'a summary that counts more tests than ran': {
    tree: { 'check.stdout': `${good}Passed all 3 tests\n` },
    ...{ exit: 69, reason: /counts 3 tests/ },
  },
  'a failure only check.log counts': {
    tree: { 'check.stdout': good + end, 'check.log': '\n\nRan: generic/001 generic/002\nFailed 1 of 2 tests\n' },
    ...{ exit: 69, reason: /check.log counts 1 failed/ },
  },
  'a failure only the summary names': {
    tree: { 'check.stdout': `${good}Ran: generic/001 generic/002\nFailures: generic/003\nFailed 1 of 2 tests\n` },
    ...{ exit: 1, reason: /generic\/003 \(fail\)/ },
  },
  'a second section without its summary': {
    tree: { 'check.stdout': `SECTION       -- a\n${one}SECTION       -- b\n${header}generic/001         4s\n` },
    ...{ exit: 69, reason: /Section b/ },
  },
  'sections whose summaries are printed again at the end': {
    tree: {
      'check.stdout': `SECTION       -- a\n${one}SECTION       -- b\n${one}SECTION       -- a\n=========================\nRan: generic/001\nPassed all 1 tests\n\nSECTION       -- b\n=========================\nRan: generic/001\nPassed all 1 tests\n\n`,
    },
    ...{ exit: 0, reason: /2 passed/ },
  },
  'an iteration that failed before one that passed': {
    tree: { 'check.stdout': `${header}${failed}${failedEnd}${one}` },
    ...{ exit: 1, reason: /generic\/001 \(fail\)/ },
  },
  'iterations that all passed': { tree: { 'check.stdout': one + one }, exit: 0, reason: /1 passed/ },
  'iterations of which result.xml keeps the last, and check.log all': {
    tree: {
      'result.xml': xml(['generic/001']),
      'check.log': `\n\nMon Nov 23 09:40:00 UTC 2026\nRan: generic/001\nFailures: generic/001\nFailed 1 of 1 tests\n\n\nMon Nov 23 09:50:18 UTC 2026\nRan: generic/001\nPassed all 1 tests\n`,
    },
    ...{ exit: 1, reason: /generic\/001 \(fail\)/ },
  },
  'a failure in check.log of an earlier run': {
    tree: {
      'result.xml': xml(['generic/001']),
      'check.log': `\n\nMon Nov 23 09:00:00 UTC 2026\nRan: generic/001\nFailures: generic/001\nFailed 1 of 1 tests\n\n\nMon Nov 23 09:50:18 UTC 2026\nRan: generic/001\nPassed all 1 tests\n`,
    },
    ...{ exit: 0, reason: /1 passed/ },
  },
  'iterations whose sections add up in result.xml': {
    tree: {
      'a/result.xml': xml(['generic/001'], { section: 'a', failed: ['generic/001'] }),
      'a/check.log': `\n\n${summary('generic/001', 'Passed all 1 tests')}`,
    },
    ...{ exit: 1, reason: /generic\/001 \(fail\)/ },
  },
  'a test that -L found to be flaky': {
    tree: {
      'check.stdout': `${header}${failed}generic/001         4s\ngeneric/001 aggregate results across 2 runs: fail=1 (50.0%), pass=1 (50.0%)\ngeneric/002         4s\nRan: generic/001 generic/002\nFailures: generic/001\nFailed 1 of 2 tests\n`,
    },
    ...{ exit: 0, reason: /1 passed, 1 failure expected or flaky/ },
  },
  'a kernel report in mkfs': {
    tree: { 'check.stdout': one, 'console.log': `${warning}[   10.0] run fstests generic/001 at 2026-11-23 09:48:09\n` },
    ...{ exit: 1, reason: /default before the first test: WARNING in xfs_foo/ },
  },
  'a kernel report under a test that nobody knows': {
    tree: {
      'check.stdout': `${one}`,
      'console.log': `[   10.0] run fstests generic/001 at 2026-11-23 09:48:09\n[   11.0] run fstests btrfs/050-name at 2026-11-23 09:49:09\n${warning}`,
    },
    ...{ exit: 1, reason: /btrfs\/050-name \(fail\)/ },
  },
  'a kernel report behind a thousand stalls': {
    tree: {
      'check.stdout': one,
      'console.log': `[   10.0] run fstests generic/001 at 2026-11-23 09:48:09\n${'[   11.0] INFO: task fsstress:123 blocked for more than 120 seconds.\n'.repeat(1200)}${warning}`,
    },
    ...{ exit: 1, reason: /generic\/001 \(fail\)/ },
  },
  'a kernel report under a test of an earlier run': {
    tree: {
      'result.xml': xml(['generic/001']),
      'console.log': `[   10.0] run fstests generic/001 at 2026-11-22 09:48:09\n${warning}[   90.0] run fstests generic/001 at 2026-11-23 09:48:09\n`,
    },
    ...{ exit: 0, reason: /1 passed/ },
  },
  'a result.xml of another kernel': {
    tree: { 'check.stdout': one, 'results/result.xml': xml(['generic/002'], { kernel: '5.10.1', failed: ['generic/001'] }) },
    ...{ exit: 0, reason: /1 passed/ },
  },
  'a result.xml that check wrote before a test': {
    tree: { 'result.xml': xml(['generic/001']).replace(' time="3"', ' time=""') },
    ...{ exit: 69, reason: /before check came to its end/ },
  },
  'a result.xml that lost a case': { tree: { 'result.xml': xml(['generic/001'], { tests: 2 }) }, exit: 69, reason: /counts 2 tests/ },
  'output of the tests themselves': {
    tree: {
      'check.stdout': `${header}generic/001        QA output created by 001\nSilence is golden\n 4s\nRan: generic/001\nPassed all 1 tests\n`,
    },
    ...{ exit: 0, reason: /1 passed/ },
  },
}

function xml(
  passed: readonly string[],
  changes: { section?: string; failed?: readonly string[]; kernel?: string; tests?: number } = {},
): string {
  const { section = 'global', failed: bad = [], kernel = '6.12.4', tests = passed.length } = changes
  const cases = [
    ...bad.map(
      (name) =>
        `\t<testcase classname="xfstests.${section}" name="${name}" time="4">\n\t\t<failure message="x" type="TestFail" />\n\t</testcase>`,
    ),
    ...passed.map((name) => `\t<testcase classname="xfstests.${section}" name="${name}" time="4">\n\t</testcase>`),
  ]
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuite\n name="xfstests"\n failures="0" skipped="0" tests="${tests}" time="3"\n start_timestamp="2026-11-23T09:30:00+00:00"\n report_timestamp="2026-11-23T09:50:18+00:00"\n>\n\t<properties>\n\t\t<property name="KERNEL" value="${kernel}"/>\n\t</properties>\n${cases.join('\n')}\n</testsuite>\n`
}

test('the directory of one section is that section, and each test of it is counted once', async () => {
  const tree = {
    '/x/result.xml': xml(['generic/002', 'generic/003'], { section: 'xfs_a', failed: ['generic/001'], tests: 3 }),
    '/x/check.log': '\n\nRan: generic/001 generic/002 generic/003\nFailures: generic/001\nFailed 1 of 3 tests\n',
    '/x/generic/001.out.bad': 'noise\n',
    '/x/generic/002.full': 'x\n',
  }
  const { tests, sections } = await readResultsDirectory(treeFiles(tree), '/x', context)
  expect(sections.map(({ name }) => name)).toEqual(['xfs_a'])
  expect(tests.map(({ section, name, status }) => [section, name, status])).toEqual([
    ['xfs_a', 'generic/001', 'fail'],
    ['xfs_a', 'generic/002', 'pass'],
    ['xfs_a', 'generic/003', 'pass'],
  ])
})

test.each(Object.entries(forms))('%s', async (_, { tree, exit, reason }) => {
  const files = treeFiles(Object.fromEntries(Object.entries(tree).map(([path, text]) => [`/x/${path}`, text])))
  const { conclusion } = await readResultsDirectory(files, '/x', context)
  expect([exitCode(conclusion, 'any'), conclusion.reason]).toEqual([exit, expect.stringMatching(reason)])
})
