import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { ProgramEnd } from '../../../src/domain/program-end.js'
import { judgeProgram, readKtap } from '../../../src/suites/ktap/index.js'

const exit = (code: number): ProgramEnd => ({ kind: 'exit', code })

/** Output, how it ended, the verdict and its message. */
type Row = readonly [what: string, output: string, end: ProgramEnd | null, status: string, message: string | null]

const rows: readonly Row[] = [
  ['nothing printed', '', exit(0), 'pass', null],
  ['text that is no KTAP', 'all is well\nokay\nok, done\n', exit(0), 'pass', null],
  ['no word of its end', 'ok 1 a\n', null, 'fail', 'it left no exit status'],
  ['an exit status, with its last words', 'one\n# two\n\n', exit(1), 'fail', 'exit status 1: two'],
  ["kselftest's XFAIL", '', exit(2), 'fail', 'exit status 2'],
  ["kselftest's XPASS", '', exit(3), 'fail', 'exit status 3'],
  ['a signal', '', { kind: 'signal', signal: 11 }, 'fail', 'killed by signal 11 (SIGSEGV)'],
  ['a signal without a name', '', { kind: 'signal', signal: 40 }, 'fail', 'killed by signal 40'],
  ['a limit', '1..1\nok 1 a\n', { kind: 'limit', seconds: 45 }, 'timeout', 'it was ended after its limit of 45 s'],
  ['exit status 4', 'no device\n', exit(4), 'notrun', 'no device'],
  ['exit status 4 without a word', '', exit(4), 'notrun', 'exit status 4'],
  ['exit status 4 after a failed sub-test', 'not ok 1 a\n', exit(4), 'fail', '1 of 1 sub-tests failed: a'],
  ['exit status 4 in the middle of a plan', '1..5\nok 1 a\nok 2 # SKIP must be root\n', exit(4), 'notrun', 'must be root'],
  ['a failed sub-test under exit status 0', '1..2\nok 1 a\nnot ok 2 b\n', exit(0), 'fail', '1 of 2 sub-tests failed: b'],
  ['a failed sub-test without number or name', 'not ok\n', exit(0), 'fail', '1 of 1 sub-tests failed: number ?'],
  ['fewer results than planned', '1..3\nok 1 a\nok 2 b\n', exit(0), 'fail', 'planned 3 sub-tests, saw 2'],
  ['none of one planned', '1..1\n', exit(0), 'fail', 'planned 1 sub-test, saw no result'],
  ['more results than planned', '1..1\nok 1 a\nok 2 b\n', exit(0), 'fail', 'planned 1 sub-test, saw 2'],
  ['a plan behind its results', 'ok 1 a\nok 2 b\n1..2\n', exit(0), 'pass', null],
  ['a plan behind too few results', 'ok 1 a\n1..2\n', exit(0), 'fail', 'planned 2 sub-tests, saw 1'],
  ['a plan of nothing', '1..0 # SKIP no such device\n', exit(0), 'notrun', 'no such device'],
  ['a plan of nothing without a reason', 'KTAP version 1\n1..0\n', exit(0), 'notrun', 'it planned no sub-test'],
  ['a plan of nothing, and a result', '1..0\nok 1 a\n', exit(0), 'fail', 'planned 0 sub-tests, saw 1'],
  ['every sub-test skipped', '1..2\nok 1 # SKIP a\nok 2 b # skip no b here\n', exit(0), 'notrun', 'a'],
  ['`not ok` with SKIP', '1..2\nnot ok 1 a # SKIP why\nok 2 b\n', exit(0), 'pass', null],
  ['XFAIL, TODO', '1..2\nnot ok 1 a # XFAIL why\nnot ok 2 b # todo\n', exit(0), 'pass', '2 sub-tests failed as expected'],
  ['TIMEOUT on an ok line', '1..1\nok 1 a # timeout 3 seconds\n', exit(0), 'fail', '1 of 1 sub-tests failed: a'],
  ['ERROR on an ok line', '1..1\nok 1 a # Error\n', exit(0), 'fail', '1 of 1 sub-tests failed: a'],
  ['a word that only begins like a directive', '1..1\nnot ok 1 a # xfailure\n', exit(0), 'fail', '1 of 1 sub-tests failed: a # xfailure'],
  ['an escaped #', '1..1\nnot ok 1 a \\# SKIP b\n', exit(0), 'fail', '1 of 1 sub-tests failed: a \\# SKIP b'],
  ['Bail out!', '1..2\nok 1 a\nok 2 b\nBail out! no more disks\n', exit(0), 'fail', 'Bail out! no more disks'],
  ['a result behind other text', '..not ok 1 a\n', exit(0), 'fail', 'a result behind other text: not ok 1 a'],
  [
    'a missing line break',
    '1..2\nok 1 anot ok 2 b\n',
    exit(0),
    'fail',
    'a result behind other text: not ok 2 b; planned 2 sub-tests, saw 1',
  ],
  ['a good result behind other text', '1..2\nok 1 a\nhello ok 2 b\n', exit(0), 'fail', 'planned 2 sub-tests, saw 1'],
  ['no line break at the end', '1..1\nok 1 a', exit(0), 'pass', null],
  ['prose in place of a result', '1..2\nok 1 a\nok then\n', exit(0), 'fail', 'planned 2 sub-tests, saw 1'],
  ['prose beside a skip', '1..1\nok then\nok 1 # SKIP a\n', exit(0), 'notrun', 'a'],
  ['results without numbers', '1..2\nok\nok a\n', exit(0), 'pass', null],
  ['numbers that are wrong', '1..2\nok 7 a\nok 7 b\n', exit(0), 'pass', null],
  [
    'totals with a failure',
    '1..1\nok 1 a\n# Totals: pass:0 fail:1 xfail:0 xpass:0 skip:0 error:0\n',
    exit(0),
    'fail',
    'its totals say fail:1',
  ],
  [
    'totals with an error',
    'ok 1 a\n# Totals: pass:1 fail:0 xfail:0 xpass:0 skip:0 error:2\n',
    exit(0),
    'fail',
    'its totals say error:2; its totals count 3, its results are 1',
  ],
  [
    'totals with an unexpected pass',
    'ok 1 a\n# Totals: pass:0 fail:0 xfail:0 xpass:1 skip:0 error:0\n',
    exit(0),
    'fail',
    'its totals say xpass:1',
  ],
  [
    'totals of more than was printed',
    'ok 1 a\n# Totals: pass:2 fail:0 xfail:0 xpass:0 skip:0 error:0\n',
    exit(0),
    'fail',
    'its totals count 2, its results are 1',
  ],
  ["kselftest.h's own word", 'ok 1 a\n# Planned tests != run tests (3 != 1)\n', exit(0), 'fail', 'planned 3 sub-tests, saw 1'],
  ['a failure nested in an ok', '1..1\n# 1..2\n# ok 1 a\n# not ok 2 b\nok 1 c\n', exit(0), 'fail', '1 of 2 sub-tests failed: b'],
  ['a failure indented in an ok', '1..1\n    1..1\n    not ok 1 a\nok 1 c\n', exit(0), 'fail', '1 of 1 sub-tests failed: a'],
  ['a nested plan that is short', '1..1\n    1..2\n    ok 1 a\nok 1 c\n', exit(0), 'fail', 'planned 2 sub-tests, saw 1'],
  ['a nested plan that is short under a skip', '1..2\n    1..2\n    ok 1 a\nok 1 c # SKIP\nok 2 d\n', exit(0), 'pass', null],
  ['a nested document without its result', '1..1\n    1..1\n    ok 1 a\n', exit(0), 'fail', 'planned 1 sub-test, saw no result'],
  ['two documents', 'TAP version 13\n1..1\nok 1 a\nTAP version 13\n1..1\nok 1 b\n', exit(0), 'pass', null],
  [
    'two documents, the first cut',
    'TAP version 13\n1..2\nok 1 a\nTAP version 13\n1..1\nok 1 b\n',
    exit(0),
    'fail',
    'planned 2 sub-tests, saw 1',
  ],
  ['two plans without a version line', '1..2\nok 1 a\n1..1\nok 1 b\n', exit(0), 'fail', 'planned 2 sub-tests, saw 1'],
  [
    "printk's stamps",
    '<6>[    1.000001][    T1] 1..2\n[100000.5] ok 1 a\n[    1.1] random: init done\n[    2.0] not ok 2 b\n',
    exit(0),
    'fail',
    '1 of 2 sub-tests failed: b',
  ],
  ['carriage returns', '1..2\r\nok 1 a\r\nnot ok 2 b\r\n', exit(0), 'fail', '1 of 2 sub-tests failed: b'],
  ['lines that end with a carriage return alone', '1..1\rok 1 a\rnot ok b\r', exit(0), 'fail', '1 of 2 sub-tests failed: b'],
  ['a progress bar before a result', '1..1\n10%\r100%\rok 1 a\n', exit(0), 'pass', null],
  ['a progress bar before a failure', '10%\r100%\rnot ok - a\n', exit(0), 'fail', '1 of 1 sub-tests failed: a'],
  ['a failure in colours', '\u001b[1;31mnot ok\u001b[0m 1 a\n', exit(0), 'fail', '1 of 1 sub-tests failed: a'],
  ['a pass in colours', '1..1\n\u001b[32mok\u001b(B\u001b[m 1 a\n', exit(0), 'pass', null],
  ['a skip in colours', '1..1\nok 1 a # \u001b[33mSKIP\u001b[0m why\n', exit(0), 'notrun', 'why'],
  ['a failure indented by two', '1..1\n  not ok - a\nok 1 b\n', exit(0), 'fail', 'a result behind other text: not ok - a'],
  ['a failure behind a tab', '\tnot ok a\n', exit(0), 'fail', 'a result behind other text: not ok a'],
  ['a failure behind # alone', '#not ok a\n', exit(0), 'fail', 'a result behind other text: #not ok a'],
  ['a failure with a colon', 'not ok: a\n', exit(0), 'fail', 'a result behind other text: not ok: a'],
  ['a failure in capitals', 'NOT OK 1 a\n', exit(0), 'fail', 'a result behind other text: NOT OK 1 a'],
  ['NUL bytes before a failure', '\u0000\u0000not ok - a\n', exit(0), 'fail', 'a result behind other text: not ok - a'],
  ['NUL bytes within a failure', 'not ok\u0000 1 a\n', exit(0), 'fail', 'a result behind other text: not ok 1 a'],
  ['NUL bytes before a pass', '1..1\n\u0000ok 1 a\n', exit(0), 'fail', 'planned 1 sub-test, saw no result'],
  ['an address that ends in #todo', '1..1\nnot ok 1 get http://a/#todo\n', exit(0), 'fail', '1 of 1 sub-tests failed: get http://a/#todo'],
  ['an address that ends in #error', '1..1\nok 1 get http://a/#error\n', exit(0), 'pass', null],
  ['a failure glued to #skip', '1..1\nnot ok 1 a#skip b\n', exit(0), 'fail', '1 of 1 sub-tests failed: a#skip b'],
  ['a pass glued to #skip', '1..1\nok 1 a#skip b\n', exit(0), 'notrun', 'b'],
  ['the number of an issue', '1..1\nnot ok 1 mends #TODO-42\n', exit(0), 'fail', '1 of 1 sub-tests failed: mends #TODO-42'],
  ['a # before something else', '1..1\nok 1 check # of CPUs\n', exit(0), 'pass', null],
  ['an unexpected pass', '1..1\nok 1 a # XPASS why\n', exit(0), 'fail', '1 of 1 sub-tests failed: a'],
  ['a plan beyond all numbers', '1..99999999999\nok 1 a\n', exit(0), 'fail', 'planned 99999999999 sub-tests, saw 1'],
  ['a result again in place of the next', '1..2\nok 1 a\nok 1 a\n', exit(0), 'fail', 'planned 2 sub-tests, saw 2, 1 of them printed again'],
  ['a nested plan of nothing under ok', '1..1\n    1..0 # SKIP no disk\nok 1 a\n', exit(0), 'notrun', 'no disk'],
  ['totals in another order', '1..1\nok 1 a\n# Totals: fail:1 pass:0\n', exit(0), 'fail', 'its totals say fail:1'],
  [
    'totals that skipped what passed',
    '1..1\nok 1 a\n# Totals: pass:0 fail:0 skip:1\n',
    exit(0),
    'fail',
    'its totals say skip:1, and no pass',
  ],
  [
    'totals as before Linux 5.2',
    '1..2\nok 1 a\nok 2 b\nPass 1 Fail 1 Xfail 0 Xpass 0 Skip 0 Error 0\n',
    exit(0),
    'fail',
    'its totals say fail:1',
  ],
  [
    'totals as before Linux 5.7',
    '1..2\nok 1 a\nok 2 b\n# Pass 2 Fail 0 Xfail 0 Xpass 0 Skip 0 Error 1\n',
    exit(0),
    'fail',
    'its totals say error:1; its totals count 3, its results are 2',
  ],
  ['ok behind Bail out!', '1..2\nok 1 a\nBail out! no disk\nok 2 b\n', exit(0), 'fail', 'Bail out! no disk'],
]

describe('judgeProgram', () => {
  test.each(rows)('%s', (_, output, end, status, message) => {
    const verdict = judgeProgram(end, output)
    expect({ status: verdict.status, message: verdict.message }).toEqual({ status, message })
  })
})

describe('readKtap', () => {
  test('takes the name behind the directive, and both numbers of the newest kselftest', () => {
    const text = 'ok 12 # SKIP test_cgcore_lesser_ns_open\nok 5 2 selftests: timens: timer # SKIP\nok 3 64 bit offsets\n'
    expect(readKtap(text).subtests).toEqual([
      { name: 'test_cgcore_lesser_ns_open', status: 'notrun', message: null },
      { name: 'selftests: timens: timer', status: 'notrun', message: null },
      { name: '64 bit offsets', status: 'pass', message: null },
    ])
  })

  test('puts the name of what they are nested in before the names of sub-tests', () => {
    const text = '1..1\n    1..1\n        ok 1 deep # SKIP why\n    ok 1 middle\nok 1 - outer # TODO mend\n'
    expect(readKtap(text).subtests).toEqual([
      { name: 'outer / middle / deep', status: 'notrun', message: 'why' },
      { name: 'outer', status: 'pass', message: 'TODO mend' },
    ])
  })

  test('what holds others is none itself, but where it failed and none of them did', () => {
    const outer = (inner: string, end: string) => readKtap(`KTAP version 1\n1..1\n    KTAP version 1\n    1..2\n${inner}${end}\n`).counts
    expect(outer('    ok 1 a\n    ok 2 b\n', 'ok 1 c')).toEqual({ pass: 2, fail: 0, notrun: 0 })
    expect(outer('    ok 1 a # SKIP\n    ok 2 b # SKIP\n', 'ok 1 c # SKIP')).toEqual({ pass: 0, fail: 0, notrun: 2 })
    expect(outer('    ok 1 a\n    not ok 2 b\n', 'not ok 1 c')).toEqual({ pass: 1, fail: 1, notrun: 0 })
    expect(outer('    ok 1 a\n        1..1\n        not ok 1 x\n    not ok 2 b\n', 'not ok 1 c')).toEqual({ pass: 1, fail: 1, notrun: 0 })
    expect(outer('    ok 1 a\n    ok 2 b\n', 'not ok 1 c')).toEqual({ pass: 2, fail: 1, notrun: 0 })
    expect(outer('    text\n', 'ok 1 c').pass).toBe(1)
    expect(outer('    ok then\n', 'ok 1 c').pass).toBe(2)
  })

  test('counts what KUnit counts: as many as the totals of each suite of a real boot', () => {
    const captured = join(import.meta.dirname ?? __dirname, '../../../../shared/suites-captured/kunit/boot-default.txt')
    if (!existsSync(captured)) return console.warn(`skipped: no boot with KUnit at ${captured}`)
    // Lines without a stamp are of debugfs, and of some the capture has the ends alone.
    const lines = readFileSync(captured, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('['))
    let suite: string[] = []
    let compared = 0
    for (const line of lines) {
      if (/^\[.*?\] {5}KTAP version 1$/.test(line)) suite = []
      suite.push(line)
      if (!/^\[.*?\] ok \d+ \S+$/.test(line)) continue
      // `# Totals: pass:8 fail:0 skip:4 total:12`: a suite of one case has none.
      const totals = suite.map((text) => /# Totals: pass:(\d+) fail:(\d+) skip:(\d+)/.exec(text)).find((match) => match !== null)
      if (totals == null) continue
      const [pass, fail, notrun] = totals.slice(1).map(Number)
      expect(readKtap(suite.join('\n')).counts).toEqual({ pass, fail, notrun })
      compared += 1
    }
    expect(compared).toBeGreaterThan(15)
  })

  test('keeps a thousand results and counts all; one that failed behind them counts', () => {
    const text = `${Array.from({ length: 1500 }, (_, at) => `ok ${at + 1} a`).join('\n')}\nnot ok 1501 late\n1..1501\n`
    const reading = readKtap(text)
    expect(reading.subtests).toHaveLength(1000)
    expect(reading.counts).toEqual({ pass: 1500, fail: 1, notrun: 0 })
    expect(reading.failed).toEqual(['late'])
  })

  test('has no control characters and no endless names in what it gives', () => {
    const [subtest] = readKtap(`not ok 1 a\u001b[31m\u0000b\u0007${'x'.repeat(5000)}\n`).subtests
    expect(subtest?.name).toMatch(/^a\ufffdb\ufffdx{480,}…$/)
  })

  test.each([
    ['one line of blanks', ' '.repeat(4_000_000)],
    ['hashes', `ok 1 ${'# '.repeat(2_000_000)}`],
    ['prefixes', '# '.repeat(2_000_000)],
    ['half a failure again and again', 'not ok '.repeat(500_000)],
    ['half a stamp', '[          '.repeat(300_000)],
    ['deep and shallow in turn', '        ok 1 a\nok 1 b\n# # # ok 1 c\n'.repeat(30_000)],
    ['plans', '1..2\n'.repeat(200_000)],
    ['numbered results', Array.from({ length: 300_000 }, (_, at) => `ok ${at} a`).join('\n')],
    ['half a colour', '\u001b[0;0;0;'.repeat(500_000)],
    ['blanks before half a failure', `${' '.repeat(60)}not ${' '.repeat(8)}`.repeat(60_000)],
    ['unnumbered results', 'ok\n'.repeat(500_000)],
  ])('reads millions of characters of %s in a blink', (_, text) => {
    const start = performance.now()
    readKtap(text)
    expect(performance.now() - start).toBeLessThan(10_000)
  })
})
