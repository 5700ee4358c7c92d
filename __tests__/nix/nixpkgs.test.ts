import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ownStore } from './own-store.js'

/**
 * The library against a real nixpkgs, whose tree VMTEST_NIXPKGS names: everything it gives must come to a derivation. Nothing is
 * built or downloaded. `nix-instantiate` is the host's, in a store of its own.
 */
const root = new URL('../..', import.meta.url).pathname
const nixpkgs = process.env.VMTEST_NIXPKGS ?? ''
const canRun = nixpkgs !== '' && spawnSync('nix-instantiate', ['--version']).status === 0
if (!canRun) console.log('skipped: the library is evaluated with nixpkgs where VMTEST_NIXPKGS names its tree and there is a Nix')

const STAND_IN = `import ${join(root, 'nix/nixos/lib-stand-in.nix')}`
const TEN_MINUTES = 600_000
let work: string

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'vmtest-nixpkgs-'))
})

afterAll(() => rmSync(work, { recursive: true, force: true }))

/** A git repository of these files. */
function repository(name: string, files: Readonly<Record<string, string>>): string {
  const directory = join(work, name)
  mkdirSync(directory)
  for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text)
  const git = (...argv: string[]) => execFileSync('git', ['-C', directory, '-c', 'user.name=t', '-c', 'user.email=t@t', ...argv])
  git('init', '-q')
  git('add', '.')
  git('commit', '-q', '-m', 'x')
  return directory
}

/** Options as docs/reference/options.md has them; nixpkgs changed its word for one type in 2025. */
const written = (options: unknown): unknown => JSON.parse(JSON.stringify(options).replaceAll('absolute path', 'path'))

function describedWithoutNixpkgs(): unknown {
  return JSON.parse(instantiate(['--eval', '--strict', '--json', join(root, 'nix/nixos/describe.nix'), '--arg', 'lib', STAND_IN]))
}

function evaluate(): Readonly<Record<string, unknown>> {
  const makefile = 'VERSION = 6\nPATCHLEVEL = 18\nSUBLEVEL = 0\nEXTRAVERSION =\n'
  const xfstests = repository('xfstests', { check: '' })
  const flake = (path: string) => readFileSync(join(root, path), 'utf8').replaceAll('XFSTESTS', xfstests)
  const trees = {
    nixpkgs,
    mission: repository('mission', { Makefile: makefile, 'flake.nix': flake('__tests__/nix/mission/flake.nix') }),
    template: repository('template', { Makefile: makefile, 'flake.nix': flake('examples/kernel-tree/flake.nix') }),
  }
  const argv = ['--eval', '--strict', '--json', '--read-write-mode', join(root, '__tests__/nix/nixpkgs.nix')]
  const paths = Object.entries(trees).flatMap(([name, path]) => ['--arg', name, path])
  return JSON.parse(instantiate([...argv, ...paths])) as Record<string, unknown>
}

function instantiate(argv: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('nix-instantiate', argv, {
    encoding: 'utf8',
    env: { ...ownStore(work), VMTEST_NIXPKGS: nixpkgs },
  })
  if (status !== 0) throw new Error(stderr)
  return stdout
}

;(canRun ? describe : describe.skip)('the library with nixpkgs', () => {
  test(
    'shells, bundles, the command and NixOS guests come to derivations; mistakes in options do not',
    () => {
      const bundle = expect.stringMatching(/-vmtest-bundle\.drv$/)
      const shell = expect.stringMatching(/-kernel-vmtest\.drv$/)
      const evaluated = evaluate()
      expect(evaluated).toEqual({
        'mission: shell': shell,
        'mission: bundle': bundle,
        'mission: guest': bundle,
        'mission: counting': bundle,
        'template: shell': shell,
        'template: bundle': bundle,
        'template: guest': bundle,
        'template: counting': bundle,
        'template with a NixOS guest: shell': shell,
        'template with a NixOS guest: bundle': bundle,
        'template with a NixOS guest: guest': bundle,
        'template with a NixOS guest: counting': bundle,
        'clang shell': shell,
        'bundle with programs from sources': bundle,
        "file systems' programs from sources": Object.fromEntries(
          ['btrfs-progs', 'e2fsprogs', 'f2fs-tools'].map((name) => [
            name,
            {
              version: '0123456789ab',
              patches: [],
              derivation: expect.stringMatching(new RegExp(`-${name}-0123456789ab\\.drv$`)),
              replaces: true,
            },
          ]),
        ),
        'everything of the package set': bundle,
        'NixOS guest of the package set': bundle,
        'NixOS module by itself': bundle,
        'aarch64 bundle': bundle,
        'aarch64 NixOS guest': bundle,
        command: expect.stringMatching(/-vmtest\.drv$/),
        accepted: [],
        options: expect.anything(),
        'inputs of fstests': expect.arrayContaining(['liburing', 'libcap', 'gdbm', 'acl', 'libaio', 'btrfs-progs']),
        'programs of the table that this nixpkgs lacks': expect.any(Array),
      })
      console.log(`this nixpkgs lacks: ${String(evaluated['programs of the table that this nixpkgs lacks'])}`)
      // Of what tests look for nixpkgs has had these for years: one that is missing got another name.
      const kept = [
        'acct',
        'checkbashisms',
        'dump',
        'duperemove',
        'fsverity-utils',
        'indent',
        'lz4',
        'man-db',
        'parted',
        'python3',
        'shadow',
      ]
      const lacking = evaluated['programs of the table that this nixpkgs lacks'] as readonly string[]
      expect(lacking.filter((name) => kept.includes(name))).toEqual([])
      expect(written(evaluated.options)).toEqual(written(describedWithoutNixpkgs()))
    },
    TEN_MINUTES,
  )
})
