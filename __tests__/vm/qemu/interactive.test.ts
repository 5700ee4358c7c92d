import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { type Section, sectionSchema } from '../../../src/domain/section.js'
import type { Built, BuiltSuite } from '../../../src/domain/stages.js'
import { createExec } from '../../../src/ports/real/exec.js'
import { createFiles } from '../../../src/ports/real/files.js'
import { suiteOf } from '../../../src/suites/index.js'
import { prepareInteractiveGuest } from '../../../src/vm/index.js'

const directory = mkdtempSync(join(tmpdir(), 'vmtest-shell-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const write = (name: string, mode = 0o644) => {
  writeFileSync(join(directory, name), name, { mode })
  return join(directory, name)
}
const section: Section = sectionSchema.parse({
  suite: 'smoke',
  name: 'plain',
  settings: { fstyp: 'none' },
  disks: [{ role: 'test', sizeMiB: 1 }],
})
const suite: BuiltSuite = { name: 'smoke', guestPath: '/s', image: null, source: null, catalogue: { suite: 'smoke', tests: [] } }
const built: Built = {
  bundlePath: directory,
  bundle: {
    version: 2,
    architecture: 'x86_64',
    kind: 'minimal',
    kernel: { image: write('kernel', 0o600), release: 'r' },
    initrd: write('initrd'),
    rootImage: write('root'),
    guestPath: ['/bin'],
    suites: [],
    sections: [section],
    revisions: {},
  },
  // Stands for QEMU: says what a QEMU with seccomp says, whatever it is asked.
  qemu: write('qemu'),
  suites: [suite],
  buildSeconds: 0,
}
writeFileSync(built.qemu, '#!/bin/sh\necho "-sandbox on"\n')
chmodSync(built.qemu, 0o755)
const wanted = {
  built,
  suite,
  section,
  accelerator: { requested: 'tcg', accelerator: 'tcg', reason: 'test', timeoutFactor: 1 },
  memoryMiB: 256,
  cpus: 1,
  emulationTuning: true,
  diskDirectory: directory,
  environment: {},
  gdb: { wait: false },
} as const

test("a person's guest gets nothing of our environment, and root's only where nobody else can run it", async () => {
  const exec = createExec({ ...process.env, GITHUB_TOKEN: 'ghs_canary', ACTIONS_RUNTIME_TOKEN: 'canary' })
  const notes: string[] = []
  const guest = await prepareInteractiveGuest(
    { exec, files: createFiles() },
    {
      scriptsDirectory: join(process.cwd(), 'nix/guest'),
      cacheDirectory: directory,
      suites: suiteOf,
      onNote: (note) => notes.push(note),
    },
    wanted,
  )
  expect(guest.argv).toContain('-sandbox')
  expect(Object.keys(guest.options.env ?? {}).sort()).toEqual(['LC_ALL', 'PATH'])
  const socket = /unix:([^,]+),/.exec(guest.argv.join(' '))?.[1] ?? ''
  // The kernel only its owner may read is handed over as a copy that QEMU may read.
  const kernel = guest.options.files?.[0]?.path ?? ''
  expect(kernel).not.toBe(built.bundle.kernel.image)
  expect(statSync(kernel).mode & 0o777).toBe(0o644)
  if (process.getuid?.() === 0) {
    // The stand-in lies in a directory that only root may enter.
    expect(notes).toEqual([expect.stringMatching(/^QEMU runs with root's rights: .*qemu does not start as uid 65520/)])
    expect(guest.options.as).toBeUndefined()
  } else expect(notes).toEqual([])
  await guest.cleanUp()
  expect(() => statSync(kernel)).toThrow('ENOENT')
  expect(() => statSync(join(socket, '..'))).toThrow('ENOENT')
})

test("where another user can run QEMU, root's shell has no rights of root's", async () => {
  if (process.getuid?.() !== 0) return console.warn('skipped: needs root')
  const guest = await prepareInteractiveGuest(
    { exec: createExec(), files: createFiles() },
    { scriptsDirectory: join(process.cwd(), 'nix/guest'), cacheDirectory: directory, suites: suiteOf },
    { ...wanted, built: { ...built, qemu: '/usr/bin/env' } },
  )
  expect(guest.options.as?.uid).toBe(65520)
  const socket = /unix:([^,]+),/.exec(guest.argv.join(' '))?.[1] ?? ''
  expect(statSync(join(socket, '..'))).toMatchObject({ uid: 65520, mode: 0o40700 })
  await guest.cleanUp()
  expect(() => statSync(join(socket, '..'))).toThrow('ENOENT')
})
