import { expect, test } from '@jest/globals'
import { expectationLines } from '../../src/plan/expectation-lines.js'
import { parseExpectations } from '../../src/plan/expectations.js'
import { globMatcher } from '../../src/plan/glob.js'
import { anAttempt, aTest } from '../report/builder.js'

const tests = [
  aTest('generic/001'),
  aTest('generic/002', { status: 'fail', attempts: [anAttempt({ status: 'fail', message: 'output mismatch\nmore' })] }),
  aTest('generic/003', { status: 'fail', expectedFailure: { reason: 'known' } }),
  aTest('generic/004', { status: 'crashed' }),
]

test('each failure that counts is a line without a reason, and such a list is refused', () => {
  const lines = expectationLines({ tests, plan: { suites: ['fstests'] } })
  expect(lines).toEqual([
    '# fail: output mismatch',
    'xfail generic/002 section=xfs_4k -- ',
    '# crashed (no list excuses this)',
    'xfail generic/004 section=xfs_4k -- ',
  ])
  expect(parseExpectations(lines.join('\n'), 'known')).toEqual({
    entries: [],
    problems: [
      'known:2: `generic/002` has no reason: end the line with ` -- why`.',
      'known:4: `generic/004` has no reason: end the line with ` -- why`.',
    ],
  })
  const written = lines.map((line) => line.replace(/ -- $/, ' -- a reason')).join('\n')
  expect(parseExpectations(written, 'known')).toMatchObject({ entries: [{ verb: 'xfail' }, { verb: 'xfail' }], problems: [] })
})

test('of several suites each line names its own, and a name no line could hold is written so that it reads back', () => {
  const failed = (name: string, suite: string) => ({ ...aTest(name, { status: 'fail' }), suite, section: 'default' })
  const names = ['mount:statmount', 'my test', 'a -- b', 'say "x" y', 'section=1']
  const lines = expectationLines({ tests: names.map((name) => failed(name, 'scripts')), plan: { suites: ['fstests', 'scripts'] } })
  expect(lines.filter((line) => line.startsWith('xfail'))).toContain('xfail mount:statmount suite=scripts section=default -- ')
  const { entries, problems } = parseExpectations(lines.map((line) => line.replace(/ -- $/, ' -- a reason')).join('\n'), 'known')
  expect(problems).toEqual([])
  expect(entries.map(({ test: pattern }, index) => globMatcher(pattern)(names[index] ?? ''))).toEqual(names.map(() => true))
  expect(entries.every(({ suites }) => suites.join() === 'scripts')).toBe(true)
})
