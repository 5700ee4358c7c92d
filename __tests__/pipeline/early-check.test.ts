import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { readSuites } from '../../src/bundle/index.js'
import type { UserError } from '../../src/domain/errors.js'
import type { RawInputs } from '../../src/inputs/parse.js'
import { parseInputs } from '../../src/inputs/parse.js'
import { placesFrom } from '../../src/pipeline/directories.js'
import { checkAtHand, checkEarly } from '../../src/pipeline/early-check.js'
import { planOnly } from '../../src/pipeline/open-run.js'
import type { Ports } from '../../src/ports/index.js'
import { createClock } from '../../src/ports/real/clock.js'
import { createFiles } from '../../src/ports/real/files.js'

const files = createFiles()
const CHECKOUT = join(import.meta.dirname ?? __dirname, '../..')
let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vmtest-early-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** The start of an ELF file of a 64-bit little-endian machine. */
function elf(machine: number): Uint8Array {
  const head = new Uint8Array(64)
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  head.set([machine, 0], 18)
  return head
}

function fstests(machine: number | null): string {
  const tree = join(directory, 'xfstests')
  for (const path of ['tests/generic', 'ltp']) mkdirSync(join(tree, path), { recursive: true })
  writeFileSync(join(tree, 'check'), '')
  writeFileSync(join(tree, 'tests/generic/group.list'), '001 auto quick\n')
  for (const id of ['001', '999']) writeFileSync(join(tree, 'tests/generic', id), '#! /bin/bash\n_begin_fstest auto quick\n')
  if (machine !== null) writeFileSync(join(tree, 'ltp/fsstress'), elf(machine))
  return tree
}

/** Nothing of the machine but its name may be asked, and no program started: this is before everything. */
const ports: Pick<Ports, 'exec' | 'files' | 'runner'> = {
  files,
  exec: {
    run: async (argv: readonly string[]) => {
      if (argv.join(' ') !== 'uname -m') throw new Error(`unexpected command: ${argv.join(' ')}`)
      return { code: 0, signal: null, stdout: 'x86_64\n', stderr: '', timedOut: false }
    },
  } as unknown as Ports['exec'],
  runner: { env: {} } as unknown as Ports['runner'],
}

async function check(raw: RawInputs): Promise<readonly string[] | UserError> {
  const places = placesFrom({ checkout: CHECKOUT, workingDirectory: directory, env: { HOME: directory } })
  const plan = await planOnly({ inputs: parseInputs('cli', raw), places }, { files, clock: createClock() })
  return checkAtHand(plan, places, ports).then(
    ({ notes }) => notes,
    (error: UserError) => error,
  )
}

test.each<[string, RawInputs, RegExp]>([
  ['a typo in a section', { bundle: 'offline', sections: 'xsf' }, /unknown section `xsf` \(did you mean `xfs`\?\)/],
  ['a typo in a group', { bundle: 'offline', groups: 'qick' }, /unknown group `qick` \(did you mean `quick`\?\)/],
  ['a typo in a test', { bundle: 'offline', tests: 'generic/999' }, /unknown test `generic\/999`/],
  ['a list that is not there', { bundle: 'offline', expectations: 'nowhere' }, /nowhere: the list cannot be read/],
  ['a kernel that is not there', { bundle: 'offline', kernel: 'bzImage' }, /kernel is \S+bzImage, which is not there/],
  ['a tree that is not there', { bundle: 'offline', fstests: 'nowhere' }, /fstests is \S+nowhere, which is not there/],
  ['a bundle that is not there', { bundle: 'nowhere' }, /There is no VM bundle at/],
])('%s is refused before any program is started', async (_, raw, message) => {
  expect(await check(raw)).toMatchObject({ kind: 'usage', message: expect.stringMatching(message) })
})

test('what is right is not refused', async () => {
  expect(await check({ bundle: 'offline', sections: 'xfs ext4', groups: 'quick' })).toEqual([])
  expect(await check({ bundle: 'offline', fstests: fstests(62), tests: 'generic/001' })).toEqual([])
})

test.each<[string, number | null, string, RegExp]>([
  ['is not built', null, 'generic/001', /has not been built: it has no ltp\/fsstress\. Run `make` in/],
  ['is built for another architecture', 183, 'generic/001', /is built for aarch64, and the guest is x86_64\. Build it there/],
  ['does not list a test', 62, 'generic/999', /generic\/999 is in no group list, and `check` would not know it\. Run `make` in/],
])('an fstests tree that %s is refused with what to do', async (_, machine, tests, message) => {
  const answer = await check({ bundle: 'offline', fstests: fstests(machine), tests })
  expect(answer).toMatchObject({ kind: 'usage', message: expect.stringMatching(message) })
})

function blktests(machine: number | null): string {
  const tree = join(directory, 'blktests')
  for (const path of ['tests/loop', 'common', 'src']) mkdirSync(join(tree, path), { recursive: true })
  for (const path of ['check', 'common/rc', 'tests/loop/rc']) writeFileSync(join(tree, path), '')
  writeFileSync(join(tree, 'tests/loop/001'), 'DESCRIPTION="x"\n')
  if (machine !== null) writeFileSync(join(tree, 'src/loblksize'), elf(machine))
  return tree
}

function ltp(machine: number): string {
  const tree = join(directory, 'ltp')
  for (const path of ['runtest', 'testcases/bin', 'metadata']) mkdirSync(join(tree, path), { recursive: true })
  writeFileSync(join(tree, 'runtest/syscalls'), 'access01 access01\n')
  writeFileSync(join(tree, 'metadata/ltp.json'), '{"tests": {}}')
  writeFileSync(join(tree, 'testcases/bin/access01'), elf(machine))
  writeFileSync(join(tree, 'testcases/bin/aa.sh'), '#!/bin/sh\n')
  return tree
}

function kselftest(machine: number): string {
  const tree = join(directory, 'kselftest')
  for (const path of ['timens', 'net/forwarding']) mkdirSync(join(tree, path), { recursive: true })
  writeFileSync(join(tree, 'kselftest-list.txt'), 'timens:timens\ntimens:exec\nnet/forwarding:bridge.sh\n')
  writeFileSync(join(tree, 'timens/timens'), elf(machine))
  writeFileSync(join(tree, 'timens/exec'), elf(machine))
  writeFileSync(join(tree, 'net/forwarding/bridge.sh'), '#!/bin/sh\n')
  return tree
}

function scripts(machine: number): string {
  const tree = join(directory, 'scripts')
  mkdirSync(join(tree, 'below'), { recursive: true })
  writeFileSync(join(tree, 'a.sh'), '#!/bin/sh\n', { mode: 0o755 })
  writeFileSync(join(tree, 'below/program'), elf(machine), { mode: 0o755 })
  return tree
}

test('trees of other suites that are not built, or for another architecture, are refused as early', async () => {
  const refused = (message: RegExp) => ({ kind: 'usage', message: expect.stringMatching(message) })
  const ofBlktests = (machine: number | null) => check({ bundle: 'offline', suite: 'blktests', blktests: blktests(machine) })
  expect(await ofBlktests(null)).toMatchObject(refused(/has not been built: it has no src\/loblksize\. Run `make` in/))
  expect(await ofBlktests(183)).toMatchObject(refused(/is built for aarch64, and the guest is x86_64/))
  expect(await ofBlktests(62)).toEqual([])
  expect(await check({ bundle: 'offline', suite: 'ltp', ltp: ltp(183) })).toMatchObject(
    refused(/is built for aarch64.*--host=x86_64-linux-gnu/),
  )
  expect(await check({ bundle: 'offline', suite: 'ltp', ltp: ltp(62) })).toEqual([])
  const ofKselftest = (machine: number, tests: string) =>
    check({ bundle: 'offline', suite: 'kselftest', kselftest: kselftest(machine), tests })
  expect(await ofKselftest(183, '')).toMatchObject(
    refused(/is built for aarch64 \(timens\/timens and 1 more\), and the guest is x86_64\. Install it for x86_64/),
  )
  expect(await ofKselftest(183, 'net/forwarding:bridge.sh')).toEqual([])
  for (const machine of [62, 3]) expect(await ofKselftest(machine, '')).toEqual([])
  const ofScripts = (machine: number) => check({ bundle: 'offline', suite: 'scripts', scripts: scripts(machine) })
  expect(await ofScripts(243)).toMatchObject(refused(/is built for riscv \(below\/program\), and the guest is x86_64\. Build its programs/))
  expect(await ofScripts(62)).toEqual([])
})

test('a configuration that rules the section out is known before the first object is compiled', async () => {
  const places = placesFrom({ checkout: CHECKOUT, workingDirectory: directory, env: { HOME: directory } })
  const plan = await planOnly(
    { inputs: parseInputs('cli', { bundle: 'offline', sections: 'ext4' }), places },
    { files, clock: createClock() },
  )
  const config = join(directory, 'config')
  writeFileSync(config, '# CONFIG_EXT4_FS is not set\nCONFIG_XFS_FS=y\n')
  const suites = await readSuites({ smoke: join(CHECKOUT, 'nix/suites/smoke') }, { files })
  const known = { bundle: { architecture: 'x86_64' as const, sections: [], kernel: { release: '6.12.0', image: '', config } }, suites }
  await expect(checkEarly(plan, known, places, { files })).rejects.toMatchObject({
    message: expect.stringContaining(
      'section `ext4` cannot run here: CONFIG_EXT4_FS, CONFIG_EXT4_FS_POSIX_ACL are not set in this kernel.',
    ),
    nextStep: expect.stringContaining('vmtest config merge'),
  })
})

test('what needs no suite, a command in a guest, is not held against any', async () => {
  const places = placesFrom({ checkout: CHECKOUT, workingDirectory: directory, env: { HOME: directory } })
  const plan = await planOnly({ inputs: parseInputs('cli', { bundle: 'offline' }), places }, { files, clock: createClock() })
  await expect(checkAtHand({ ...plan, suites: [], trees: {} }, places, ports)).resolves.toEqual({ suites: [], notes: [] })
})
