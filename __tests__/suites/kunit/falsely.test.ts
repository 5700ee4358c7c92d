import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { lostOptions, mergeFragments, parseKernelConfig } from '../../../src/kconfig/index.js'
import { kunitDrive } from '../../../src/suites/kunit/drive.js'
import { judgeKunit } from '../../../src/suites/kunit/verdict.js'

/**
 * Each way in which KUnit and kunit.py (6.12.117) were seen to be green over what failed or never ran, or red where nothing is wrong, and what it comes to
 * here; more of the verdict's own stand in kunit.test.ts.
 */
const ended = (code: number) => ({ kind: 'exit' as const, code })
const section = { suite: 'kunit', name: 'default', description: '', disks: [], environment: {}, kernelOptions: [], settings: {} }
const commandOf = (name: string, file: string, timeoutFactor = 1) =>
  kunitDrive.command({ name, groups: [], file, line: 1 }, { section, scale: { emulated: false, timeoutFactor }, guestPath: '/' })

const captured = join(import.meta.dirname ?? __dirname, '../../../../shared/suites-captured/kunit')
const isThere = existsSync(captured)
if (!isThere) console.warn(`skipped: there is no ${captured}`)
const described = isThere ? describe : describe.skip

test.each([
  ['loads', 0, 'the kernel did not take it: a filter'],
  ['does not load', 1, 'the module gone_kunit cannot be loaded'],
])('a module that %s and runs nothing was not tested', (_what, status, reason) => {
  const place = mkdtempSync(join(tmpdir(), 'falsely-kunit-'))
  try {
    mkdirSync(join(place, 'kunit'))
    writeFileSync(join(place, 'modprobe'), `#!/bin/sh\nexit ${status}\n`, { mode: 0o755 })
    const [shell = '', ...words] = commandOf('gone', 'gone_kunit').argv.map((word) =>
      word.replaceAll('/sys/kernel/debug/kunit', `${place}/kunit`).replaceAll('/tmp/kunit-', `${place}/seen-`),
    )
    const run = spawnSync(shell, words, { encoding: 'utf8', env: { PATH: `${place}:${process.env.PATH}` } })
    const { status: verdict, message } = judgeKunit(ended(run.status ?? 1), run.stdout, 'gone')
    expect([verdict, message]).toEqual(['notreached', expect.stringContaining(reason)])
  } finally {
    rmSync(place, { recursive: true })
  }
})

// Linux 6.12.117 with CONFIG_KUNIT_TEST=m and no CONFIG_KUNIT_FAULT_TEST: kunit-test.ko has the suite kunit_fault, whose list of cases is empty.
test.each([
  ['whose cases are compiled out declined', { taken: ['kunit_device'] }, 'notrun', 'this kernel has no case of it'],
  ['that a filter keeps out was not tested', { taken: ['kunit_device'], glob: 'kunit_device*' }, 'notreached', 'a filter'],
  [
    'that a filter of the command line keeps out was not tested',
    { taken: ['kunit_device'], line: 'quiet kunit.filter_glob=x' },
    'notreached',
    'a filter',
  ],
  ['of a kernel that took none was not tested', { taken: [] }, 'notreached', 'a filter'],
])('a suite %s', (_what, { taken, glob = '(null)', line = 'quiet' }: { taken: string[]; glob?: string; line?: string }, status, reason) => {
  const place = mkdtempSync(join(tmpdir(), 'falsely-kunit-'))
  try {
    for (const name of ['kunit', 'parameters', ...taken.map((suite) => `kunit/${suite}`)]) mkdirSync(join(place, name))
    writeFileSync(join(place, 'parameters/filter_glob'), `${glob}\n`)
    writeFileSync(join(place, 'parameters/filter'), '(null)\n')
    writeFileSync(join(place, 'cmdline'), `${line}\n`)
    writeFileSync(join(place, 'modprobe'), '#!/bin/sh\n', { mode: 0o755 })
    const [shell = '', ...words] = commandOf('kunit_fault', 'kunit-test').argv.map((word) =>
      word
        .replaceAll('/sys/kernel/debug/kunit', `${place}/kunit`)
        .replaceAll('/sys/module/kunit/parameters', `${place}/parameters`)
        .replaceAll('/proc/cmdline', `${place}/cmdline`),
    )
    const run = spawnSync(shell, words, { encoding: 'utf8', env: { PATH: `${place}:${process.env.PATH}` } })
    const judged = judgeKunit(ended(run.status ?? 1), run.stdout, 'kunit_fault')
    expect([judged.status, judged.message]).toEqual([status, expect.stringContaining(reason)])
  } finally {
    rmSync(place, { recursive: true })
  }
})

test('a case that hangs is ended by KUnit, after 300 s, before the agent ends its suite, however slow the guest', () => {
  expect([1, 4].map((factor) => commandOf('a', 'vmlinux', factor).limitSeconds)).toEqual([330, 1320])
})

test('an option to be off that the kernel does not even show is no lost option', () => {
  const fragment = { name: 'kunit', text: readFileSync(new URL('../../../nix/kconfig/kunit.config', import.meta.url), 'utf8') }
  const merged = mergeFragments([fragment])
  const survived = fragment.text.replace(/^# CONFIG_\w+ is not set$/gm, '')
  expect(survived).not.toBe(fragment.text)
  expect(lostOptions(merged, parseKernelConfig(survived))).toEqual([])
  expect(lostOptions(merged, parseKernelConfig(`${survived}CONFIG_KUNIT_FAULT_TEST=y\n`)).map(({ requested }) => requested.name)).toEqual([
    'CONFIG_KUNIT_FAULT_TEST',
  ])
})

described('what kunit.py was given to parse', () => {
  // Its exit status is in kunit.py-parse-planted.txt: 0 for ok, xfail and breakpoints, 1 for all others.
  test.each<[file: string, status: string, message: RegExp]>([
    ['ok', 'pass', /^null$/],
    ['xfail', 'pass', /^null$/],
    ['breakpoints', 'fail', /^2 of \d+ sub-tests failed: Test icebp; Test int 3 trap$/],
    ['allskip', 'notrun', /^(x|no hw)$/],
    ['liar', 'fail', /^1 of 2 sub-tests failed: b$/],
    ['missing', 'fail', /planned 3 sub-tests, saw 2/],
    ['cut', 'fail', /planned/],
    ['timeout', 'fail', /sub-tests? failed: a/],
    ['none', 'notreached', /no case/],
    ['zero', 'notreached', /end before its own/],
  ])('%s is %s', (file, status, message) => {
    const { status: own, message: why } = judgeKunit(ended(0), readFileSync(join(captured, `${file}.log`), 'utf8'), 's')
    expect([own, String(why)]).toEqual([status, expect.stringMatching(message)])
  })
})

described('what debugfs had of a real boot', () => {
  const boot = isThere ? readFileSync(join(captured, 'boot-default.txt'), 'utf8') : ''
  /** From `VM: results NAME` to the next `VM:`. */
  const resultsOf = (name: string) => boot.split(`VM: results ${name}\n`)[1]?.split('VM: ')[0] ?? ''

  test('parameters that no list has, and skips among them, are sub-tests, and its suite has passed', () => {
    const { status, subtests } = judgeKunit(ended(0), resultsOf('example'), 'example')
    const skipped = subtests.filter((found) => found.status === 'notrun').map(({ name }) => name)
    expect([status, skipped.length, subtests.length]).toEqual(['pass', 4, 12])
    expect(judgeKunit(ended(0), resultsOf('time_test_cases'), 'time_test_cases').status).toBe('pass')
  })

  test('nowhere cut off is it a pass, or a skip', () => {
    const lines = resultsOf('example').trimEnd().split('\n')
    const verdicts = lines.map((_, count) => judgeKunit(ended(0), lines.slice(0, count).join('\n'), 'example').status)
    expect([...new Set(verdicts)].sort()).toEqual(['fail', 'notreached'])
  })

  test('of a kernel with kunit.enable=0, and of a boot that let no suite through, is nothing', () => {
    for (const file of ['boot-enable0.txt', 'boot-glob.txt']) {
      const text = readFileSync(join(captured, file), 'utf8')
      expect(text).toContain('VM: insmod rc=0')
      const printed = text.split('\n').flatMap((line) => /^\[[^\]]*\] (.*)$/.exec(line)?.[1] ?? [])
      // Even what the kernel log says there is no pass of a suite that did not run.
      expect(['fail', 'notreached']).toContain(judgeKunit(ended(0), printed.join('\n'), 'resource').status)
    }
  })
})
