import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { ProgramEnd } from '../../../src/domain/program-end.js'
import { readKselftestLog } from '../../../src/suites/kselftest/log.js'
import { judgeProgram } from '../../../src/suites/ktap/index.js'
import { programDrive } from '../../../src/suites/programs/drive.js'

/**
 * Each way in which kselftest was seen to be green, or silent, over a test that failed or did not run (6.12.117, and the newest run_kselftest.sh), and what
 * it comes to here. Three are the guest's own and stand with its agent (__tests__/vm/guest/agent.test.ts): a limit without /usr/bin/timeout, a child
 * that holds the output, a test that speaks for another. What is wrong with a list or an installation is refused before booting (catalogue.test.ts).
 */
let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'falsely-green-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

const section = { suite: 'kselftest', name: 'default', description: '', disks: [], environment: {}, kernelOptions: [], settings: {} }

/** Starts a program as the guest's agent does, and judges it. @param path where its shell finds programs; absent: as here */
function verdictOn(name: string, script: string | null, { mode = 0o755, path }: { mode?: number; path?: string } = {}) {
  if (script !== null) {
    writeFileSync(join(directory, name), script)
    chmodSync(join(directory, name), mode)
  }
  const scale = { emulated: false, timeoutFactor: 1 }
  const [program = '', ...words] = programDrive.command({ name, groups: [], file: name, line: 1 }, { section, scale, guestPath: '/' }).argv
  const env = path === undefined ? process.env : { PATH: path }
  const { status, signal, stdout, stderr } = spawnSync(program, words, { cwd: directory, env, encoding: 'utf8' })
  const end: ProgramEnd = signal === null ? { kind: 'exit', code: status ?? 1 } : { kind: 'signal', signal: 11 }
  const { status: verdict, message } = judgeProgram(end, `${stdout}${stderr}`)
  return { verdict, message }
}

describe('a program', () => {
  test.each<[way: string, script: string, verdict: string, message: RegExp | null]>([
    ['exits with 0 over a failed sub-test', 'echo 1..2; echo ok 1 a; echo not ok 2 b', 'fail', /^1 of 2 sub-tests failed: b$/],
    [
      'plans three results and prints PASS lines (kcmp:kcmp_test)',
      'echo 1..3; for i in 1 2 3; do echo "PASS: 0 returned as expected"; done; echo "# Totals: pass:3 fail:0 xfail:0 xpass:0 skip:0 error:0"',
      'fail',
      /planned 3 sub-tests, saw no result/,
    ],
    ['plans at its end what it did not do', 'echo ok 1 a; echo 1..2', 'fail', /^planned 2 sub-tests, saw 1$/],
    ['skips everything, the name behind the directive', 'echo 1..1; echo "ok 1 # SKIP test_lesser_ns_open"', 'notrun', null],
    ['has a failure behind other text on its line', 'echo "Diff too high: 11455990..not ok 1 ITIMER_VIRTUAL"', 'fail', /behind other text/],
    ['ends without a newline in a failure', 'printf "1..2\\nok 1 a\\nnot ok 2 b"', 'fail', /^1 of 2 sub-tests failed: b$/],
    ['gives up in the middle', 'echo 1..2; echo ok 1 a; echo ok 2 b; echo "Bail out! nothing works"', 'fail', /^Bail out!/],
    ['exits with 124, as if a limit had ended it', 'echo 1..1; echo ok 1 a; exit 124', 'fail', /^exit status 124/],
    ['exits with 2, an XFAIL to the newest', 'exit 2', 'fail', /^exit status 2$/],
    ['dies of a signal behind good results', 'echo 1..1; echo ok 1 a; kill -SEGV $$', 'fail', /SIGSEGV/],
    ['fails and then declines', 'echo not ok 1 a; exit 4', 'fail', /^1 of 1 sub-tests failed: a$/],
  ])('that %s', (_way, script, verdict, message) => {
    const found = verdictOn('program', `#!/bin/sh\n${script}\n`)
    expect(found.verdict).toBe(verdict)
    if (message !== null) expect(found.message).toMatch(message)
  })

  test('that is not there, or cannot be started', () => {
    expect(verdictOn('missing', null).verdict).toBe('fail')
    expect(verdictOn('text', 'exit 0\n', { mode: 0o644 })).toEqual({
      verdict: 'fail',
      message: expect.stringMatching(/^exit status 126: .*is not executable$/),
    })
    expect(verdictOn('windows', '#!/bin/sh\r\nexit 0\r\n').verdict).toBe('fail')
  })

  test.each([
    ['without stdbuf, perl and timeout', ''],
    ['with a stdbuf whose library is missing (every test exits with 125 then)', 'exit 125'],
  ])('%s: it is run and judged all the same', (_what, stdbuf) => {
    const path = mkdtempSync(join(directory, 'bin-'))
    mkdirSync(path, { recursive: true })
    if (stdbuf !== '') writeFileSync(join(path, 'stdbuf'), `#!/bin/sh\n${stdbuf}\n`, { mode: 0o755 })
    expect(verdictOn('good', '#!/bin/sh\necho 1..1; echo ok 1 a\n', { path })).toEqual({ verdict: 'pass', message: null })
    expect(verdictOn('bad', '#!/bin/sh\necho 1..1; echo not ok 1 a\n', { path }).verdict).toBe('fail')
  })
})

// The runner exited with 0 under each of these.
const captured = join(import.meta.dirname ?? __dirname, '../../../../shared/suites-captured/kselftest')
const described = existsSync(captured) ? describe : describe.skip
described('a log of run_kselftest.sh', () => {
  test.each<[way: string, file: string, notPassed: readonly string[], problem: string | null]>([
    ['over failed sub-tests', 'breakpoints.txt', ['fail breakpoints:breakpoint_test'], null],
    ['over results that are no lines', 'kcmp.txt', ['fail kcmp:kcmp_test'], null],
    ['written over itself by `> file`', 'kcmp.redirected-to-a-file.txt', ['fail kcmp:kcmp_test'], null],
    [
      'in namespaces, two of three results lost (-n)',
      'netns.txt',
      ['notrun planted:t_skip4'],
      'The log plans 3 tests and has results of 1.',
    ],
    ['without limits, ended in a hang', 'no-timeout.txt', ['fail planted:t_hang'], 'The log plans 1 tests and has results of 0.'],
    ['without the library of stdbuf', 'size-without-libstdbuf.txt', ['fail size:get_size'], null],
    ['without a terminal on standard input', 'filesystems.txt', ['notrun filesystems:devpts_pts'], null],
    [
      'of planted programs',
      'planted.txt',
      [
        ...['fail planted:t_bail', 'fail planted:t_missing', 'fail planted:t_nested_fail_rc0', 'fail planted:t_no_shebang'],
        ...['fail planted:t_plan_short_rc0', 'fail planted:t_segv', 'fail planted:t_xfail2', 'notrun planted:t_skip4'],
        ...['timeout planted:t_hang', 'timeout planted:t_rc124'],
      ],
      null,
    ],
  ])('%s', (_way, file, notPassed, problem) => {
    const { tests, problems } = readKselftestLog(readFileSync(join(captured, file), 'utf8'))
    const lines = tests.filter(({ status }) => status !== 'pass').map(({ name, status }) => `${status} ${name}`)
    expect({ lines: lines.sort(), problems }).toEqual({ lines: [...notPassed], problems: problem === null ? [] : [problem] })
  })

  test('that ran nothing is no results', () => {
    for (const file of ['dry.txt', 'all.log'])
      expect(readKselftestLog(readFileSync(join(captured, file), 'utf8')).problems).toEqual([expect.stringContaining('no plan')])
  })
})
