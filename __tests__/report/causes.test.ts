import { describe, expect, test } from '@jest/globals'
import { placeTests } from '../../src/report/buckets.js'
import { causesOf } from '../../src/report/causes.js'
import { anAttempt, aRecord, aReport, aTest } from './builder.js'

const differing = (name: string, line: string) =>
  aTest(name, {
    status: 'fail',
    attempts: [
      anAttempt({
        status: 'fail',
        message: `- output mismatch (see ${name}.out.bad)`,
        diff: `--- a\n+++ b\n@@ -1 +1 @@\n-nothing\n+${line}\n`,
      }),
    ],
  })
const reported = (name: string, title: string) =>
  aTest(name, { status: 'fail', attempts: [anAttempt({ status: 'fail', reports: [aReport({ title })] })] })
const causes = (...tests: Parameters<typeof aRecord>[0]) => {
  const placement = placeTests(aRecord(tests), null)
  return causesOf(placement).map(({ title, tests: places }) => [title, ...places.map((place) => placement.tests[place]?.test.name)])
}

describe('failures with one cause', () => {
  test('have the same report title, or the same first differing line', () => {
    expect(
      causes(
        differing('generic/001', 'fsck: 3 errors'),
        reported('generic/002', 'WARNING in xfs_foo'),
        differing('generic/003', 'fsck: 3 errors'),
        aTest('generic/004'),
        reported('generic/005', 'WARNING in xfs_foo'),
        differing('generic/006', 'fsck: 4 errors'),
        differing('generic/007', 'fsck: 3 errors'),
      ),
    ).toEqual([
      ['output mismatch: +fsck: 3 errors', 'generic/001', 'generic/003', 'generic/007'],
      ['WARNING in xfs_foo', 'generic/002', 'generic/005'],
    ])
  })

  test('are the same whatever differs from test to test: its own name, an address, a process', () => {
    expect(
      causes(differing('generic/013', 'process 12345 of 013 at 0xffff8881'), differing('generic/027', 'process 99 at 0x1')),
    ).toHaveLength(0)
    expect(
      causes(differing('generic/013', 'process 12345 of 013 at 0xffff8881'), differing('generic/027', 'process 54321 of 027 at 0x1')),
    ).toHaveLength(1)
  })

  test.each([
    ['time-outs', aTest('a/1', { status: 'timeout' }), aTest('a/2', { status: 'timeout' })],
    [
      'mismatches whose difference is not there',
      ...['a/1', 'a/2'].map((name) =>
        aTest(name, { status: 'fail', attempts: [anAttempt({ status: 'fail', message: '- output mismatch' })] }),
      ),
    ],
    ['tests that did not run', ...['a/1', 'a/2'].map((name) => aTest(name, { status: 'notrun', reason: 'no reflink' }))],
    ['a single one', differing('a/1', 'x')],
  ])('are no cause: %s', (_what, ...tests) => expect(causes(...tests)).toEqual([]))
})
