import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { parseInputs } from '../../src/inputs/parse.js'
import { applyChanged } from '../../src/pipeline/changed.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'

const checkout = join(import.meta.dirname ?? __dirname, '../..')
const tree = mkdtempSync(join(tmpdir(), 'vmtest-changed-'))
const git = (...words: string[]) =>
  execFileSync('git', ['-C', tree, '-c', 'user.name=a', '-c', 'user.email=a@b', ...words], { stdio: 'pipe' })
function write(path: string, text: string): void {
  mkdirSync(join(tree, path, '..'), { recursive: true })
  writeFileSync(join(tree, path), text)
}
const places = { checkout, workingDirectory: tree, projectDirectory: tree, cacheDirectory: tree, temporaryDirectory: tree }
const changed = async (upstream: string | null) => {
  const ports = { exec: createExec(), files: createFiles() }
  return (await applyChanged({ inputs: parseInputs('cli', {}), suites: ['fstests'], upstream, tree, places }, ports)).inputs.selection
}

beforeAll(() => {
  git('init', '-q', '-b', 'trunk')
  write('fs/xfs/xfs_inode.c', 'a')
  git('add', '.')
  git('commit', '-q', '-m', 'base')
  git('checkout', '-q', '-b', 'work')
})
afterAll(() => rmSync(tree, { recursive: true }))

test('nothing changed, or nothing to compare with, is refused', async () => {
  await expect(changed('trunk')).rejects.toThrow('Nothing changed since trunk.')
  await expect(changed(null)).rejects.toThrow('has no upstream to compare with')
  await expect(changed('nowhere')).rejects.toThrow('There is no revision nowhere')
  git('checkout', '-q', '--orphan', 'alone')
  git('commit', '-q', '-m', 'alone')
  await expect(changed('trunk')).rejects.toThrow('has no common commit with trunk')
  git('checkout', '-q', 'work')
})

test('commits of the branch, the working tree and new sources count; upstream’s own commits and notes do not', async () => {
  git('checkout', '-q', 'trunk')
  write('fs/f2fs/data.c', 'theirs')
  git('add', '.')
  git('commit', '-q', '-m', 'theirs')
  git('checkout', '-q', 'work')
  write('fs/btrfs/send.c', 'mine')
  git('add', '.')
  git('commit', '-q', '-m', 'mine')
  write('fs/xfs/xfs_inode.c', 'dirty')
  write('fs/overlayfs/new.c', 'new')
  write('fs/nfs/notes.txt', 'a note')
  expect(await changed('trunk')).toMatchObject({ sections: ['xfs', 'btrfs_single', 'overlay_xfs'], groups: ['quick', 'send'] })
})

test('on a detached head, after a rename and a removal, both places count', async () => {
  git('stash', '-q')
  git('clean', '-qfd')
  git('checkout', '-q', '--detach', 'work')
  git('mv', 'fs/btrfs/send.c', 'fs/btrfs/volumes.c')
  git('rm', '-q', 'fs/xfs/xfs_inode.c')
  expect(await changed('trunk')).toMatchObject({
    sections: ['xfs', 'btrfs_single', 'btrfs_pool'],
    groups: ['quick', 'raid', 'replace', 'volume'],
  })
  git('commit', '-q', '-m', 'moved')
  expect((await changed('work')).groups).toEqual(['quick', 'raid', 'replace', 'volume', 'send'])
  await expect(changed('HEAD')).rejects.toThrow('Nothing changed since HEAD.')
})

test('suites that test none of it are left out, with their trees', async () => {
  const raw = { suite: 'fstests kselftest blktests', fstests: '/x', kselftest: '/k', blktests: '/b' }
  const ports = { exec: createExec(), files: createFiles() }
  git('checkout', '-q', '--detach', 'work')
  git('reset', '-q', '--hard')
  write('tools/testing/selftests/mount/x.c', 'new')
  const options = { inputs: parseInputs('cli', raw), suites: ['fstests', 'kselftest', 'blktests'], upstream: 'work', tree, places }
  const { inputs, note } = await applyChanged(options, ports)
  expect(inputs).toMatchObject({ suites: ['kselftest'], trees: { kselftest: '/k' }, selection: { groups: ['mount'], byChange: true } })
  expect(note).toContain('tools/testing/selftests/mount/x.c: kselftest: groups mount')
})
