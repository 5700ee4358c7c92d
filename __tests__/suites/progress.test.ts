import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createProgressParser } from '../../src/suites/fstests/index.js'
import type { SuiteProgress } from '../../src/suites/suite.js'

const output = [
  'FSTYP         -- xfs (debug)',
  'PLATFORM      -- Linux/x86_64 vm 6.12.0',
  '',
  'foo/999 - unknown test, ignored',
  'generic/001         3s',
  'generic/002  12s ...  11s',
  'generic/003        [not run] no such feature',
  'generic/004        [expunged]',
  'generic/005        [failed, exit status 1]- output mismatch (see /r/generic/005.out.bad)',
  '    --- tests/generic/005.out\t2026',
  '    +generic/006         4s',
  '    ...',
  '_check_dmesg: something found in dmesg (see /r/generic/005.dmesg)',
  'generic/006         5s',
  'generic/007        ',
].join('\n')

const expected: readonly SuiteProgress[] = [
  { kind: 'start', name: 'generic/001' },
  { kind: 'end', name: 'generic/001', status: 'pass', seconds: 3 },
  { kind: 'start', name: 'generic/002' },
  { kind: 'end', name: 'generic/002', status: 'pass', seconds: 11 },
  { kind: 'start', name: 'generic/003' },
  { kind: 'end', name: 'generic/003', status: 'notrun', seconds: null },
  { kind: 'start', name: 'generic/004' },
  { kind: 'end', name: 'generic/004', status: 'expunged', seconds: null },
  { kind: 'start', name: 'generic/005' },
  { kind: 'end', name: 'generic/005', status: 'fail', seconds: null },
  { kind: 'start', name: 'generic/006' },
  { kind: 'end', name: 'generic/006', status: 'pass', seconds: 5 },
  { kind: 'start', name: 'generic/007' },
]

function follow(pieces: readonly string[]): SuiteProgress[] {
  const parser = createProgressParser()
  return [...pieces.flatMap((piece) => [...parser.feed(piece)]), ...parser.end()]
}

describe('the progress parser', () => {
  test('tells starts and ends, and says nothing of a test that was cut off', () => {
    expect(follow([output])).toEqual(expected)
  })

  test('gives the same for pieces of any size', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(output.length), { maxLength: 40 }), (cuts) => {
        const edges = [0, ...[...cuts].sort((a, b) => a - b), output.length]
        const pieces = edges.slice(1).map((edge, index) => output.slice(edges[index], edge))
        expect(follow(pieces)).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })

  test('announces a test while its line is still open', () => {
    const parser = createProgressParser()
    expect(parser.feed('xfs/00')).toEqual([])
    expect(parser.feed('1  ')).toEqual([{ kind: 'start', name: 'xfs/001' }])
    expect(parser.feed('      7s')).toEqual([])
    expect(parser.feed('\n')).toEqual([{ kind: 'end', name: 'xfs/001', status: 'pass', seconds: 7 }])
  })

  test('keeps little of a test that prints without end', () => {
    const parser = createProgressParser()
    parser.feed('generic/001         ')
    parser.feed('[failed, exit status 1]\n')
    const flood = 'y\n'.repeat(32 * 1024)
    const before = process.memoryUsage().heapUsed
    for (let chunk = 0; chunk < 500; chunk++) expect(parser.feed(flood)).toEqual([])
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100 * 1024 ** 2)
    expect(parser.end()).toEqual([{ kind: 'end', name: 'generic/001', status: 'fail', seconds: null }])
  })

  test('survives anything', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 60 }), { maxLength: 30 }), (pieces) => {
        follow(pieces)
      }),
    )
  })
})
