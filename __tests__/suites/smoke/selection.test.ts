import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { check, listed } from './smoke-tree.js'

describe('the tests that check chooses', () => {
  let scratch = ''
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'smoke-selection-'))
  })
  afterAll(() => rmSync(scratch, { recursive: true }))

  test('are by default the group auto of generic and of the file system’s own directory, sorted', () => {
    const xfs = listed([])
    expect(xfs).toEqual([...xfs].sort())
    expect(xfs).toContain('generic/001')
    expect(xfs).toContain('xfs/001')
    expect(xfs.filter((name) => !/^(generic|xfs)\//.test(name))).toEqual([])
    expect(listed([], 'ext4')).toContain('ext4/001')
    expect(listed([])).not.toContain('generic/101')
  })

  test.each([
    [
      ['-g', 'quota'],
      ['generic/006', 'xfs/003'],
    ],
    [['-g', 'quota', '-x', 'xfs/quota'], ['generic/006']],
    [
      ['-g', 'loop,freeze'],
      ['generic/015', 'generic/026'],
    ],
    [
      ['-g', 'selftest/selftest', '-x', 'selftest/dangerous_selftest'],
      ['selftest/001', 'selftest/002', 'selftest/003', 'selftest/004'],
    ],
    [
      ['generic/00[12]', 'generic/002'],
      ['generic/001', 'generic/002'],
    ],
    [
      ['--exact-order', 'xfs/002', 'generic/001'],
      ['xfs/002', 'generic/001'],
    ],
    [
      ['xfs/002', 'tests/generic/001'],
      ['generic/001', 'xfs/002'],
    ],
    [
      ['generic/001', 'generic/002', '-e', 'generic/001'],
      ['generic/001 [expunged]', 'generic/002'],
    ],
  ])('%j are %j', (args, names) => {
    expect(listed(args)).toEqual(names)
  })

  test('are not those of an exclude file, with its comments', () => {
    const file = join(scratch, 'exclude')
    writeFileSync(file, '# slow\ngeneric/001 # here\n\n  xfs/001\ngeneric/00')
    expect(listed(['-E', file, 'generic/001', 'generic/002', 'xfs/001'])).toEqual([
      'generic/001 [expunged]',
      'generic/002',
      'xfs/001 [expunged]',
    ])
  })

  test('are refused where a name, a group, a file or an option is unknown', () => {
    const unknown = check(['-n', 'generic/999', 'generic/001'], { FSTYP: 'xfs' })
    expect(unknown.stdout).toBe('generic/999 - unknown test, ignored\ngeneric/001\n')
    expect(unknown.code).toBe(1)
    expect(check(['-n', '-g', 'qick'], { FSTYP: 'xfs' })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'Group "qick" is empty or not defined?\n',
    })
    expect(check(['-n', '-E', join(scratch, 'absent')], { FSTYP: 'xfs' }).code).toBe(1)
    expect(check(['-n', '--fast'], { FSTYP: 'xfs' }).stderr).toMatch(/^check: unknown option: --fast\n/)
    expect(check(['-R', 'tap'], { FSTYP: 'xfs' }).stderr).toMatch(/^check: -R knows xunit and xunit-quiet, not tap\n/)
    expect(check([], {}).stderr).toMatch(/^check: FSTYP is not set\n/)
  })
})
