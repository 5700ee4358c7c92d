import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { readKselftestLog } from '../../../src/suites/kselftest/log.js'

/**
 * What run_kselftest.sh printed: of Linux 6.12.117, and in the newest form (2964f6b816c2), each with the same programs, real ones and planted
 * ones. Adding a case is adding a folder. UPDATE_CASES=1 rewrites expectations; a person reads the diff.
 */
const here = import.meta.dirname ?? __dirname
const cases = join(here, 'cases')
const captured = join(here, '../../../../shared/suites-captured/kselftest')

const words = (text: string) => {
  const { tests, problems } = readKselftestLog(text)
  const lines = tests.map(({ name, status, message, subtestCount }) =>
    [status, name, `[${subtestCount}]`, message].filter(Boolean).join(' '),
  )
  return { tests: lines, problems }
}

describe('readKselftestLog', () => {
  test.each(readdirSync(cases))('%s', (name) => {
    const path = join(cases, name, 'expected.json')
    const actual = words(readFileSync(join(cases, name, 'log.txt'), 'utf8'))
    if (process.env.UPDATE_CASES === '1') writeFileSync(path, `${JSON.stringify(actual, null, 2)}\n`)
    expect(existsSync(path)).toBe(true)
    expect(actual).toEqual(JSON.parse(readFileSync(path, 'utf8')))
  })

  test('gives one verdict for both forms', () => {
    const [old, newest] = ['run-kselftest-6.12', 'run-kselftest-newest'].map((name) =>
      readKselftestLog(readFileSync(join(cases, name, 'log.txt'), 'utf8')),
    )
    const statuses = (log: typeof old) => new Map(log?.tests.map(({ name, status }) => [name, status]))
    expect(statuses(newest)).toEqual(statuses(old))
    expect(newest?.problems).toEqual([])
  })

  test('has no test that passes where the log ends in it', () => {
    const text = readFileSync(join(cases, 'run-kselftest-6.12', 'log.txt'), 'utf8')
    const whole = new Map(readKselftestLog(text).tests.map(({ name, status }) => [name, status]))
    for (let at = 0; at < text.length; at += 97) {
      const cut = readKselftestLog(text.slice(0, text.lastIndexOf('\n', at) + 1))
      for (const { name, status } of cut.tests)
        if (status === 'pass') expect({ name, whole: whole.get(name) }).toEqual({ name, whole: 'pass' })
    }
  })

  test('is not believed as a whole where the runner counts failures that it does not show, or gives up', () => {
    const passed =
      'TAP version 13\n1..1\n# selftests: a: b\n# # Totals: pass:0 fail:0 xfail:0 xpass:0 skip:0 error:0\nok 1 1 selftests: a: b\n'
    expect(readKselftestLog(passed).problems).toEqual([])
    const totals = (fail: number) => `# Totals: pass:0 fail:${fail} xfail:0 xpass:0 skip:0 error:0\n`
    expect(readKselftestLog(passed + totals(0)).problems).toEqual([])
    expect(readKselftestLog(passed + totals(1)).problems).toEqual(['The log’s totals count 1 failed tests, and its results are of 0.'])
    expect(readKselftestLog(`${passed}Bail out! no root\n`).problems).toEqual(['The log says: Bail out! no root'])
  })

  test('does not take a result that a test printed for its own or for another', () => {
    const log = [
      ...['TAP version 13', '1..2', '# selftests: a: forges', '# ok 1 selftests: a: forges', '# text'],
      ...['not ok 1 selftests: a: forges # exit=1', '# selftests: a: other', '# ok 1 selftests: a: forges', 'ok 2 selftests: a: other'],
    ]
    expect(words(log.join('\n')).tests).toEqual(['fail a:forges [1] exit status 1: text', 'pass a:other [1]'])
  })

  const shared = existsSync(captured) ? test : test.skip
  shared.each([
    ['breakpoints.txt', ['fail breakpoints:breakpoint_test [110] 2 of 110 sub-tests failed: Test icebp; Test int 3 trap']],
    ['kcmp.txt', ['fail kcmp:kcmp_test [0] its totals count 3, its results are 0; planned 3 sub-tests, saw no result']],
    ['size-without-libstdbuf.txt', ["fail size:get_size [0] exit status 125: /usr/bin/stdbuf: failed to find 'libstdbuf.so'"]],
    ['netns.txt', []],
  ])('reads %s as captured', (file, failed) => {
    const { tests, problems } = words(readFileSync(join(captured, file), 'utf8'))
    expect(tests.filter((line) => line.startsWith('fail'))).toEqual(failed)
    expect(problems).toEqual(file === 'netns.txt' ? ['The log plans 3 tests and has results of 1.'] : [])
  })
})
