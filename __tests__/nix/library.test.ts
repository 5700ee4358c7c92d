import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { COVERAGE_FRAGMENT, withCounters } from '../../src/kernel/coverage-flags.js'
import { ownStore } from './own-store.js'

/** The Nix library, evaluated by a real Nix in a store of its own: the user's /nix is left alone. */
const root = new URL('../..', import.meta.url).pathname
const canRun = spawnSync('nix', ['--version']).status === 0
if (!canRun) console.log('skipped: the Nix library is tested only where there is a Nix')

const MINUTES = 60_000
const INPUTS = ['nixpkgs', 'kernel-vmtest'] as const
let work: string

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'vmtest-library-'))
  stage('nixpkgs')
  stage('kernel-vmtest')
})

afterAll(() => rmSync(work, { recursive: true, force: true }))

/** An input as a directory: the host's programs as nixpkgs (no file of the host is read to evaluate), or this repository. */
function stage(name: (typeof INPUTS)[number]): void {
  const to = join(work, name)
  mkdirSync(to)
  cpSync(join(root, 'nix'), join(to, 'nix'), { recursive: true })
  if (name === 'kernel-vmtest') {
    cpSync(join(root, 'flake.nix'), join(to, 'flake.nix'))
    cpSync(join(root, '__tests__/nix'), join(to, '__tests__/nix'), { recursive: true })
    for (const directory of ['dist', 'man']) mkdirSync(join(to, directory))
    cpSync(join(root, 'examples'), join(to, 'examples'), { recursive: true })
    writeFileSync(join(to, 'package.json'), '{}')
    return
  }
  for (const file of ['flake.nix', 'default.nix']) cpSync(join(root, 'examples/offline', file), join(to, file))
  mkdirSync(join(to, 'host/etc'), { recursive: true })
  writeFileSync(join(to, 'busybox'), 'not run')
  const fetched = { url: `file://${work}/nixpkgs/busybox`, sha256: sha256(join(to, 'busybox')) }
  const host = {
    system: 'x86_64-linux',
    shell: '/bin/bash',
    path: ['/usr/bin'],
    qemu: null,
    busybox: fetched,
    kernel: { release: '6.1.0', version: '6.1', archives: [fetched] },
    revisions: {},
  }
  writeFileSync(join(to, 'host/host.json'), JSON.stringify(host))
  for (const file of ['host-files.sha256', 'host-links.txt']) writeFileSync(join(to, 'host', file), '')
}

function sha256(path: string): string {
  return execFileSync('sha256sum', [path], { encoding: 'utf8' }).slice(0, 64)
}

function nix(argv: readonly string[], variables: NodeJS.ProcessEnv = {}): { status: number | null; stdout: string; stderr: string } {
  const [program = 'nix', ...rest] = argv
  return spawnSync(program, rest, { encoding: 'utf8', env: { ...ownStore(work), ...variables } })
}

/** Evaluates an attribute of the flake in a directory with both inputs replaced. */
function evaluate(
  directory: string,
  attribute: string,
  variables: NodeJS.ProcessEnv = {},
): { status: number | null; stdout: string; stderr: string } {
  const overrides = INPUTS.flatMap((input) => ['--override-input', input, `path:${work}/${input}`])
  return nix(['nix', 'eval', '--impure', '--raw', `path:${directory}#${attribute}`, ...overrides], variables)
}

/** A kernel tree with a flake in it, and beside it a git repository with fstests' shape. */
function kernelTree(name: string, flake: string): string {
  const tree = join(work, name)
  const xfstests = join(work, `${name}-xfstests`)
  mkdirSync(tree)
  mkdirSync(xfstests)
  writeFileSync(join(tree, 'Makefile'), 'VERSION = 6\nPATCHLEVEL = 18\nSUBLEVEL = 0\nEXTRAVERSION =\n')
  writeFileSync(join(tree, 'flake.nix'), flake.replaceAll('XFSTESTS', xfstests))
  writeFileSync(join(xfstests, 'check'), '')
  const git = (...argv: string[]) => execFileSync('git', ['-C', xfstests, '-c', 'user.name=t', '-c', 'user.email=t@t', ...argv])
  git('init', '-q')
  git('add', '.')
  git('commit', '-q', '-m', 'x')
  return tree
}

;(canRun ? describe : describe.skip)('the Nix library', () => {
  test(
    'pure functions',
    () => {
      const result = nix(['nix-instantiate', '--eval', '--read-write-mode', '--strict', '--json', join(root, '__tests__/nix/library.nix')])
      expect(result.status === 0 ? JSON.parse(result.stdout) : result.stderr).toEqual([])
    },
    MINUTES,
  )

  test.each([
    ['nothing else', {}, '', '6.18.0-rc3'],
    ['linux-next', { 'localversion-next': '-next-20261127\n' }, '', '6.18.0-rc3-next-20261127'],
    ['several, in the order of their names', { 'localversion.b': '-b', localversion: '-a\n\n' }, '', '6.18.0-rc3-a-b'],
    ['an editor’s copy does not count', { 'localversion-rt': '-rt2\n', 'localversion-rt~': '-rt1\n' }, '', '6.18.0-rc3-rt2'],
    ['the configuration', { 'localversion-rt': '-rt2\n' }, 'CONFIG_LOCALVERSION="-x"\nCONFIG_LOCALVERSION="-y"\n', '6.18.0-rc3-rt2-y'],
  ])('the release of a kernel tree: %s', (name, files, fragment, release) => {
    const tree = join(work, `tree ${name}`.replaceAll(/[^a-z]/g, '-'))
    mkdirSync(tree)
    writeFileSync(join(tree, 'Makefile'), 'VERSION = 6\nPATCHLEVEL = 18\nSUBLEVEL = 0\nEXTRAVERSION = -rc3\n')
    for (const [file, text] of Object.entries(files)) writeFileSync(join(tree, file), text)
    writeFileSync(join(tree, 'fragment'), fragment)
    const expression = `import ${root}nix/lib/kernel-release.nix { tree = ${tree}; fragments = [ (builtins.readFile ${tree}/fragment) ]; }`
    expect(nix(['nix-instantiate', '--eval', '--strict', '--json', '--expr', expression])).toMatchObject({
      stdout: JSON.stringify(release),
    })
  })

  test(
    'the command is a package with its man page and a completion for each shell',
    () => {
      const expression = `(import ${root}nix/lib).mkCommand { pkgs = import ${work}/nixpkgs { }; }`
      const { stdout, stderr } = nix(['nix-build', '--no-out-link', '--option', 'sandbox', 'false', '--expr', expression])
      const out = stdout.trim()
      expect({ out, stderr }).toMatchObject({ out: expect.stringMatching(/-vmtest$/) })
      expect(readFileSync(join(out, 'share/man/man1/vmtest.1'), 'utf8')).toBe(readFileSync(join(root, 'man/vmtest.1'), 'utf8'))
      const path = `${out}/bin:${process.env.PATH}`
      const read = (shell: string, words: readonly string[]) =>
        spawnSync(shell, [...words], { encoding: 'utf8', env: { ...process.env, PATH: path, XDG_DATA_DIRS: `${out}/share` } })
      const bash = read('bash', ['-c', `. ${out}/share/bash-completion/completions/vmtest; complete -p vmtest`])
      expect(bash).toMatchObject({ status: 0, stdout: 'complete -o default -F _vmtest vmtest\n' })
      const fish = read('fish', ['-c', 'complete -C "vmtest rep"'])
      if (fish.error === undefined) expect(fish.stdout).toMatch(/^report\t/)
      expect(readFileSync(join(out, 'share/zsh/site-functions/_vmtest'), 'utf8')).toMatch(/^#compdef vmtest\n/)
    },
    2 * MINUTES,
  )

  test(
    "the kernel tree's flake evaluates to a bundle, a guest and a shell",
    () => {
      const tree = kernelTree('mission', readFileSync(join(root, '__tests__/nix/mission/flake.nix'), 'utf8'))
      for (const [attribute, derivation] of [
        ['packages.x86_64-linux.vmtest.drvPath', /-vmtest-bundle\.drv$/],
        ['packages.x86_64-linux.vmtest.guest.drvPath', /-vmtest-bundle\.drv$/],
        ['devShells.x86_64-linux.default.drvPath', /-kernel-vmtest\.drv$/],
      ] as const) {
        const { stdout, stderr } = evaluate(tree, attribute)
        expect({ attribute, stdout, stderr }).toMatchObject({ stdout: expect.stringMatching(derivation) })
      }
    },
    2 * MINUTES,
  )

  test('a kernel that Nix builds counts by what one that make builds does', () => {
    const directories = ['fs/xfs', 'fs/iomap']
    const expression = `with import ${root}nix/lib/coverage.nix; environment [ "fs/xfs" "fs/iomap" ] // { inherit options; }`
    const { stdout, stderr } = nix(['nix-instantiate', '--eval', '--strict', '--json', '--expr', expression])
    const plain = { tree: '/', objects: '/', variables: [], jobs: 1, prefix: [] }
    const { variables, environment } = withCounters(plain, directories)
    expect(stdout === '' ? stderr : JSON.parse(stdout)).toEqual({
      counted: 'fs/xfs fs/iomap',
      counterFlags: variables[0]?.replace('CFLAGS_GCOV=', ''),
      counterProfile: environment?.GCOV_PROFILE,
      options: COVERAGE_FRAGMENT.text,
    })
  })

  test(
    "a bundle that counts: the same guest with another kernel, of the tree's own sources",
    () => {
      const flake = readFileSync(join(root, 'examples/kernel-tree/flake.nix'), 'utf8')
      const tree = kernelTree('counted', flake)
      mkdirSync(join(tree, 'fs/xfs'), { recursive: true })
      writeFileSync(join(tree, 'fs/xfs/a.c'), 'int a;\n')
      const asked = (words: object, attribute = 'counted.drvPath', directory = tree) =>
        evaluate(directory, `packages.x86_64-linux.vmtest.${attribute}`, { KERNEL_VMTEST_COVERAGE: JSON.stringify(words) })
      const same = { 'fs/xfs/a.c': sha256(join(tree, 'fs/xfs/a.c')), 'fs/xfs/unknown-to-git.c': '0' }
      const wanted = { directories: ['fs/xfs', 'fs/iomap'], files: same }
      const { stdout: bundle, stderr } = asked(wanted)
      expect({ bundle, stderr }).toMatchObject({ bundle: expect.stringMatching(/-vmtest-bundle\.drv$/) })
      expect(bundle).not.toBe(evaluate(tree, 'packages.x86_64-linux.vmtest.drvPath').stdout)
      expect(asked({ ...wanted, directories: ['fs/iomap'] }).stdout).not.toBe(bundle)
      expect(asked(wanted, 'rootImage.drvPath').stdout).toBe(evaluate(tree, 'packages.x86_64-linux.vmtest.rootImage.drvPath').stdout)
      const requisites = nix(['nix-store', '--query', '--requisites', bundle]).stdout.split('\n')
      const kernel = readFileSync(requisites.find((path) => path.endsWith('-linux-6.18.0.drv')) ?? '', 'utf8')
      expect(kernel).toContain('("counted","fs/xfs fs/iomap")')

      const otherwise = (words: object, directory = tree) => asked(words, 'counted.drvPath', directory).stderr
      expect(otherwise({ ...wanted, files: { Makefile: '0', ...same, 'fs/xfs/a.c': '1' } })).toMatch(
        /error: kernel-vmtest: coverage: the kernel is built from another source than the tree\. Different there: Makefile, fs\/xfs\/a\.c\./,
      )
      for (const directory of ['fs/../..', 'fs/x f', '$(shell x)', '/fs', ''])
        expect(otherwise({ ...wanted, directories: [directory] })).toMatch(/is no directory of a kernel tree/)
      expect(evaluate(tree, 'packages.x86_64-linux.vmtest.counted.drvPath').stderr).toMatch(
        /`counted` is what `vmtest run --coverage` builds/,
      )
      const given = kernelTree('counted-given', flake.replace('inherit pkgs;', 'inherit pkgs; kernel = { image = "/a"; release = "6"; };'))
      expect(otherwise(wanted, given)).toMatch(/error: kernel-vmtest: coverage: the kernel is not built from its source: it is given/)
      const none = kernelTree('counted-none', flake.replace('root = builtins.toString ./.;', ''))
      expect(otherwise(wanted, none)).toMatch(/coverage: the kernel is not built from its source: it is the package set's own/)
    },
    4 * MINUTES,
  )

  test(
    'the outputs of our own flake are what Nix expects of them',
    () => {
      const { status, stderr } = nix(['nix', 'flake', 'check', '--no-build', `path:${work}/kernel-vmtest`])
      expect({ status, stderr }).toMatchObject({ status: 0 })
    },
    MINUTES,
  )

  test(
    'the template evaluates',
    () => {
      const tree = kernelTree('template', readFileSync(join(root, 'examples/kernel-tree/flake.nix'), 'utf8'))
      expect(evaluate(tree, 'packages.x86_64-linux.vmtest.drvPath')).toMatchObject({
        stdout: expect.stringMatching(/-vmtest-bundle\.drv$/),
      })
      expect(evaluate(tree, 'devShells.x86_64-linux.default.drvPath')).toMatchObject({ status: 0 })
    },
    2 * MINUTES,
  )

  test(
    'a change of the kernel moves the kernel and no other part',
    () => {
      const parts = (name: string, makefile: string) => {
        const tree = kernelTree(name, readFileSync(join(root, 'examples/kernel-tree/flake.nix'), 'utf8'))
        writeFileSync(join(tree, 'Makefile'), makefile)
        return ['drvPath', 'rootImage.drvPath', 'initrd.drvPath', 'guest.drvPath'].map(
          (part) => evaluate(tree, `packages.x86_64-linux.vmtest.${part}`).stdout,
        )
      }
      const [oldBundle, ...oldParts] = parts('before', 'VERSION = 6\nPATCHLEVEL = 18\nSUBLEVEL = 0\n')
      const [newBundle, ...newParts] = parts('after', 'VERSION = 6\nPATCHLEVEL = 18\nSUBLEVEL = 0\n# changed\n')
      expect(oldParts.every((part) => part.endsWith('.drv'))).toBe(true)
      expect(newParts).toEqual(oldParts)
      expect(newBundle).not.toBe(oldBundle)
    },
    2 * MINUTES,
  )
})
