import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { ENVRC_TEMPLATE, FLAKE_TEMPLATE } from '../../src/cli/flake-template.js'
import { initTree } from '../../src/cli/init.js'
import { FakeFiles } from '../build/fake-files.js'

const example = (name: string) => readFileSync(new URL(`../../examples/kernel-tree/${name}`, import.meta.url), 'utf8')

test('what init writes is the example', () => {
  expect(FLAKE_TEMPLATE).toBe(example('flake.nix'))
  expect(ENVRC_TEMPLATE).toBe(example('.envrc'))
})

test('writes two files and nothing else, twice', async () => {
  const files = new FakeFiles({ '/linux/Kconfig': '', '/linux/.git/HEAD': '' })
  const before = [...files.files.keys()]
  const lines = await initTree('/linux', { files: files.port })
  expect([...files.files.keys()].filter((path) => !before.includes(path))).toEqual(['/linux/flake.nix', '/linux/.envrc'])
  expect(lines.join('\n')).toContain('git add -N -f flake.nix')
  const first = files.text('/linux/flake.nix')
  expect((await initTree('/linux', { files: files.port }))[0]).toBe('kept /linux/flake.nix: it was there')
  expect(files.text('/linux/flake.nix')).toBe(first)
})

test('keeps a flake that is there', async () => {
  const files = new FakeFiles({ '/linux/Kconfig': '', '/linux/flake.nix': 'mine' })
  await initTree('/linux', { files: files.port })
  expect(files.text('/linux/flake.nix')).toBe('mine')
  expect(files.text('/linux/.envrc')).toBe('use flake . --impure\n')
})

test('a directory that is not there', async () => {
  await expect(initTree('/nowhere', { files: new FakeFiles().port })).rejects.toThrow('There is no directory /nowhere.')
})
