import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ltp } from '../../../src/suites/ltp/index.js'
import { judgeLtp } from '../../../src/suites/ltp/verdict.js'
import { treeFiles } from '../tree-files.js'

const exit = (code: number) => ({ kind: 'exit' as const, code })
const summary = (passed: number, failed = 0, broken = 0, skipped = 0, warnings = 0) =>
  `\nSummary:\npassed   ${passed}\nfailed   ${failed}\nbroken   ${broken}\nskipped  ${skipped}\nwarnings ${warnings}\n`
const newApi = 'tst_test.c:2048: TINFO: LTP version: 20260529\n'

describe('what is green or red elsewhere and is not here', () => {
  const cases: readonly (readonly [what: string, code: number, text: string, isKnown: boolean, status: string, message: RegExp | null])[] =
    [
      ['prints TFAIL and exits 0', 0, 'x 1 TFAIL: bad\n', false, 'fail', /TFAIL: bad/],
      ['prints nothing and exits 0', 0, '', false, 'fail', /printed nothing/],
      ['prints nothing, exits 0, and is in the metadata', 0, '', true, 'fail', /no pass/],
      ['says something, but no pass, and is in the metadata', 0, 'hello\n', true, 'fail', /no pass/],
      ['of the old API speaks in its own way', 0, 'gf01 ok\n', false, 'pass', null],
      ['has lost its summary', 0, `${newApi}a.c:1: TPASS: fine\n`, true, 'fail', /summary is lost/],
      ['has a summary that knows of failures its lines do not show', 0, `a.c:1: TPASS: fine\n${summary(1, 1)}`, true, 'fail', /1 TFAIL/],
      ['fails where its summary does not know it', 0, `a.c:1: TFAIL: no\n${summary(1)}`, true, 'fail', /TFAIL: no/],
      [
        'is broken and warns',
        6,
        `a.c:1: TWARN: ENOSPC\na.c:2: TBROK: full\n${summary(0, 0, 1, 0, 1)}`,
        true,
        'fail',
        /exit status 6 \(TBROK, TWARN\)/,
      ],
      ['declines', 32, `a.c:1: TCONF: not this kernel\n${summary(0, 0, 0, 1)}`, true, 'notrun', /^not this kernel$/],
      ['declines beside a pass', 0, `a.c:1: TPASS: a\na.c:2: TCONF: b\n${summary(1, 0, 0, 1)}`, true, 'pass', null],
      ['declines by its exit status beside a failure', 32, `a.c:1: TFAIL: a\n${summary(0, 1)}`, true, 'fail', /TFAIL: a/],
      ['declines all and exits 0', 0, `a.c:1: TCONF: b\n${summary(0, 0, 0, 1)}`, true, 'notrun', /^b$/],
      ['ends with what is no bit of its mask', 127, 'sh: not found\n', false, 'fail', /exit status 127/],
      ['lacks something in the guest', 32, 'vmtest: need not met: loop devices\n', true, 'notrun', /^the guest lacks loop devices$/],
      ['of the old API passes', 0, 'fork05      1  TPASS  :  good\n', false, 'pass', null],
      ['of the old API fails', 1, 'fork05      1  TFAIL  :  fork05.c:1: bad\n', false, 'fail', /bad/],
      ['prints a failure behind other text', 0, `noise a.c:1: TFAIL: mixed\na.c:1: TPASS: a\n${summary(1)}`, true, 'fail', /mixed/],
      ['prints a failure without a place', 0, `TFAIL: bare\na.c:1: TPASS: a\n${summary(1)}`, true, 'fail', /bare/],
      ['of the old API fails behind other text', 0, 'noise t01 1 TFAIL : mixed\nt01 2 TPASS : a\n', false, 'fail', /mixed/],
      ['prints tabs', 0, 't01\t1\tTBROK\t:\tno disk\nt01 2 TPASS : a\n', false, 'fail', /no disk/],
      ['warns behind other text', 0, `noise a.c:1: TWARN: hm\na.c:1: TPASS: a\n${summary(1)}`, true, 'fail', /hm/],
      ['lacks a line break after a pass', 0, 't.sh:1: TPASS: at.sh:2: TFAIL: b\n', false, 'fail', /TFAIL: b/],
      ['speaks of failures in a pass', 0, `a.c:1: TPASS: mount() said TFAIL: no\n${summary(1)}`, true, 'pass', null],
      ['has NUL bytes in a failure', 0, `a.c:1:\u0000 TFAIL: torn\na.c:1: TPASS: a\n${summary(1)}`, true, 'fail', /torn/],
      ['fails at the end of a long line', 0, `${'x'.repeat(9000)} a.c:1: TFAIL: far\na.c:1: TPASS: a\n${summary(1)}`, true, 'fail', /far/],
      ['has carriage returns', 0, `10%\ra.c:1: TFAIL: bar\r\na.c:1: TPASS: a\r\n`, false, 'fail', /bar/],
      ['has a summary that is cut off', 0, 'a.c:1: TPASS: a\n\nSummary:\npassed   1\nfai', true, 'fail', /summary is lost/],
      ['is in colours', 0, `a.c:1: \u001b[1;32mTPASS: \u001b[0mfine\n${summary(1)}`, true, 'pass', null],
    ]
  test.each(cases)('a test that %s', (_what, code, text, isKnown, status, message) => {
    const verdict = judgeLtp(exit(code), text, isKnown)
    expect(verdict.status).toBe(status)
    if (message === null) expect(verdict.message).toBeNull()
    else expect(verdict.message).toMatch(message)
  })

  test('a signal, a limit, no word of its end', () => {
    const good = `a.c:1: TPASS: a\n${summary(1)}`
    expect(judgeLtp({ kind: 'signal', signal: 11 }, good, true)).toMatchObject({ status: 'fail', message: 'killed by signal 11' })
    expect(judgeLtp({ kind: 'limit', seconds: 60 }, good, true).status).toBe('timeout')
    expect(judgeLtp(null, good, true).status).toBe('fail')
  })
})

test('any exit status but 0 and that of a skip is a failure, whatever was printed', () => {
  const good = `a.c:1: TPASS: a\n${summary(1)}`
  for (let code = 1; code < 256; code++) if (code !== 32) expect(judgeLtp(exit(code), good, true).status).toBe('fail')
  expect(judgeLtp(exit(6), good, true).message).toBe('exit status 6 (TBROK, TWARN)')
  expect(judgeLtp(exit(36), good, true).message).toBe('exit status 36 (TWARN, TCONF)')
})

test('something bad added to any output makes it no pass', () => {
  const line = fc.constantFrom('a.c:1: TPASS: a', 'a.c:1: TINFO: b', 'x 1 TPASS : c', 'words', 'a.c:1: TCONF: d', '')
  const bad = fc.constantFrom('a.c:9: TFAIL: z', 'x  2  TBROK  :  z', 'a.c:3: TWARN: z', 'noise a.c:9: TFAIL: z')
  fc.assert(
    fc.property(fc.array(line), fc.array(line), bad, fc.boolean(), (before, after, found, isKnown) => {
      const verdict = judgeLtp(exit(0), [...before, found, ...after].join('\n'), isKnown)
      expect(verdict.status).toBe('fail')
    }),
  )
})

test('what metadata knows is asked of the tree', async () => {
  const files = treeFiles({
    '/b/results/tests/syscalls%2Fa01.out': '',
    '/b/results/tests/syscalls%2Fa01.status': 'exit 0\n',
    '/src/metadata/ltp.json': JSON.stringify({ tests: { a01: {} } }),
    '/src/runtest/syscalls': 'a01 a01\n',
  })
  const judged = await ltp.judge(files, { directory: '/b', section: 'default', tests: ['syscalls/a01'], exitStatus: 0, source: '/src' })
  expect(judged.tests[0]?.attempts[0]).toMatchObject({ status: 'fail', message: 'it ended with 0 and reported no pass' })
})

// What the real programs printed, where that is at hand (LTP 20260529-222 on Linux 6.12.117).
const captured = new URL('../../../../shared/suites-captured', import.meta.url).pathname
const isThere = existsSync(captured)
if (!isThere) console.warn(`skipped: there is no ${captured}`)

;(isThere ? describe : describe.skip)('captured output', () => {
  const cases: readonly (readonly [file: string, code: number, status: string])[] = [
    ['ltp/direct-access01.txt', 0, 'pass'],
    ['ltp/direct-abort01.txt', 0, 'pass'],
    ['ltp/direct-acct02.txt', 2, 'fail'],
    ['ltp/direct-bpf_map01.txt', 0, 'pass'],
    ['ltp/direct-mount02.txt', 2, 'fail'],
    ['ltp/direct-as-nobody.txt', 32, 'notrun'],
    ['ltp/direct-fork_procs.txt', 0, 'pass'],
    ['ltp/direct-timeout.txt', 2, 'fail'],
    ['needs-met/ltp-chdir01.txt', 0, 'pass'],
    ['needs-met/ltp-nanosleep01.txt', 1, 'fail'],
  ]
  test.each(cases)('%s with exit status %d is %s', (file, code, status) => {
    const text = readFileSync(`${captured}/${file}`, 'utf8')
    expect(judgeLtp(exit(code), text, true)).toMatchObject({ status })
  })
  test('each pass of access01 is counted', () => {
    expect(judgeLtp(exit(0), readFileSync(`${captured}/ltp/direct-access01.txt`, 'utf8'), true).subtestCount).toBe(199)
  })
})
