import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { initTree } from '../../src/cli/init.js'
import type { Ports } from '../../src/ports/index.js'
import { FakeFiles } from '../bundle/fake-files.js'

const example = (name: string) => readFileSync(new URL(`../../examples/kernel-tree/${name}`, import.meta.url), 'utf8')
const checkoutFiles = {
  '/checkout/examples/kernel-tree/flake.nix': example('flake.nix'),
  '/checkout/examples/kernel-tree/.envrc': example('.envrc'),
}

/** @param origin of the checkout; null where it has none */
async function init(files: FakeFiles, origin: string | null = null, directory = '/linux'): Promise<readonly string[]> {
  const exec = {
    which: async () => '/usr/bin/git',
    run: async (argv: readonly string[]) => {
      expect(argv).toEqual(['git', '-C', '/checkout/', 'remote', 'get-url', 'origin'])
      return { code: origin === null ? 2 : 0, signal: null, stdout: `${origin ?? ''}\n`, stderr: '', timedOut: false }
    },
  } as unknown as Ports['exec']
  // As a URL of a directory gives it.
  return initTree(directory, '/checkout/', { files: files.port, exec })
}

test('writes two files and nothing else, twice', async () => {
  const files = new FakeFiles({ ...checkoutFiles, '/linux/Kconfig': '', '/linux/.git/HEAD': '' })
  const before = [...files.files.keys()]
  const lines = await init(files)
  expect([...files.files.keys()].filter((path) => !before.includes(path))).toEqual(['/linux/flake.nix', '/linux/.envrc'])
  expect(lines.join('\n')).toContain('git add -N -f flake.nix')
  const first = files.text('/linux/flake.nix')
  expect((await init(files))[0]).toBe('kept /linux/flake.nix: it was there')
  expect(files.text('/linux/flake.nix')).toBe(first)
})

test('keeps a flake that is there', async () => {
  const files = new FakeFiles({ ...checkoutFiles, '/linux/Kconfig': '', '/linux/flake.nix': 'mine' })
  await init(files)
  expect(files.text('/linux/flake.nix')).toBe('mine')
  expect(files.text('/linux/.envrc')).toBe('use flake . --impure\n')
})

test.each([
  ['https://github.com/someone/kernel-vmtest.git', 'github:someone/kernel-vmtest'],
  ['git@github.com:some-one/kernel.vmtest', 'github:some-one/kernel.vmtest'],
  ['https://example.org/kernel-vmtest.git', 'git+file:///checkout'],
  [null, 'git+file:///checkout'],
])('of a checkout from %s the flake takes %s', async (origin, reference) => {
  const files = new FakeFiles({ ...checkoutFiles, '/checkout/.git/HEAD': '', '/linux/Kconfig': '' })
  await init(files, origin)
  const flake = files.text('/linux/flake.nix') ?? ''
  expect(flake).toContain(`kernel-vmtest.url = "${reference}";`)
  expect(flake).not.toContain('github:OWNER')
})

test('of a copy without git it takes the copy', async () => {
  const files = new FakeFiles({ ...checkoutFiles, '/linux/Kconfig': '' })
  await init(files)
  expect(files.text('/linux/flake.nix')).toContain('kernel-vmtest.url = "path:/checkout";')
})

test('a directory that is not there', async () => {
  await expect(init(new FakeFiles(), null, '/nowhere')).rejects.toThrow('There is no directory /nowhere.')
})
