import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { testFileName } from '../../src/domain/test-file.js'
import { kselftest } from '../../src/suites/kselftest/index.js'
import { programDrive } from '../../src/suites/programs/drive.js'
import { judgePrograms } from '../../src/suites/programs/judge.js'
import { treeFiles } from './tree-files.js'

/** What the agent leaves of one test named `mount:a b`. */
async function judge(left: { readonly out?: string; readonly status?: string }) {
  const stem = `/b/results/tests/${testFileName('mount:a b')}`
  const tree = {
    ...(left.out === undefined ? {} : { [`${stem}.out`]: left.out }),
    ...(left.status === undefined ? {} : { [`${stem}.status`]: left.status }),
  }
  return judgePrograms(treeFiles(tree), {
    directory: '/b',
    section: 'default',
    tests: ['mount:a b', 'mount:other'],
    source: null,
    exitStatus: 0,
  })
}

describe('a batch of programs', () => {
  test.each([
    [{ out: 'ok 1 a\n', status: 'exit 0\n' }, 'pass', null],
    [{ out: '', status: 'exit 0\n' }, 'pass', null],
    [{ out: 'ok 1 a\nnot ok 2 b\n', status: 'exit 0\n' }, 'fail', '1 of 2 sub-tests failed: b'],
    [{ out: 'no device\n', status: 'exit 4\n' }, 'notrun', 'no device'],
    [{ out: '', status: 'signal 11\n' }, 'fail', 'killed by signal 11 (SIGSEGV)'],
    [{ out: '', status: 'limit 45\n' }, 'timeout', 'it was ended after its limit of 45 s'],
    [{ status: 'exit 0\n' }, 'fail', 'what it printed is lost'],
    [{ out: 'ok 1 a\n' }, 'notreached', 'it started and left no exit status'],
    [{ out: 'ok 1 a\n', status: 'exit zero\n' }, 'notreached', 'it started and left no exit status'],
    [{ out: 'ok 1 a\n', status: 'exit 0\nexit 0\n' }, 'notreached', 'it started and left no exit status'],
    [
      { out: `ok 1 a\n${'x'.repeat(16 * 1024 * 1024)}not ok 2 b\n`, status: 'exit 0\n' },
      'fail',
      'it printed more than the 16 MiB that are read, so that it cannot be judged',
    ],
  ])('%#: %s', async (left, status, message) => {
    const { tests } = await judge(left)
    expect(tests.map(({ name }) => name)).toEqual(['mount:a b'])
    expect(tests[0]?.attempts).toEqual([expect.objectContaining({ status, message })])
  })

  test('has no word of a test that left nothing', async () => {
    expect((await judge({})).tests).toEqual([])
  })

  test('keeps sub-tests and the output', async () => {
    const [found] = (await judge({ out: 'ok 1 a\nok 2 # SKIP b\n', status: 'exit 0\n' })).tests
    expect(found?.attempts[0]).toMatchObject({
      files: [{ kind: 'output', path: `/b/results/tests/${testFileName('mount:a b')}.out` }],
      subtests: [
        { name: 'a', status: 'pass', message: null },
        { name: 'b', status: 'notrun', message: null },
      ],
      subtestCount: 2,
    })
  })

  test('what cannot be read is a problem, and no pass', async () => {
    const files = {
      ...treeFiles({ [`/b/results/tests/${testFileName('a:b')}.status`]: 'exit 0\n' }),
      readBytes: () => Promise.reject(new Error('EIO')),
    }
    const { tests, problems } = await judgePrograms(files, {
      directory: '/b',
      section: 'default',
      tests: ['a:b'],
      source: null,
      exitStatus: 0,
    })
    expect(tests).toEqual([])
    expect(problems).toEqual([expect.stringContaining('EIO')])
  })
})

describe('how a program is started', () => {
  const section = {
    suite: 'kselftest',
    name: 'default',
    description: '',
    disks: [],
    environment: { A: 'b' },
    kernelOptions: [],
    settings: {},
  }
  const scale = { emulated: true, timeoutFactor: 10 }
  const start = (file: string, limitSeconds?: number) =>
    programDrive.command(
      { name: 'x', groups: [], file, line: 1, ...(limitSeconds === undefined ? {} : { limitSeconds }) },
      { section, scale, guestPath: '/s' },
    )

  test('in its directory, with its limit, longer under emulation', () => {
    expect(start('net/forwarding/a.sh', 6)).toMatchObject({ cwd: '/s/net/forwarding', environment: { A: 'b' }, limitSeconds: 60 })
    expect(start('top', 0)).toMatchObject({ cwd: '/s', limitSeconds: null })
    expect(start('top').limitSeconds).toBe(450)
    expect(start('net/forwarding/a.sh').argv.at(-1)).toBe('./a.sh')
    expect(start('top').argv.at(-1)).toBe('./top')
  })

  let directory: string
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'drive-'))
  })
  afterAll(() => rmSync(directory, { recursive: true }))
  const run = (name: string, text: string, mode: number) => {
    writeFileSync(join(directory, name), text)
    chmodSync(join(directory, name), mode)
    const [program = '', ...words] = start(name).argv
    const { status, stdout } = spawnSync(program, words, { cwd: directory, encoding: 'utf8' })
    return { status, stdout }
  }

  test('by its interpreter where it is no executable, not at all where it has none', () => {
    expect(run('a', '#!/bin/sh\necho "$0"; exit 3\n', 0o755)).toEqual({ status: 3, stdout: './a\n' })
    expect(run('b', '#!/bin/sh\necho b; exit 4\n', 0o644)).toEqual({ status: 4, stdout: 'b\n' })
    expect(run('c', 'exit 0\n', 0o644)).toEqual({ status: 126, stdout: './c is not executable\n' })
  })

  test('line by line, so that a child that is forked does not print again what its parent has', () => {
    const program =
      '#!/usr/bin/env python3\nimport ctypes\nlibc = ctypes.CDLL(None)\nlibc.printf(b"1..1\\n")\npid = libc.fork()\nif pid == 0:\n    libc.exit(0)\nlibc.waitpid(pid, None, 0)\nlibc.printf(b"ok 1 a\\n")\nlibc.exit(0)\n'
    expect(run('forks', program, 0o755)).toEqual({ status: 0, stdout: '1..1\nok 1 a\n' })
  })
})

test('tests that let a cgroup run out of memory provoke that report, others do not', () => {
  const provokes = (name: string) =>
    kselftest.provocations.some((provocation) => provocation.isOf(name) && provocation.kinds.includes('oom'))
  expect(['cgroup:test_memcontrol', 'cgroup:test_core'].map(provokes)).toEqual([true, false])
})
