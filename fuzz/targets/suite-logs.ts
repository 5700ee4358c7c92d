import { readBlktestsOutput } from '../../src/suites/blktests/output.js'
import { readTrace } from '../../src/suites/blktests/trace.js'
import { readCheckLog } from '../../src/suites/fstests/check-log.js'
import { readKselftestLog } from '../../src/suites/kselftest/log.js'
import { judgeKunit } from '../../src/suites/kunit/verdict.js'
import { judgeLtp } from '../../src/suites/ltp/verdict.js'
import { mustHold, type Target, textOf } from '../target.js'

/** What the runners of the other suites print, and fstests' own log, each read by every reader: a guest may print one where another is due. */
export const suiteLogs: Target = {
  name: 'suite-logs',
  words: [
    ...[
      'block/001 (a)',
      'nvme/002 (tr=loop) (b) ',
      ' [passed]',
      ' [failed]',
      ' [not run]',
      '    runtime  1.000s  ...  2.000s',
      'block/***',
    ],
    ...['# selftests: timens: timer', 'ok 1 selftests: timens: timer', 'not ok 2 selftests: ', ' # SKIP', '1..2', '# '],
    ...['a.c:1: TPASS: ', 'a.c:1: TFAIL: ', 'a.c:1: TCONF: ', 'Summary:', 'passed   1'],
    ...['KTAP version 1', 'ok 1 suite', '    not ok 1 case', 'Ran: generic/001', 'Failures: generic/001', 'Failed 1 of 2 tests'],
    ...['./check: block/001: ', 'check: no group or test named ', '+ ', '[   ', '\r', '\n'],
  ],
  run(input) {
    const text = textOf(input)
    const lines = text.split('\n').length
    mustHold(readBlktestsOutput(text).results.length <= lines, 'no more results than lines')
    mustHold(readKselftestLog(text).tests.length <= lines, 'no more tests than lines')
    readTrace(text)
    readCheckLog(text)
    const ended = { kind: 'exit', code: 1 } as const
    mustHold(judgeLtp(ended, text, true).status !== 'pass', 'an exit of 1 is no pass of LTP')
    mustHold(judgeKunit(ended, text, 'suite').status !== 'pass', 'an exit of 1 is no pass of KUnit')
  },
}
