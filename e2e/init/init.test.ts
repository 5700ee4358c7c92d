// In a kernel tree after `vmtest init`: git works as before, and neither the shell nor `vmtest` copies the tree into the store.
// Real git, real Nix with a store of its own, direnv where there is one; the host's programs stand for nixpkgs (examples/offline).
import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type BuiltCommand, buildCommand, root } from '../../__tests__/cli/command.js'
import { ownStore } from '../../__tests__/nix/own-store.js'

const MINUTES = 60_000
const nix = spawnSync('sh', ['-c', 'command -v nix'], { encoding: 'utf8' }).stdout.trim()
const direnv = spawnSync('direnv', ['version']).status === 0
if (nix === '') console.log('skipped: there is no Nix')
if (!direnv) console.log('without direnv: the shell is entered by `nix print-dev-env`, as direnv does')

let work: string
let tree: string
let command: BuiltCommand
let env: NodeJS.ProcessEnv

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { cwd: tree, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
const git = (...args: string[]) => run('git', '-c', 'user.name=T', '-c', 'user.email=t@example.org', ...args)
const paths = () => readdirSync(join(work, 'store/store')).filter((name) => /^[0-9a-z]{32}-/.test(name))
const nixCalls = () => (existsSync(join(work, 'calls')) ? readFileSync(join(work, 'calls'), 'utf8').split('\n').filter(Boolean) : [])
const list = () => run(join(command.directory, 'vmtest'), 'list', '--suite', 'smoke', '-s', 'ext4')

function put(path: string, text: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true })
  writeFileSync(join(tree, path), text)
}

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'vmtest-init-'))
  tree = join(work, 'linux')
  command = await buildCommand()
  mkdirSync(join(work, 'bin'))
  writeFileSync(join(work, 'bin/nix'), `#!/bin/sh\necho "$*" >> '${work}/calls'\nexec '${nix}' "$@"\n`)
  chmodSync(join(work, 'bin/nix'), 0o755)
  env = {
    ...ownStore(join(work, 'store')),
    ...{ HOME: join(work, 'home'), XDG_CACHE_HOME: join(work, 'cache'), PATH: `${work}/bin:${process.env.PATH}` },
    NIX_CONFIG:
      'experimental-features = nix-command flakes\nbuild-users-group =\nsubstituters =\nsandbox-paths = /bin /sbin /usr /lib /lib64',
  }
  mkdirSync(join(work, 'home'))
  put('Makefile', 'VERSION = 6\nPATCHLEVEL = 18\nSUBLEVEL = 0\nEXTRAVERSION =\n')
  for (const mark of ['Kbuild', 'Kconfig', 'MAINTAINERS', 'scripts/kconfig/merge_config.sh']) put(mark, '')
  put('.gitignore', '.*\n!.gitignore\n')
  put('fs/xfs/xfs_inode.c', 'int inode;\n')
  put('init/main.c', 'int main;\n')
  git('init', '-q', '-b', 'main')
  git('add', '-A')
  git('commit', '-qm', 'one')
  git('commit', '-qm', 'two', '--allow-empty')
}, 2 * MINUTES)

afterAll(() => {
  command.remove()
  spawnSync('chmod', ['-R', 'u+w', work])
  rmSync(work, { recursive: true, force: true })
})

test('after init, git works as before', () => {
  const index = readFileSync(join(tree, '.git/index'))
  const said = run(join(command.directory, 'vmtest'), 'init')
  expect(said).toContain(`used: your own flake, ${tree}/.vmtest/flake`)
  expect(said).not.toContain('git add')
  expect(readFileSync(join(tree, '.git/index')).equals(index)).toBe(true)
  expect(git('status', '--porcelain')).toBe('')
  const edit = (path: string, text: string) => appendFileSync(join(tree, path), text)

  edit('fs/xfs/xfs_inode.c', 'int stashed;\n')
  git('stash')
  git('stash', 'pop')
  git('commit', '-qam', 'inode')
  git('branch', 'side', 'HEAD~1')
  git('checkout', '-q', 'side')
  edit('init/main.c', 'int side;\n')
  git('commit', '-qam', 'side')
  git('checkout', '-q', 'main')
  git('rebase', '-q', 'side')
  const patch = git('format-patch', '-1', '-o', join(work, 'patches')).trim()
  git('reset', '-q', '--hard', 'HEAD~1')
  git('am', '-q', patch)
  const picked = git('rev-parse', 'HEAD').trim()
  git('reset', '-q', '--hard', 'HEAD~1')
  git('cherry-pick', picked)
  expect(readFileSync(join(tree, 'fs/xfs/xfs_inode.c'), 'utf8')).toBe('int inode;\nint stashed;\n')
  expect(git('status', '--porcelain')).toBe('')
  expect(existsSync(join(tree, '.vmtest/flake/flake.nix'))).toBe(true)
})

const testWithNix = nix === '' ? test.skip : test

testWithNix(
  'the shell and the guest take nothing of the tree into the store, and an edit costs no evaluation',
  () => {
    // The host's programs as nixpkgs, this repository as it is.
    run(join(command.directory, 'vmtest'), 'list', '--bundle', 'offline', '--suite', 'smoke', '-s', 'ext4')
    const cache = join(work, 'cache/kernel-vmtest')
    const staged = readdirSync(cache).find((name) => name.startsWith('offline-flake-'))
    const flake = join(tree, '.vmtest/flake/flake.nix')
    const text = readFileSync(flake, 'utf8')
      .replace(/nixpkgs\.url = "[^"]*"/, `nixpkgs.url = "path:${cache}/${staged}"`)
      .replace(/kernel-vmtest\.url = "[^"]*"/, `kernel-vmtest.url = "git+file://${root.replace(/\/$/, '')}"`)
    writeFileSync(flake, text)

    const enter = () => {
      if (direnv) return run('direnv', 'exec', '.', 'sh', '-c', 'echo "in $VMTEST_TREE"')
      run('nix', 'print-dev-env', `path:${tree}/.vmtest/flake`, '--impure')
      return `in ${tree}\n`
    }
    if (direnv) run('direnv', 'allow', '.')
    expect(enter()).toBe(`in ${tree}\n`)
    const first = list()
    expect(first).toContain('ext4 ')
    const before = paths()
    expect(before.filter((name) => existsSync(join(work, 'store/store', name, 'fs/xfs/xfs_inode.c')))).toEqual([])

    appendFileSync(join(tree, 'fs/xfs/xfs_inode.c'), 'int edited;\n')
    const calls = nixCalls().length
    expect(list()).toBe(first)
    const evaluations = nixCalls()
      .slice(calls)
      .filter((call) => /\b(build|eval|print-dev-env|develop)\b/.test(call))
    expect(evaluations).toEqual([])
    expect(enter()).toBe(`in ${tree}\n`)
    expect(paths()).toEqual(before)

    // What does change the guest is seen.
    writeFileSync(flake, text.replace('# sections = [ "xfs" "ext4" ];', 'sections = [ "ext4" ];'))
    list()
    expect(nixCalls().some((call, index) => index > calls && call.includes('build'))).toBe(true)
  },
  10 * MINUTES,
)
