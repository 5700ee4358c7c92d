import { judgeProgram, KEPT_SUBTESTS, readKtap } from '../../src/suites/ktap/index.js'
import { mustHold, type Target, textOf } from '../target.js'

/** A second, dumber reading: a line that fails outright, behind any prefix. */
const FAILED = /^(?:<\d>)?(?:\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?)?(?:# | {4})*not ok(?: \d+)?(?: [^#\r]*)?\r?$/

function checkPass(text: string): void {
  const lines = text.split('\n')
  const failed = lines.find((line) => FAILED.test(line) && line.length < 60)
  mustHold(failed === undefined, `it passes, and a line is ${JSON.stringify(failed)}`)
  mustHold(
    !/not ok \d/.test(lines.filter((line) => !line.includes('#')).join('\n')),
    'it passes, and somewhere stands `not ok` with a number',
  )
}

export const ktap: Target = {
  name: 'ktap',
  words: [
    ...[
      'ok 1 a',
      'not ok 2 b',
      '1..2',
      '1..0 # SKIP',
      'TAP version 13',
      'KTAP version 1',
      '# ',
      '    ',
      ' # SKIP',
      ' # TODO',
      ' # XFAIL',
      'Bail out!',
    ],
    ...[
      '# Totals: pass:1 fail:0 xfail:0 xpass:0 skip:0 error:0',
      '[    1.000001] ',
      '# Subtest: s',
      'ok 5 2 selftests: a: b',
      ' # TIMEOUT',
      '\r',
    ],
  ],
  run(input) {
    const text = textOf(input)
    const reading = readKtap(text)
    const all = reading.counts.pass + reading.counts.fail + reading.counts.notrun
    mustHold(reading.subtests.length <= KEPT_SUBTESTS, 'no more sub-tests are kept than a record holds')
    mustHold(reading.subtests.length <= all, 'what is kept was counted')
    mustHold(
      reading.subtests.every(({ name }) => name.length <= 500 && !/[\u0000-\u001f]/.test(name)),
      'names are fit for a record',
    )
    mustHold(
      Object.values(reading.counts).every((count) => count >= 0),
      'no count is negative',
    )
    const verdict = judgeProgram({ kind: 'exit', code: 0 }, text)
    if (verdict.status === 'pass') checkPass(text)
    for (const code of [1, 4]) mustHold(judgeProgram({ kind: 'exit', code }, text).status !== 'pass', `exit status ${code} is no pass`)
  },
}
