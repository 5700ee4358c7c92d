// A base bundle whose vmtest.json the last version that wrote version 1 wrote: new failures are tried on it all the same. Guests only say what became
// of a test.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { RunRecord } from '../../src/domain/record.js'
import { writeFakeBundle } from './fake-bundle.js'
import { FakeMachine } from './fake-machine.js'

const KEPT = join(import.meta.dirname, '../../__tests__/domain/version-1/vmtest.json')
const TESTS = ['generic/001', 'generic/002', 'generic/003']
/** On the base `generic/002` fails too, which its run left out. */
const BASE = { 'generic/002': 'fail' }
const HEAD = { 'generic/002': 'fail', 'generic/003': 'fail' }

let machine: FakeMachine
beforeAll(async () => {
  machine = await FakeMachine.create()
  machine.writeBundle({ tests: TESTS, fates: HEAD })
}, 60_000)
afterAll(() => machine.remove())

/** The kept file with the places of this machine, and nothing to prove: these guests mount nothing. All else is as it was written. */
function writeOldBundle(path: string): void {
  const sections = [{ name: 'xfs', fstyp: 'xfs', disks: [] }]
  const fakeQemu = join(machine.bundle, 'qemu.mjs')
  writeFakeBundle(path, { fakeQemu, tests: TESTS, fates: BASE, image: 'the base’s kernel', version: 1, sections })
  const { suites, kernel, ...old } = JSON.parse(readFileSync(KEPT, 'utf8'))
  expect([old.version, suites.map(({ name }: { name: string }) => name)]).toEqual([1, ['smoke']])
  const there = { initrd: 'initrd', rootImage: 'root.erofs', qemu: join(path, 'qemu'), kernel: { image: 'image', release: kernel.release } }
  const unproven = old.sections.map(({ proof: _proof, ...section }: { proof: unknown }) => section)
  const smoke = { name: 'smoke', guestPath: suites[0].guestPath, catalogue: 'catalogue.json' }
  writeFileSync(join(path, 'catalogue.json'), readFileSync(join(path, 'catalogue.json'), 'utf8').replace('"fstests"', '"smoke"'))
  writeFileSync(join(path, 'vmtest.json'), JSON.stringify({ ...old, ...there, sections: unproven, suites: [smoke] }))
}

test('what fails on a base of version 1 too is known, the rest is new', async () => {
  const [base, head, project] = ['base', 'head', 'project'].map((name) => join(machine.directory, name)) as [string, string, string]
  mkdirSync(project)
  writeOldBundle(base)
  // The change's bundle is of this version, and of the same suite and section.
  const sections = [{ suite: 'smoke', name: 'xfs', disks: [{ role: 'test', sizeMiB: 16 }], settings: { fstyp: 'xfs' } }]
  const image = 'the change’s kernel'
  writeFakeBundle(head, { fakeQemu: join(machine.bundle, 'qemu.mjs'), tests: TESTS, fates: HEAD, image, version: 2, sections })
  for (const name of ['vmtest.json', 'catalogue.json'])
    writeFileSync(join(head, name), readFileSync(join(head, name), 'utf8').replaceAll('"fstests"', '"smoke"'))
  const options = ['--suite', 'smoke', '-s', 'xfs', '--kernel-tree', 'none', '--accelerator', 'tcg', '--vms', '1', '--memory', '512']
  const run = async (bundle: string, name: string, words: readonly string[]) => {
    const ended = await machine.vmtest(project, ['run', '--bundle', bundle, '--output', join(project, name), ...options, ...words])
    const record = JSON.parse(readFileSync(join(project, name, 'run.json'), 'utf8')) as RunRecord
    return { ...ended, record }
  }
  const before = await run(base, 'before', ['generic/001'])
  expect({ status: before.status, ...before.record.conclusion }).toMatchObject({ status: 0, kind: 'passed' })
  copyFileSync(join(project, 'before/run.json'), join(project, 'baseline.json'))
  const { status, record, stdout } = await run(head, 'after', [
    ...TESTS,
    ...['--baseline', join(project, 'baseline.json'), '--base-bundle', base],
  ])
  expect(record.problems).toEqual([])
  expect(record.tests.map(({ name, onBase }) => [name, onBase?.status])).toEqual([
    ['generic/001', undefined],
    ['generic/002', 'fail'],
    ['generic/003', 'pass'],
  ])
  expect({ status, reason: record.conclusion.reason }).toEqual({
    status: 1,
    reason: expect.stringMatching(/^1 new failure: xfs generic\/003 /),
  })
  expect(stdout).toContain('1 more known')
}, 120_000)
