import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { CommandOptions } from '../../../src/ports/index.js'
import { DumpBudget, EXPLANATION_BYTES, explainMemory, findDrgn, hasTypes, MOST_DUMPS } from '../../../src/vm/memory/index.js'

const ended = (changes: object = {}) => ({ code: 0, signal: null, stdout: '', stderr: '', timedOut: false, ...changes })

describe('whose memory is dumped', () => {
  test('at most three of a run, and none for a reason that another was dumped for', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e')), (reasons) => {
        const budget = new DumpBudget()
        const taken = reasons.filter((reason) => budget.take(reason))
        expect(taken).toEqual([...new Set(reasons)].slice(0, MOST_DUMPS))
      }),
    )
  })
})

describe('a drgn', () => {
  const machine = (programs: Readonly<Record<string, string>>, script: string, loads: readonly string[]) => ({
    exec: {
      which: async (name: string) => programs[name] ?? null,
      run: async ([python = '']: readonly string[]) => ended({ code: loads.includes(python) ? 0 : 1 }),
    },
    files: { readBytes: async () => new TextEncoder().encode(script) },
  })

  test('of pip is run by the Python of its own virtual environment', async () => {
    const found = await findDrgn(
      machine({ drgn: '/venv/bin/drgn', python3: '/usr/bin/python3' }, '#!/venv/bin/python3.11\nimport', ['/venv/bin/python3.11']),
    )
    expect(found).toEqual({ kind: 'found', python: '/venv/bin/python3.11' })
  })

  test('behind a wrapper, or without a command, is what the Python on PATH loads', async () => {
    const found = await findDrgn(machine({ drgn: '/nix/drgn', python3: '/nix/python3' }, '#! /nix/bash -e\nexec', ['/nix/python3']))
    expect(found).toEqual({ kind: 'found', python: '/nix/python3' })
  })

  test('that is not there, or too old, is a hint with what to install', async () => {
    for (const programs of [{}, { drgn: '/usr/bin/drgn', python3: '/usr/bin/python3' }]) {
      const found = await findDrgn(machine(programs, '#!/usr/bin/python3\n', []))
      expect(found).toMatchObject({ kind: 'missing', hint: expect.stringContaining('pip install drgn') })
    }
  })
})

describe('an explanation', () => {
  const request = {
    python: '/py',
    checkout: '/c',
    memory: '/m.elf',
    memoryMiB: 512,
    vmlinux: '/vmlinux',
    modules: new Map([['xfs', '/xfs.ko']]),
  }

  test('is made by a process that has both files open, and nothing else of ours', async () => {
    let seen: { argv: readonly string[]; options: CommandOptions } | null = null
    const run = async (argv: readonly string[], options: CommandOptions = {}) => {
      seen = { argv, options }
      return ended({ stdout: 'crashed: fstrim\n' })
    }
    expect(await explainMemory(request, { exec: { run } })).toEqual({ kind: 'explained', text: 'crashed: fstrim' })
    expect(seen).toMatchObject({
      argv: ['/py', '-B', '/c/nix/host/explain.py', expect.stringMatching(/"memory":3,"vmlinux":4,"modules":\{"xfs":5\},"user":65520/)],
      options: {
        cwd: '/',
        dieWithParent: 'SIGKILL',
        timeoutSeconds: 120,
        files: [
          { path: '/m.elf', access: 'read' },
          { path: '/vmlinux', access: 'read' },
          { path: '/xfs.ko', access: 'read' },
        ],
      },
    })
    expect(Object.keys(seen === null ? {} : ((seen as { options: CommandOptions }).options.env ?? {})).sort()).toEqual([
      'LC_ALL',
      'OMP_NUM_THREADS',
      'PATH',
      'PYTHONDONTWRITEBYTECODE',
    ])
  })

  test.each([
    [
      'ends badly',
      ended({ code: 5, stdout: 'half', stderr: 'first\nvmlinux is not of the kernel that ran\n' }),
      /status 5: vmlinux is not/,
    ],
    ['is killed', ended({ code: null, signal: 'SIGXCPU' }), /SIGXCPU/],
    ['takes too long', ended({ code: null, signal: 'SIGKILL', timedOut: true }), /did not end within 120 s/],
    ['says nothing', ended(), /status 0/],
  ])('of a drgn that %s is none, with the reason', async (_, result, reason) => {
    const said = await explainMemory(request, { exec: { run: async () => result } })
    expect(said).toEqual({ kind: 'failed', reason: expect.stringMatching(reason) })
  })

  test('is no longer than its bound, whatever drgn was made to print', async () => {
    const run = async () => ended({ stdout: 'x'.repeat(100_000) })
    const said = await explainMemory(request, { exec: { run } })
    expect(said.kind === 'explained' ? said.text.length : 0).toBe(EXPLANATION_BYTES)
  })
})

test('types are in debug information that is there and not reduced', () => {
  expect(hasTypes('CONFIG_DEBUG_INFO=y\nCONFIG_DEBUG_INFO_DWARF5=y\n')).toBe(true)
  expect(hasTypes('CONFIG_DEBUG_INFO=y\nCONFIG_DEBUG_INFO_REDUCED=y\n')).toBe(false)
  expect(hasTypes('# CONFIG_DEBUG_INFO is not set\n')).toBeNull()
})
