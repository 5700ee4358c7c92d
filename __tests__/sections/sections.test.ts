import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import { OPTIONAL_PROGRAMS, REQUIRED_PROGRAMS } from '../../src/bundle/guest-programs.js'
import { mergeFragments, missingOptions, parseKernelConfig, requestedConfig, sectionObstacles } from '../../src/kconfig/index.js'
import { createFiles } from '../../src/ports/real/files.js'
import { fstestsSettings, readBuiltInSections } from '../../src/suites/fstests/index.js'
import { describeRefusal } from '../../src/vm/scheduler/refusal.js'

const read = (path: string): string => readFileSync(new URL(`../../nix/${path}`, import.meta.url), 'utf8')
const checkout = new URL('../..', import.meta.url).pathname.replace(/\/$/, '')
const sections = (await readBuiltInSections(createFiles(), checkout, 'fstests')).map((section) => ({
  ...section,
  ...fstestsSettings(section),
}))

interface Asked {
  readonly test: string
  readonly role: 'scratch' | 'test'
  readonly sizeMiB: number
}

/** `_require_scratch_size $((16 * 1024 * 1024))` and `_require_fs_space $TEST_DIR 3200000` (KiB), of tests in auto or quick. */
function readAsked(tree: string): readonly Asked[] {
  const line = /^\s*_require_(?:scratch_size(?:_nocheck)?|fs_space\s+"?\$(SCRATCH_MNT|TEST_DIR)"?)\s+(?:\$\(\(([\d\s*+]+)\)\)|(\d+))/gm
  const found: Asked[] = []
  for (const directory of readdirSync(`${tree}/tests`, { withFileTypes: true })) {
    if (!directory.isDirectory()) continue
    for (const id of readdirSync(`${tree}/tests/${directory.name}`).filter((name) => /^\d+$/.test(name))) {
      const text = readFileSync(`${tree}/tests/${directory.name}/${id}`, 'utf8')
      if (!/^_begin_fstest.*\b(auto|quick)\b/m.test(text)) continue
      for (const [, where, product, plain] of text.matchAll(line)) {
        const kib = plain === undefined ? sumOf(product ?? '') : Number(plain)
        found.push({ test: `${directory.name}/${id}`, role: where === 'TEST_DIR' ? 'test' : 'scratch', sizeMiB: kib / 1024 })
      }
    }
  }
  return found
}

/** `4*1024*1024*2 + 8`. */
const sumOf = (text: string): number =>
  text.split('+').reduce((sum, part) => sum + part.split('*').reduce((all, factor) => all * Number(factor), 1), 0)

const byName = (name: string) => {
  const section = sections.find((one) => one.name === name)
  if (section === undefined) throw new Error(`no section ${name}`)
  return section
}

describe('nix/sections/sections.json', () => {
  test('names each section once, and describes it', () => {
    const names = sections.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.slice(0, 2)).toEqual(['xfs', 'ext4'])
    for (const section of sections) expect(section.description).not.toBe('')
  })

  test.each(sections)('$name names the programs of its file system that are not in every guest', ({ fstyp, programs }) => {
    const always = ['xfs', 'ext4', 'overlay', 'tmpfs']
    if (!always.includes(fstyp)) expect(Object.keys(programs ?? {})).not.toEqual([])
    for (const program of Object.keys(programs ?? {})) expect([...REQUIRED_PROGRAMS, ...OPTIONAL_PROGRAMS]).toContain(program)
  })

  test.each(sections)(
    '$name can be told from the file system’s defaults by what the guest shows',
    ({ fstyp, proof, mkfsOptions, mountOptions }) => {
      expect(proof?.mount.some((pattern) => pattern.startsWith(`type=${fstyp}`))).toBe(true)
      expect((proof?.mkfs.length ?? 0) > 0 || mkfsOptions === '' || mountOptions !== '').toBe(true)
      expect((proof?.mount.length ?? 0) > 1 || mountOptions === '').toBe(true)
    },
  )

  test.each(sections)('$name has a test and a scratch device, each once, or a pool in scratch’s place', ({ disks, environment }) => {
    const count = (role: string) => disks.filter((disk) => disk.role === role).length
    if ('TEST_DEV' in environment) {
      expect(environment).toHaveProperty('SCRATCH_DEV')
      return
    }
    expect(count('test')).toBe(1)
    // fstests refuses SCRATCH_DEV beside SCRATCH_DEV_POOL.
    expect(count('scratch')).toBe(count('pool') === 0 ? 1 : 0)
    expect(count('test-log')).toBe(count('scratch-log'))
    expect(count('test-rt')).toBe(count('scratch-rt'))
  })

  // Persistent memory is memory of the host; a tmpfs has no disks.
  const onDisks = sections.filter(({ name, disks }) => name !== 'ext4_dax' && disks.length > 0)
  const largest = (disks: readonly { role: string; sizeMiB: number }[], roles: readonly string[]) =>
    Math.max(...disks.filter(({ role }) => roles.includes(role)).map(({ sizeMiB }) => sizeMiB))

  test.each(onDisks)('$name has disks as large as tests of auto and quick ask', ({ disks }) => {
    // generic/781 and xfs/652 ask for a device of 16 GiB, generic/701 for 5 GiB free on the test file system.
    expect(largest(disks, ['scratch', 'pool'])).toBeGreaterThanOrEqual(16 * 1024)
    expect(largest(disks, ['test'])).toBeGreaterThan(5 * 1024)
  })

  test.each(sections)('$name has a LOGWRITES_DEV where its file system can be replayed from a log of writes', ({ name, fstyp, disks }) => {
    // Not with a second device under the file system, not on persistent memory (common/dmlogwrites), not without a scratch device of its own.
    const cannot = ['xfs_rt', 'xfs_logdev', 'ext4_dax'].includes(name) || ['overlay', 'tmpfs', 'nfs'].includes(fstyp)
    const overlaid = name === 'overlay_xfs' || name === 'nfs_loopback'
    expect(disks.some(({ role }) => role === 'logwrites')).toBe(!cannot && !overlaid)
  })

  const tree = process.env.VMTEST_FSTESTS ?? ''
  const inTree = tree !== '' && existsSync(`${tree}/tests/generic`) ? test : test.skip
  inTree('the room that tests of a real tree ask for in numbers is there', () => {
    const asked = readAsked(tree)
    expect(asked.length).toBeGreaterThan(20)
    for (const { disks } of onDisks) {
      const room = { scratch: largest(disks, ['scratch', 'pool']), test: largest(disks, ['test']) }
      expect(asked.filter(({ role, sizeMiB }) => room[role] < sizeMiB)).toEqual([])
    }
  })

  test.each(sections)('$name has mount options as mount(8) takes them', ({ mountOptions }) => {
    expect(mountOptions).toMatch(/^(-o \S+)?$/)
  })

  test.each(sections)('$name asks for no kernel option that our fragments leave out', (section) => {
    const names = ['base', 'fstests', 'xfs', 'ext4', 'btrfs', 'f2fs', 'overlay', 'nfs']
    const config = requestedConfig(mergeFragments(names.map((name) => ({ name, text: read(`kconfig/${name}.config`) }))))
    expect(missingOptions(section, config)).toEqual([])
    expect(section.kernelOptions.length).toBeGreaterThan(0)
  })
})

describe('trials', () => {
  const trial = z.object({
    tests: z.array(z.string().regex(/^[a-z0-9]+\/\d+$/)).min(3),
    declines: z.array(z.string()).optional(),
    refusal: z.string().optional(),
  })
  const trials = z.strictObject({ sections: z.record(z.string(), trial) }).parse(JSON.parse(read('sections/trials.json'))).sections
  const tried = z
    .strictObject({
      sections: z.record(
        z.string(),
        z.object({ tests: z.record(z.string(), z.enum(['pass', 'notrun'])).optional(), refused: z.string().optional() }),
      ),
    })
    .parse(JSON.parse(read('sections/tried.json'))).sections
  const names = sections.map(({ name }) => name)

  test('every section has at least three tests to be tried with', () => {
    expect(Object.keys(trials).sort()).toEqual([...names].sort())
  })

  test.each(Object.entries(tried))('what is said of %s is what was tried', (name, { tests, refused }) => {
    expect(names).toContain(name)
    // Either it ran, or there is a reason.
    expect(tests === undefined).toBe(refused !== undefined)
    const { tests: asked = [], declines = [] } = trials[name] ?? {}
    if (tests === undefined) return
    const of = (status: string) => Object.keys(tests).filter((test) => tests[test] === status)
    expect(of('pass').sort()).toEqual([...asked].sort())
    expect(of('notrun').sort()).toEqual([...declines].sort())
  })
})

describe('a section on a kernel', () => {
  const config = parseKernelConfig(
    'CONFIG_XFS_FS=m\nCONFIG_XFS_POSIX_ACL=y\n# CONFIG_XFS_RT is not set\nCONFIG_EXT4_FS=y\nCONFIG_EXT4_FS_POSIX_ACL=y\n',
  )

  test('lacks what is neither built in nor a module', () => {
    expect(missingOptions(byName('xfs'), config)).toEqual([])
    expect(missingOptions(byName('xfs_rt'), config)).toEqual(['CONFIG_XFS_RT'])
  })

  test.each([
    ['6.1.192', ['it needs Linux 6.12 or newer, and the kernel is 6.1.192']],
    ['6.12.0-rc3-g1234', []],
    ['6.18.2', []],
    ['7.0.0', []],
    ['5.15.1', ['it needs Linux 6.12 or newer, and the kernel is 5.15.1']],
    ['what', []],
  ])('has to be new enough: %s', (release, reasons) => {
    expect(sectionObstacles(byName('xfs_64k'), { release, config, hasModules: true })).toEqual(reasons)
  })

  test('says everything in the way at once, and only what is known', () => {
    expect(sectionObstacles(byName('xfs_rt'), { release: '6.1.0', config, hasModules: false })).toEqual([
      'CONFIG_XFS_RT is not set in this kernel',
      'CONFIG_XFS_FS is built as modules, which the kernel came without',
    ])
    expect(sectionObstacles(byName('ext4_dax'), { release: '6.1.0', config: null, hasModules: false })).toEqual([])
  })

  test.each(sections.flatMap(({ name, kernelOptions }) => kernelOptions.map((option): [string, string] => [name, option])))(
    '%s is refused by name where %s is not set',
    (name, missing) => {
      const section = byName(name)
      const options = new Map(section.kernelOptions.map((option) => [option, option === missing ? 'n' : 'y']))
      const reasons = sectionObstacles(section, { release: '7.0.0', config: options, hasModules: false })
      expect(reasons).toEqual([`${missing} is not set in this kernel`])
    },
  )
})

describe('a guest that cannot run a section', () => {
  test.each(
    sections.flatMap(({ name, programs }) => Object.entries(programs ?? {}).map((entry): [string, ...typeof entry] => [name, ...entry])),
  )('%s is given up by name without %s', (name, program, debianPackage) => {
    const reason = describeRefusal(`program ${program}`, byName(name))
    expect(reason).toContain(`the guest has no ${program}.`)
    expect(reason).toContain(`apt-get install ${debianPackage}`)
  })

  test('names what its kernel does not have', () => {
    expect(describeRefusal('option CONFIG_XFS_RT', byName('xfs_rt'))).toBe(
      'CONFIG_XFS_RT is not set in this kernel. `vmtest config merge .config xfs_rt` sets it.',
    )
  })

  test('says what happened, in printable words of bounded length', () => {
    expect(describeRefusal('because mkfs said no', byName('xfs'))).toBe('mkfs said no.')
    // Names the section does not have are not put into a command.
    expect(describeRefusal('program $(reboot)', byName('f2fs'))).toBe('program $(reboot).')
    expect(describeRefusal(`because ${'\u001b'.repeat(1000)}x`, byName('xfs'))).toMatch(/^ {400}\.$/)
  })
})
