import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { isClosedFlake } from '../../src/bundle/known-guest.js'
import { initTree, nixString } from '../../src/cli/init.js'
import type { Ports } from '../../src/ports/index.js'
import { FakeFiles } from '../bundle/fake-files.js'

const example = (name: string) => readFileSync(new URL(`../../examples/kernel-tree/${name}`, import.meta.url), 'utf8')
const checkoutFiles = {
  '/checkout/examples/kernel-tree/flake.nix': example('flake.nix'),
  '/checkout/examples/kernel-tree/.envrc': example('.envrc'),
}

interface Circumstances {
  /** Of the checkout; absent where it has none. */
  readonly origin?: string | null
  readonly directory?: string
  readonly flake?: 'own' | 'commit'
  /** What git ignores. */
  readonly ignored?: readonly string[]
  readonly machine?: string
}

async function init(files: FakeFiles, circumstances: Circumstances = {}): Promise<readonly string[]> {
  const {
    origin = null,
    directory = '/linux',
    flake = 'own',
    ignored = ['.envrc', '.direnv/', '.vmtest/'],
    machine = 'x86_64',
  } = circumstances
  const answer = (code: number, stdout: string) => ({ code, signal: null, stdout, stderr: '', timedOut: false })
  const exec = {
    which: async () => '/usr/bin/git',
    run: async (argv: readonly string[]) => {
      const words = argv.join(' ')
      if (words === 'git -C /checkout/ remote get-url origin') return answer(origin === null ? 2 : 0, `${origin ?? ''}\n`)
      if (words === 'git -C /linux check-ignore -- .envrc .direnv/ .vmtest/') return answer(0, ignored.join('\n'))
      if (words === 'uname -m') return answer(0, `${machine}\n`)
      // Nothing but questions: git's index is not ours.
      throw new Error(words)
    },
  } as unknown as Ports['exec']
  // As a URL of a directory gives it.
  return initTree({ directory, checkout: '/checkout/', flake }, { files: files.port, exec })
}

const OWN = '/linux/.vmtest/flake/flake.nix'
const tree = (more: Record<string, string> = {}) =>
  new FakeFiles({ ...checkoutFiles, '/linux/Kconfig': '', '/linux/.git/HEAD': '', ...more })

test('writes two files and nothing else, twice', async () => {
  const files = tree()
  const before = [...files.files.keys()]
  const lines = await init(files)
  expect([...files.files.keys()].filter((path) => !before.includes(path))).toEqual([OWN, '/linux/.envrc'])
  expect(lines).toContain('used: your own flake, /linux/.vmtest/flake')
  expect(lines.join('\n')).not.toContain('git')
  const first = files.text(OWN)
  expect(first).toContain('root = "/linux";')
  expect(first).not.toContain('./.')
  expect(files.text('/linux/.envrc')).toContain('use flake "path:$PWD/.vmtest/flake" --impure\n')
  expect((await init(files))[0]).toBe(`kept ${OWN}: it was there`)
  expect(files.text(OWN)).toBe(first)
})

test('what it writes can be known without evaluating it', async () => {
  const files = tree()
  await init(files)
  expect(isClosedFlake(files.text(OWN) ?? '')).toBe(true)
})

test('on another machine it is of that system', async () => {
  const files = tree()
  await init(files, { machine: 'aarch64' })
  expect(files.text(OWN)).toContain('system = "aarch64-linux";')
})

test('a flake at the root wins, and that is said', async () => {
  const files = tree({ '/linux/flake.nix': 'mine' })
  const lines = await init(files)
  expect(files.text('/linux/flake.nix')).toBe('mine')
  expect(files.text(OWN)).toBeNull()
  expect(files.text('/linux/.envrc')).toBe('use flake . --impure\n')
  expect(lines).toContain("used: the tree's flake, /linux/flake.nix")
})

test('an .envrc of the user, a flake of another place, files that git would show', async () => {
  const files = tree({ '/linux/.envrc': 'use nix\n', [OWN]: 'root = "/elsewhere";' })
  const text = (await init(files, { ignored: ['.vmtest/'] })).join('\n')
  expect(files.text('/linux/.envrc')).toBe('use nix\n')
  expect(text).toContain('  use flake "path:$PWD/.vmtest/flake" --impure')
  expect(text).toContain('was the tree moved?')
  expect(text).toContain("printf '%s\\n' .envrc .direnv/ >> ")
})

test.each([
  ['https://github.com/someone/kernel-vmtest.git', 'A runner fetches kernel-vmtest from github:someone/kernel-vmtest, which it can reach.'],
  [null, 'No runner can reach git+file:///checkout: '],
])('--commit writes the flake of the tree, and says what a runner can reach (%s)', async (origin, sentence) => {
  const files = tree({ '/checkout/.git/HEAD': '', [OWN]: 'root = "/linux";' })
  const lines = await init(files, { origin, flake: 'commit' })
  expect(files.text('/linux/flake.nix')).toContain('root = builtins.toString ./.;')
  expect(files.text('/linux/.envrc')).toBe('use flake . --impure\n')
  expect(lines.filter((line) => line.startsWith('  git '))).toHaveLength(2)
  expect(lines.join('\n')).toContain(sentence)
  expect(lines).toContain('note: /linux/.vmtest/flake is not used while there is a flake.nix at the root')
})

test('a path is a string of the Nix language, whatever is in it', () => {
  expect(nixString('/a "b" $' + '{c} \\d')).toBe('"/a \\"b\\" \\$' + '{c} \\\\d"')
})

test.each([
  ['https://github.com/someone/kernel-vmtest.git', 'github:someone/kernel-vmtest'],
  ['git@github.com:some-one/kernel.vmtest', 'github:some-one/kernel.vmtest'],
  ['https://example.org/kernel-vmtest.git', 'git+file:///checkout'],
  [null, 'git+file:///checkout'],
])('of a checkout from %s the flake takes %s', async (origin, reference) => {
  const files = tree({ '/checkout/.git/HEAD': '' })
  await init(files, { origin })
  const flake = files.text(OWN) ?? ''
  expect(flake).toContain(`kernel-vmtest.url = "${reference}";`)
})

test('of a copy without git it takes the copy', async () => {
  const files = tree()
  await init(files)
  expect(files.text(OWN)).toContain('kernel-vmtest.url = "path:/checkout";')
})

test('a directory that is not there', async () => {
  await expect(init(new FakeFiles(checkoutFiles), { directory: '/nowhere' })).rejects.toThrow('There is no directory /nowhere.')
})
