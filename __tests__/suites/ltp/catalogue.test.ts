import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { UserError } from '../../../src/domain/errors.js'
import type { CatalogueTest } from '../../../src/domain/test.js'
import { readLtp } from '../../../src/suites/ltp/catalogue.js'
import { programsOfCommand } from '../../../src/suites/ltp/command-words.js'
import { ltpDrive } from '../../../src/suites/ltp/drive.js'
import { ltp } from '../../../src/suites/ltp/index.js'
import { parseRuntest } from '../../../src/suites/ltp/runtest.js'
import { judgeLtp } from '../../../src/suites/ltp/verdict.js'
import { treeFiles } from '../tree-files.js'

const metadata = {
  testsuite: 'LTP',
  defaults: { timeout: 30 },
  tests: {
    access01: { needs_root: true },
    mount02: { needs_device: true, timeout: 60 },
    acct02: { needs_kconfigs: ['CONFIG_BSD_PROCESS_ACCT=y'] },
    nanosleep01: { runtime: 5 },
    fill: { all_filesystems: 1, timeout: 300 },
    forever: { timeout: -1 },
  },
}
const tree = {
  '/ltp/runtest/syscalls':
    '#DESCRIPTION:x\n\naccess01 access01\nmount02 mount02\nacct02 acct02\nnanosleep01 nanosleep01\nfork06 fork_procs -n 1000\n',
  '/ltp/runtest/fs': 'fill fill\nforever forever\npipe01_sh echo "SUCCESS" | shell_pipe01.sh\ngone01 gone01 -x\n',
  '/ltp/metadata/ltp.json': JSON.stringify(metadata),
  ...Object.fromEntries(
    ['access01', 'mount02', 'acct02', 'nanosleep01', 'fork_procs', 'fill', 'forever', 'shell_pipe01.sh'].map((name) => [
      `/ltp/testcases/bin/${name}`,
      '',
    ]),
  ),
}
const named = (tests: readonly CatalogueTest[]) => Object.fromEntries(tests.map((found) => [found.name, found]))

test('plan, limits and needs come from runtest files and metadata', async () => {
  const tests = named(await readLtp(treeFiles(tree), '/ltp'))
  expect(Object.keys(tests)).toHaveLength(9)
  expect(tests['syscalls/access01']).toEqual({
    name: 'syscalls/access01',
    groups: ['syscalls'],
    file: 'runtest/syscalls',
    line: 3,
    limitSeconds: 60,
  })
  expect(tests['syscalls/mount02']).toMatchObject({ limitSeconds: 120, needs: { features: ['device'] } })
  expect(tests['syscalls/acct02']).toMatchObject({ needs: { features: ['config'] } })
  expect(tests['syscalls/nanosleep01']).toMatchObject({ limitSeconds: 65, needs: { features: ['clock'] } })
  // Old API: not in the metadata.
  expect(tests['syscalls/fork06']?.limitSeconds).toBe(300)
  expect(tests['fs/fill']).toMatchObject({ limitSeconds: 330 * 8 + 30, needs: { features: ['device'] } })
  expect(tests['fs/forever']?.limitSeconds).toBe(0)
  expect(tests['fs/pipe01_sh']?.onlyByName).toBeUndefined()
  expect(tests['fs/gone01']?.onlyByName).toBe('its program gone01 is not installed')
})

test('a line that calls programs of the guest is run, and says which ones it needs; one of LTP that was not built is named', async () => {
  const lines = {
    grep: 'echo "one | two" | grep one',
    builtin: 'test -d /proc && true',
    path: '/bin/ls /proc/self',
    whole: 'if [ -e /proc/1 ]; then cat /proc/version; fi >/dev/null 2>&1',
    mixed: 'mkfifo x; access01 <x',
    quoted: 'sh -c "gone02; mkfs.ext4 $LTP_DEV"',
    absent: 'echo x | gone03 | wc -l',
    known: 'acct02 $(grep -c x y)',
    variable: 'A=1 exec timeout -s KILL 5 true',
  }
  const text = Object.entries(lines).map(([tag, command]) => `${tag} ${command}\n`)
  const rest: Record<string, string> = { ...tree }
  delete rest['/ltp/testcases/bin/acct02']
  const tests = named(await readLtp(treeFiles({ ...rest, '/ltp/runtest/own': text.join('') }), '/ltp'))
  const found = Object.keys(lines).map((tag) => {
    const { needs, onlyByName } = tests[`own/${tag}`] ?? {}
    return [tag, onlyByName ?? needs?.programs ?? []]
  })
  expect(Object.fromEntries(found)).toEqual({
    ...{ grep: ['grep'], builtin: [], path: ['/bin/ls'], whole: ['cat'], mixed: ['mkfifo'], quoted: ['sh'], variable: ['timeout'] },
    absent: 'its program gone03 is not installed',
    known: 'its program acct02 is not installed',
  })
})

test('the words of a line in which a shell starts a program', () => {
  const words = (line: string) => programsOfCommand(line).join(' ')
  expect(words(`a 'x | y' "z; \\" w" | b&c;(d) || ! e`)).toBe('a b c d e')
  expect(words('for i in a b; do prog $i; done | sort 2>&1 >file')).toBe('prog sort')
  expect(words('X="a b" Y=1 prog `other` $(more) >out <in # c | d')).toBe('prog')
  expect(words('$LTPROOT/testcases/bin/x; "$program" -a; \'b c\'')).toBe('')
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...`ab |;&'"\\$(){}<>#\n0\``) }), (line) =>
      programsOfCommand(line).every((word) => /^[\w.+/-]+$/.test(word)),
    ),
  )
})

test('progress reads an exit status as the verdict does: 32 alone is a skip', () => {
  const words = (code: number) => ltpDrive.exitWord(code)
  expect([0, 32, 4, 33, 34, 1].map(words)).toEqual(['ended', 'notrun', 'fail', 'fail', 'fail', 'fail'])
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 255 }), (code) => {
      const { status } = judgeLtp({ kind: 'exit', code }, 'NAME  1  TPASS  :  text', false)
      expect(words(code)).toBe(code === 0 ? 'ended' : status)
    }),
  )
})

test('what is no installed LTP, or not whole, is refused with the next step', async () => {
  const refused = async (change: (files: Record<string, string>) => void) => {
    const files: Record<string, string> = { ...tree }
    change(files)
    const error = await readLtp(treeFiles(files), '/ltp').catch((caught: unknown) => caught)
    if (!(error instanceof UserError)) throw new Error(`not refused: ${JSON.stringify(error)}`)
    return `${error.message} ${error.nextStep}`
  }
  expect(await refused((files) => delete files['/ltp/metadata/ltp.json'])).toContain('make -C metadata')
  expect(
    await refused((files) => Object.assign(files, { '/ltp/metadata/ltp.json': tree['/ltp/metadata/ltp.json'].slice(0, 90) })),
  ).toContain('metaparse-sh')
  expect(
    await refused((files) => {
      for (const path of Object.keys(files)) if (path.startsWith('/ltp/testcases')) delete files[path]
      files['/ltp/configure.ac'] = ''
    }),
  ).toContain('./configure --prefix=/opt/ltp')
})

test('a tag with two commands is refused, a line that stands there twice is one test', () => {
  expect(parseRuntest('a x\na x\n', 'f')).toHaveLength(1)
  expect(() => parseRuntest('a x\na y\n', 'f')).toThrow(UserError)
  expect(() => parseRuntest('alone\n', 'f')).toThrow('1: alone')
})

/** Stand-ins for files of the guest, below the place of the test. */
const GUEST_FILES: Readonly<Record<string, string>> = {
  '/proc/mounts': 'mounts',
  '/proc/config.gz': 'config',
  '/sys/module/loop': 'loop',
  '/boot/': 'boot/',
}

/** Runs what the guest's agent would, with this machine's shell. @param lacking of disk, config and loop, what that guest has not got */
function start(needs: readonly string[], line: string, programs: readonly string[] = [], lacking: readonly string[] = []) {
  const directory = mkdtempSync(join(tmpdir(), 'vmtest-ltp-'))
  try {
    writeFileSync(join(directory, 'file'), `# first\n${line}\n`)
    writeFileSync(join(directory, 'mounts'), lacking.includes('disk') ? 'tmpfs /tmp tmpfs rw 0 0\n' : `disk ${directory} ext4 rw 0 0\n`)
    for (const name of ['config', 'loop']) if (!lacking.includes(name)) writeFileSync(join(directory, name), '')
    mkdirSync(join(directory, 'bin'))
    writeFileSync(join(directory, 'bin/modprobe'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
    const found = { name: 'file/tag', groups: ['file'], file: 'file', line: 2, needs: { features: [...needs], programs: [...programs] } }
    const section = { suite: 'ltp', name: 'default', description: '', disks: [], environment: {}, kernelOptions: [], settings: {} }
    const { argv, environment } = ltpDrive.command(found, { section, scale: { emulated: true, timeoutFactor: 4 }, guestPath: directory })
    const [shell = '', ...words] = argv.map((word) =>
      Object.entries(GUEST_FILES).reduce((text, [path, name]) => text.replaceAll(path, join(directory, name)), word),
    )
    const env = { ...process.env, ...environment, TMPDIR: directory, PATH: `${directory}/bin:${process.env.PATH}` }
    try {
      return { status: 0, output: execFileSync(shell, words, { cwd: directory, env, encoding: 'utf8' }), environment }
    } catch (error) {
      const { status, stdout } = error as { status: number; stdout: string }
      return { status, output: stdout, environment }
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

test('a line is run as a shell has it, without its tag', () => {
  expect(start([], `tag echo "it's  \\$HOME" | sed 's/^/[/;s/$/]/'`)).toMatchObject({ status: 0, output: "[it's  $HOME]\n" })
  expect(start([], 'tag exit 6')).toMatchObject({ status: 6 })
  expect(start([], 'tag true').environment).toMatchObject({ LTP_TIMEOUT_MUL: '4', LTP_COLORIZE_OUTPUT: '0' })
})

test('an unmet need is said, with the status of TCONF, and the program does not run', () => {
  expect(start(['clock'], 'tag echo ran')).toEqual(
    expect.objectContaining({ status: 32, output: expect.stringMatching(/^vmtest: need not met: a processor/) }),
  )
})

test.each([
  ['config', 'config', 'the kernel configuration ('],
  ['loop', 'device', 'loop devices'],
  ['disk', null, 'a disk for its files at '],
])('without %s a test is not broken: its need is not met, and with it the test runs', (what, need, words) => {
  const needs = need === null ? [] : [need]
  const { status, output } = start(needs, 'tag echo ran', [], [what])
  expect([status, output.slice(0, 22 + words.length)]).toEqual([32, `vmtest: need not met: ${words}`])
  expect(start(needs, 'tag echo ran')).toMatchObject({ status: 0, output: 'ran\n' })
})

test('a program the guest does not have is an unmet need, one it has is none', () => {
  expect(start([], 'tag echo one | grep one', ['grep'])).toMatchObject({ status: 0, output: 'one\n' })
  expect(start([], 'tag echo ran', ['no-such-program'])).toMatchObject({
    status: 32,
    output: 'vmtest: need not met: the program no-such-program\n',
  })
})

test('a test of a clock runs on a real processor', () => {
  const [section] = [{ suite: 'ltp', name: 'default', description: '', disks: [], environment: {}, kernelOptions: [], settings: {} }]
  const found = { name: 'a/b', groups: [], file: 'a', line: 1, needs: { features: ['clock'] } }
  const words = (emulated: boolean) => ltpDrive.command(found, { section, scale: { emulated, timeoutFactor: 1 }, guestPath: '/l' }).argv[4]
  expect([words(false), words(true)]).toEqual(['', 'clock'])
})

test('under emulation the library’s own limit is as much longer as ours, and never below what it takes for broken', () => {
  const [section] = [{ suite: 'ltp', name: 'default', description: '', disks: [], environment: {}, kernelOptions: [], settings: {} }]
  const found = { name: 'a/b', groups: [], file: 'a', line: 1, limitSeconds: 60 }
  const of = (timeoutFactor: number) => ltpDrive.command(found, { section, scale: { emulated: true, timeoutFactor }, guestPath: '/l' })
  expect(of(10)).toMatchObject({ limitSeconds: 600, environment: { LTP_TIMEOUT_MUL: '10' } })
  expect(of(1).environment).not.toHaveProperty('LTP_TIMEOUT_MUL')
  expect(of(0.05).environment).not.toHaveProperty('LTP_TIMEOUT_MUL')
})

test('tests that fill memory have a guest of their own', () => {
  const tests = [{ name: 'mm/oom01', groups: [], file: 'a', line: 1, needs: { exclusive: true } }]
  expect(
    ltp.needs({ suite: 'ltp', name: 'default', description: '', disks: [], environment: {}, kernelOptions: [], settings: {} }, tests)
      .exclusive,
  ).toEqual(['mm/oom01'])
})
