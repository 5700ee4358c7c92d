import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { GUEST_PROGRAMS, type GuestFiles, type GuestSettings, initramfsEntries, quoteForShell } from '../../../src/vm/initramfs/settings.js'

const none = new Uint8Array()
const files: GuestFiles = {
  init: none,
  programs: Object.fromEntries(Object.keys(GUEST_PROGRAMS).map((name) => [name, none])) as unknown as GuestFiles['programs'],
  suite: new Map([
    ['prepare', Buffer.from('make it')],
    ['users', Buffer.from('tester:x:77:77::/home/tester:/bin/sh\n')],
    ['directories', Buffer.from('mnt/a\nmnt/b\n')],
  ]),
  users: 'daemon:x:1:1::/:/bin/false\n',
  kernelConfig: { release: '6.12.1', contents: Buffer.from('CONFIG_X=y\n') },
  deviceNodes: [{ name: 'net/tun', major: 10, minor: 200 }],
}
const settings: GuestSettings = {
  kind: 'minimal',
  hostname: 'vmtest',
  guestPath: ['/nix/store/x/bin', '/bin'],
  suitePath: '/vmtest/suites/smoke',
  suiteVariables: { mkfs_options: "-m reflink=1 -L 'a b'" },
  programs: ['mkfs.xfs', 'xfs_quota'],
  kernelOptions: [],
  persistentMemory: [],
  fileCapBytes: 1000,
  flushSeconds: 3,
  mode: 'agent',
  resultsMiB: 256,
}

function entriesOf(modules: Parameters<typeof initramfsEntries>[2] = [], kind: GuestSettings['kind'] = 'minimal') {
  return initramfsEntries(files, { ...settings, kind }, modules)
}

function fileText(path: string, modules: Parameters<typeof initramfsEntries>[2] = [], kind: GuestSettings['kind'] = 'minimal'): string {
  const entry = entriesOf(modules, kind).find((candidate) => candidate.path === path)
  if (entry?.kind !== 'file') throw new Error(`no file ${path}`)
  return Buffer.from(entry.contents).toString()
}

describe('settings of a guest', () => {
  test('a shell reads them back as they were', () => {
    const read = spawnSync(
      'sh',
      ['-eu', '-c', `${fileText('rw/upper/vmtest/settings')}\nprintf '%s\\n' "$guest_path" "$mkfs_options" "$file_cap"`],
      {
        encoding: 'utf8',
      },
    )
    expect(read.stdout).toBe("/vmtest/bin:/nix/store/x/bin:/bin\n-m reflink=1 -L 'a b'\n1000\n")
  })

  test('quoting survives whatever is not a control character', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        const clean = text.replace(/[\u0000-\u001f\u007f]/g, '')
        const quoted = quoteForShell('x', clean)
        expect(quoted.slice(1, -1).split("'\\''").join("'")).toBe(clean)
        expect(quoted.replaceAll("'\\''", '').slice(1, -1)).not.toContain("'")
      }),
    )
  })

  test.each(['a\nb', 'a\0b', '\u001b[0m'])('%j is refused, naming the setting', (value) => {
    expect(() => quoteForShell('MKFS_OPTIONS', value)).toThrow('MKFS_OPTIONS is ')
  })

  test('a system of its own is told to the initramfs and the agent, and mounts all but the results itself', () => {
    expect(fileText('vmtest/system', [], 'nixos')).toBe('')
    expect(() => fileText('vmtest/system')).toThrow('no file')
    expect(fileText('rw/upper/vmtest/settings', [], 'nixos')).toContain("guest_kind='nixos'")
    expect(fileText('rw/upper/vmtest/fstab', [], 'nixos')).toBe('tmpfs /results tmpfs mode=755,size=256m 0 0\n')
    expect(fileText('rw/upper/vmtest/fstab')).toContain('tmpfs /run tmpfs')
  })

  test.each(['agent', 'set-up', 'send-results', 'coverage', 'each', 'shell', '../suites/fstests/guest/prepare'])(
    'no loop of %s reads into a setting',
    (script) => {
      const names = [...fileText('rw/upper/vmtest/settings').matchAll(/^(\w+)=/gm)].map(([, name]) => name)
      const text = readFileSync(new URL(`../../../nix/guest/${script}`, import.meta.url), 'utf8')
      const read = [...text.matchAll(/\bread((?: -\w+(?: "\$\w+")?)*)((?: \w+)+)/g)].flatMap(
        ([, , targets]) => targets?.trim().split(' ') ?? [],
      )
      expect(read.length > 0 || !text.includes('read ')).toBe(true)
      expect(read.filter((name) => names.includes(name))).toEqual([])
    },
  )

  test("the suite brings its half, its users and its directories; each home is its user's", () => {
    expect(fileText('rw/upper/vmtest/suite/prepare')).toBe('make it')
    expect(fileText('rw/upper/vmtest/users')).toBe('daemon:x:1:1::/:/bin/false\ntester:x:77:77::/home/tester:/bin/sh\n')
    const directories = entriesOf().filter(({ kind }) => kind === 'directory')
    expect(directories).toContainEqual({ kind: 'directory', path: 'rw/upper/home/tester', mode: 0o755, owner: 77 })
    expect(directories.map(({ path }) => path)).toEqual(expect.arrayContaining(['rw/upper/mnt/a', 'rw/upper/mnt/b']))
  })

  test('the configuration lies where programs look for it, and drivers load when their nodes are opened', () => {
    expect(fileText('rw/upper/boot/config-6.12.1')).toBe('CONFIG_X=y\n')
    expect(entriesOf()).toContainEqual({
      kind: 'character-device',
      path: 'rw/upper/vmtest/dev/net/tun',
      mode: 0o600,
      major: 10,
      minor: 200,
    })
  })

  test("the kernel's file systems are each of a type of their own, so that the agent can tell which there are", () => {
    const types = fileText('rw/upper/vmtest/fstab.kernel')
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
    expect(types.map(([source, , type]) => source === type)).not.toContain(false)
    expect(types.map(([, path]) => path)).toEqual(expect.arrayContaining(['/sys/kernel/config', '/sys/kernel/tracing', '/dev/mqueue']))
  })

  test('modules are listed in loading order', () => {
    const modules = ['virtio.ko', 'crc32c_intel.ko', 'libcrc32c.ko'].map((file) => ({
      file,
      contents: none,
      optional: file === 'crc32c_intel.ko',
    }))
    expect(fileText('vmtest/modules.list', modules)).toBe('00-virtio.ko\n01-crc32c_intel.ko optional\n02-libcrc32c.ko\n')
    expect(fileText('vmtest/modules/01-crc32c_intel.ko', modules)).toBe('')
  })
})
