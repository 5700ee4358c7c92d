import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type BuiltCommand, buildCommand } from './command.js'

let vmtest: BuiltCommand
let suite: string

beforeAll(async () => {
  vmtest = await buildCommand()
  suite = mkdtempSync(join(tmpdir(), 'vmtest-suite-'))
  mkdirSync(join(suite, 'tests/xfs'), { recursive: true })
  writeFileSync(join(suite, 'tests/xfs/group.list'), '# QA groups\n001 db auto quick\n002 auto growfs\n')
  mkdirSync(join(suite, 'ks/mount'), { recursive: true })
  writeFileSync(join(suite, 'ks/kselftest-list.txt'), 'mount:statmount\nproc:self\n')
  writeFileSync(join(suite, 'ks/run_kselftest.sh'), '#!/bin/sh\n')
  mkdirSync(join(suite, 'ks/proc'))
  for (const path of ['mount/statmount', 'proc/self']) writeFileSync(join(suite, 'ks', path), '', { mode: 0o755 })
  mkdirSync(join(suite, 'own/deep'), { recursive: true })
  writeFileSync(join(suite, 'own/deep/one'), '#!/bin/sh\n', { mode: 0o755 })
})
afterAll(() => {
  vmtest.remove()
  rmSync(suite, { recursive: true })
})

function run(shell: string, args: readonly string[]): readonly string[] {
  const env = { ...process.env, PATH: `${vmtest.directory}:${process.env.PATH}`, HOME: suite }
  const { status, stdout, stderr } = spawnSync(shell, args, { env, encoding: 'utf8', cwd: suite })
  if (status !== 0) throw new Error(`${shell} ended with ${status}: ${stderr}`)
  return stdout.split('\n').filter(Boolean)
}

/** The words as each shell hands them to its completion, and what it would offer. */
const shells: Readonly<Record<string, (words: readonly string[]) => readonly string[]>> = {
  bash: (words) =>
    run('bash', [
      '--norc',
      '-c',
      'eval "$(vmtest completion bash)"; [[ $(complete -p vmtest) == *"-F _vmtest"* ]] || exit 9; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vmtest; printf "%s\\n" "${COMPREPLY[@]}"',
      'bash',
      ...words,
    ]),
  zsh: (words) =>
    run('zsh', [
      '-f',
      '-c',
      'compdef() { :; }; _files() { :; }; compadd() { print -rl -- $values }; eval "$(vmtest completion zsh)"; words=("$@"); CURRENT=$#; _vmtest',
      'zsh',
      ...words,
    ]),
  fish: (words) =>
    run('fish', ['--no-config', '-c', `vmtest completion fish | source; complete -C '${words.join(' ')}'`]).map(
      (line) => line.split('\t')[0] ?? '',
    ),
}

describe.each(Object.keys(shells))('completion in %s', (name) => {
  const found = spawnSync(name, ['-c', 'exit 0']).status === 0
  const complete = (...words: string[]) => shells[name]?.(['vmtest', ...words])
  if (!found) {
    it.skip(`${name} is not on this machine`, () => undefined)
    return
  }

  it.each([
    ['a command', ['pro'], ['probe']],
    ['an option of the default command', ['--accel'], ['--accelerator']],
    ['an option of a command', ['probe', '--fr'], ['--fresh']],
    ['a value', ['run', '--accelerator', 't'], ['tcg']],
    ['a section', ['run', '-s', 'ext4_4'], ['ext4_4k']],
    ['a shell', ['completion', 'z'], ['zsh']],
    ['a group of the smoke suite', ['list', '--suite', 'smoke', '-g', 'qui'], ['quick']],
    ['a group of the suite named', ['run', '--fstests', '~', '-g', 'gr'], ['growfs']],
    ['a test of the suite named', ['run', '--fstests', '~/', '-g', 'auto', 'xfs/'], ['xfs/001', 'xfs/002']],
    ['a test whose name has a colon', ['run', '--kselftest', '~/ks', 'mount:st'], ['mount:statmount']],
    ['a group of kselftest', ['run', '--suite', 'kselftest', '--kselftest', '~/ks', '-g', 'pr'], ['proc']],
    ['a script', ['run', '--scripts', '~/own', '--rerun-failed', '1', 'deep/'], ['deep/one']],
    ['a section of the suite named', ['run', '--suite', 'blktests', '-s', 'null'], ['null_blk']],
    ['a second test', ['run', '--fstests', '~', 'xfs/001', 'xfs/002'], ['xfs/002']],
    ['a command of config', ['config', 'ed'], ['edit']],
    ['an option of it', ['config', 'edit', '--wi'], ['--with']],
    ['a value of that', ['config', 'edit', '--with', 'n'], ['nconfig']],
    ['a fragment', ['config', 'edit', '--set', 'kas'], ['kasan']],
    ['a fragment or section', ['config', 'show', 'xfs_quo'], ['xfs_quota']],
    ['a command after help', ['help', 'his'], ['history']],
  ])('knows %s', (_, words, expected) => {
    expect(complete(...words)).toEqual(expected)
  })

  it('offers neither the hidden command nor a word that does not fit', () => {
    expect(complete('_')).toEqual([])
    expect(complete('')).toEqual(expect.arrayContaining(['run', 'list', 'completion', 'help']))
    expect(complete('')).not.toContain('__complete')
  })
})

it('replaces only what follows the last colon, where bash has cut the word', () => {
  expect(shells.bash?.(['vmtest', 'run', '--kselftest', '~/ks', 'mount', ':', 'st'])).toEqual(['statmount'])
  expect(shells.bash?.(['vmtest', 'run', '--kselftest', '~/ks', 'proc', ':'])).toEqual(['self'])
})

it('replaces only the value where bash has cut the word at =', () => {
  expect(shells.bash?.(['vmtest', 'run', '--accelerator', '=', 't'])).toEqual(['tcg'])
})

it('leaves a value that is a file to the shell', () => {
  expect(shells.bash?.(['vmtest', 'run', '--kernel', ''])).toEqual([])
})

it('refuses a shell it does not know', () => {
  const { status, stderr } = spawnSync(join(vmtest.directory, 'vmtest'), ['completion', 'tcsh'], { encoding: 'utf8' })
  expect(status).toBe(2)
  expect(stderr).toContain('bash, zsh, fish')
})
