import { existsSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { fstests, readFstestsCatalogue } from '../../src/suites/fstests/index.js'
import { diskFiles, treeFiles } from './tree-files.js'

const preamble = '#! /bin/bash\n#\n# FS QA Test\n#\n. ./common/preamble\n'

describe('readFstestsCatalogue', () => {
  test('takes groups from group.list and the line of _begin_fstest from the test', async () => {
    const files = treeFiles({
      'x/check': '',
      'x/tests/generic/group.list': '# made by a tool\n\n001 auto quick\n002 auto # slow\n',
      'x/tests/generic/001': `${preamble}_begin_fstest auto quick\n`,
      'x/tests/generic/001.out': 'QA output created by 001\n',
      'x/tests/generic/002': `${preamble}\n_begin_fstest auto\n`,
      'x/tests/generic/Makefile': '',
    })
    expect(await readFstestsCatalogue(files, 'x', 'fstests')).toEqual({
      suite: 'fstests',
      tests: [
        { name: 'generic/001', groups: ['auto', 'quick'], file: 'tests/generic/001', line: 6 },
        { name: 'generic/002', groups: ['auto'], file: 'tests/generic/002', line: 7 },
      ],
    })
  })

  test('reads _begin_fstest where no list was made, also over two lines', async () => {
    const files = treeFiles({
      'x/check': '',
      'x/tests/xfs/003': `${preamble}_begin_fstest auto quick \\\n\tmkfs rw\n`,
      'x/tests/xfs/004-name': `${preamble}_begin_fstest db\n`,
      'x/tests/xfs/005': 'no test at all\n',
    })
    const catalogue = await readFstestsCatalogue(files, 'x', 'fstests')
    expect(catalogue.tests.map((entry) => [entry.name, entry.groups.join(' ')])).toEqual([
      ['xfs/003', 'auto quick mkfs rw'],
      ['xfs/004-name', 'db'],
    ])
  })

  test('reads a tree of before 2021: `group` and no _begin_fstest', async () => {
    const files = treeFiles({ 'x/check': '', 'x/tests/ext4/group': '001 auto prealloc\n', 'x/tests/ext4/001': '#! /bin/bash\n' })
    const catalogue = await readFstestsCatalogue(files, 'x', 'fstests')
    expect(catalogue.tests).toEqual([{ name: 'ext4/001', groups: ['auto', 'prealloc'], file: 'tests/ext4/001', line: 1 }])
  })

  test('keeps the order of check: bytes, not numbers', async () => {
    const tree: Record<string, string> = { 'x/check': '' }
    for (const id of ['1000', '101', '099']) tree[`x/tests/generic/${id}`] = '_begin_fstest auto\n'
    const catalogue = await readFstestsCatalogue(treeFiles(tree), 'x', 'fstests')
    expect(catalogue.tests.map((entry) => entry.name)).toEqual(['generic/099', 'generic/1000', 'generic/101'])
  })

  test.each([
    [{ 'x/readme': '' }, /is not an fstests tree: it has no `check`/],
    [{ 'x/check': '' }, /it has no `tests` directory/],
    [{ 'x/check': '', 'x/tests/Makefile': '' }, /holds no test/],
    [{ 'x/var/lib/xfstests/check': '' }, /x\/var\/lib\/xfstests is one/],
  ])('refuses a directory that is no tree: %o', async (tree, message) => {
    await expect(readFstestsCatalogue(treeFiles(tree), 'x', 'fstests')).rejects.toThrow(message)
  })

  const realTree = process.env.VMTEST_FSTESTS_TREE
  const onRealTree = realTree !== undefined && existsSync(realTree) ? test : test.skip
  onRealTree('agrees with a real tree ($VMTEST_FSTESTS_TREE): every test, its groups and its line', async () => {
    const catalogue = await fstests.enumerate(diskFiles, realTree ?? '')
    expect(catalogue.tests.length).toBeGreaterThan(1500)
    const of = (directory: string, group: string) =>
      catalogue.tests.filter((entry) => entry.name.startsWith(`${directory}/`) && entry.groups.includes(group)).length
    // Counted with grep on _begin_fstest lines of 63a29724.
    expect(of('generic', 'quick') + of('xfs', 'quick')).toBe(992)
    expect(of('generic', 'auto') + of('ext4', 'auto')).toBe(832)
    expect(catalogue.tests.find((entry) => entry.name === 'selftest/007')?.line).toBe(12)
  })
})
