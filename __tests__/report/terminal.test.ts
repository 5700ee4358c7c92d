import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { RunRecord } from '../../src/domain/record.js'
import type { Comparison } from '../../src/domain/stages.js'
import { prepare } from '../../src/report/context.js'
import { terminalText } from '../../src/report/terminal.js'
import { aRecord, aSection, aTest } from './builder.js'
import { hostileRecord } from './hostile.js'
import { aStory } from './story.js'

const write = (record: RunRecord, comparison: Comparison | null = null, colour: 'never' | 'always' = 'never', maxFailures = 10) =>
  terminalText(prepare(record, comparison), {
    colour,
    maxFailures,
    directory: 'results/',
    files: { report: 'results/report.html', JUnit: 'results/junit.xml' },
  })

describe('the verdict on a terminal', () => {
  const { record, comparison } = aStory()
  const lines = write(record, comparison).split('\n')

  test('ends with the verdict, after the paths', () => {
    expect(lines.at(-3)).toMatch(/^3 new failures: 1 known, 1 flaky, .* in 20 min 34 s on tcg$/)
    expect(lines.at(-2)).toBe('Three tests fail that pass on the base branch.')
    expect(lines).toContain('report   results/report.html')
    expect(lines).toContain('JUnit    results/junit.xml')
  })

  test('a failure has its title, frames, log and command', () => {
    const at = lines.indexOf('crashed  generic/475 on xfs_4k')
    expect(lines.slice(at + 1, at + 8)).toEqual([
      '    KASAN: slab-use-after-free Read in xfs_iget',
      '    xfs_iget_cache_hit at fs/xfs/xfs_icache.c:512 (inlined)',
      '    xfs_iget at fs/xfs/xfs_icache.c:788',
      '    xfs_lookup at fs/xfs/xfs_inode.c:556',
      '    log    results/batches/1/results/generic/475.dmesg',
      '    log    results/guests/1/console.log',
      '    again  vmtest run -s xfs_4k generic/475',
    ])
  })

  test('known failures are counted, not shown; sections have a line each', () => {
    expect(lines).toContain('1 known failure is in the baseline too')
    expect(lines.some((line) => line.includes('generic/020'))).toBe(false)
    expect(lines).toContain('xfs_4k   xfs   3 passed, 3 failed, 2 not run, 1 not reached')
  })

  test('what ended the run is said once, in the lines it came in', () => {
    const reason = 'The kernel does not build. Its last lines:\n  LD vmlinux\n  make: *** Error 2 The whole log: /run/build.log'
    const conclusion = { ...aRecord([]).conclusion, kind: 'build-failed' as const, reason }
    const said = write(aRecord([], { conclusion, problems: [reason, 'another'] })).split('\n')
    expect(said.filter((line) => line.includes('does not build'))).toHaveLength(2)
    expect(said).toContain('problem  another')
    expect(said.slice(-4)).toEqual([...reason.split('\n'), ''])
  })

  test('a section that is called as its file system says it once', () => {
    const record = aRecord([aTest('generic/001', { section: 'xfs' })], { sections: [aSection('xfs')] })
    const text = terminalText(prepare(record, null), { colour: 'never', maxFailures: 20, directory: 'results', files: {} })
    expect(text).toMatch(/^xfs {2}1 passed$/m)
  })

  test('a green run is short', () => {
    expect(
      write(aRecord([aTest('generic/001')]))
        .trim()
        .split('\n'),
    ).toEqual([
      'xfs_4k  xfs  1 passed',
      '',
      'report   results/report.html',
      'JUnit    results/junit.xml',
      '',
      'Passed: 1 passed in 20 min 34 s on tcg',
      'Every test passed.',
    ])
  })

  test('more failures than asked for are counted', () => {
    const tests = Array.from({ length: 30 }, (_, index) => aTest(`generic/${index}`, { status: 'fail' }))
    const text = write(aRecord(tests), null, 'never', 3)
    expect(text.match(/^fail {5}/gm)).toHaveLength(3)
    expect(text).toContain('and 27 more failures, listed in the report')
  })

  test('colours are there when asked for, and take nothing away', () => {
    const coloured = write(record, comparison, 'always')
    expect(coloured).toContain('\u001b[31m')
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(write(record, comparison))
  })

  test('no control sequence of a guest reaches the terminal', () => {
    fc.assert(
      fc.property(hostileRecord, (hostile) => expect(write(hostile)).toMatch(/^[\n\x20-\x7e\u00a0-\uffff]*$/)),
      { numRuns: 60 },
    )
  })
})
