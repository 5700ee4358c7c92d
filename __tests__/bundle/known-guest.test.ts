import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { GuestBundleRequest } from '../../src/bundle/guest-bundle.js'
import { isClosedFlake, knownGuest, noteGuest } from '../../src/bundle/known-guest.js'
import type { Ports } from '../../src/ports/index.js'
import { FakeFiles } from './fake-files.js'

const example = readFileSync(new URL('../../examples/kernel-tree/flake.nix', import.meta.url), 'utf8')
const nix = { program: '/nix', version: '2.20', origin: 'found', config: '', sandbox: true, notes: [] } as const
const FLAKE = '/linux/.vmtest/flake'
const request: GuestBundleRequest = {
  nix,
  flake: `path:${FLAKE}`,
  attribute: 'vmtest',
  impure: true,
  cwd: '/linux',
  cacheDirectory: '/cache',
}

function machine(more: Record<string, string> = {}, env: Record<string, string> = { HOME: '/home/u' }) {
  const files = new FakeFiles({ [`${FLAKE}/flake.nix`]: example, [`${FLAKE}/flake.lock`]: '{}', '/nix/store/b/vmtest.json': '{}', ...more })
  return { files, ports: { files: files.port, runner: { env } as unknown as Ports['runner'] } }
}

test('the example is closed, and with sources of a directory it is not', () => {
  expect(isClosedFlake(example)).toBe(true)
  expect(isClosedFlake(example.replace('# xfstests-src', 'xfstests-src'))).toBe(false)
})

// Whatever reads more than the flake and its lock makes it an open one, wherever it stands.
const READING = [
  'builtins.fetchGit /home/u/xfstests',
  'fetchGit "/home/u/xfstests"',
  'import ./own.nix',
  'import nixpkgs { inherit system; }',
  './modules',
  '../xfsprogs',
  '~/xfstests-dev',
  '/srv/xfstests',
  '"/srv/xfstests"',
  '(builtins.getEnv "HOME")',
  'builtins.currentTime',
  '<nixpkgs>',
  '[ ./a ]',
]
test('what reads more is seen, wherever it stands', () => {
  const lines = example.split('\n')
  const tests = lines.flatMap((line, index) => (/^\s*#|^\s*$/.test(line) ? [] : [index]))
  fc.assert(
    fc.property(fc.constantFrom(...READING), fc.constantFrom(...tests), (expression, index) => {
      const with_ = [...lines.slice(0, index + 1), `x = ${expression};`, ...lines.slice(index + 1)].join('\n')
      expect(isClosedFlake(with_)).toBe(false)
    }),
  )
})

test('a guest is known until something that makes it changes', async () => {
  const { files, ports } = machine()
  expect(await knownGuest(request, ports)).toBeNull()
  await noteGuest(request, '/nix/store/b', ports)
  expect(await knownGuest(request, ports)).toBe('/nix/store/b')
  const changes: readonly [Partial<GuestBundleRequest>, Record<string, string>, Record<string, string>?][] = [
    [{ attribute: 'other' }, {}],
    [{ nix: { ...nix, version: '2.21' } }, {}],
    [{ nix: { ...nix, config: 'system = riscv64-linux' } }, {}],
    [{}, { [`${FLAKE}/flake.nix`]: example.replace('# sections = [ "xfs" "ext4" ];', 'sections = [ "xfs" ];') }],
    [{}, { [`${FLAKE}/flake.lock`]: '{ "nodes": 1 }' }],
    [{}, { '/home/u/.config/nixpkgs/config.nix': '{ }' }],
    [{}, {}, { HOME: '/home/u', NIXPKGS_ALLOW_UNFREE: '1' }],
    [{ flake: 'github:o/r' }, {}],
  ]
  const note = Object.fromEntries(
    [...files.files.keys()].filter((path) => path.startsWith('/cache/')).map((path) => [path, files.text(path) ?? '']),
  )
  for (const [asked, changed, env] of changes) {
    const other = machine({ ...note, ...changed }, env)
    expect([asked, changed, await knownGuest({ ...request, ...asked }, other.ports)]).toEqual([asked, changed, null])
  }
  expect(await knownGuest(request, machine(note).ports)).toBe('/nix/store/b')
})

test('a bundle that was collected, a damaged note, a flake without a lock', async () => {
  const { files, ports } = machine()
  await noteGuest(request, '/nix/store/gone', ports)
  expect(await knownGuest(request, ports)).toBeNull()
  for (const path of [...files.files.keys()].filter((name) => name.startsWith('/cache/'))) await files.port.write(path, '{')
  expect(await knownGuest(request, ports)).toBeNull()
  await files.port.remove(`${FLAKE}/flake.lock`)
  await noteGuest(request, '/nix/store/b', ports)
  expect(await knownGuest(request, ports)).toBeNull()
})
