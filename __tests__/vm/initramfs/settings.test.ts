import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type GuestScripts, type GuestSettings, initramfsEntries, quoteForShell } from '../../../src/vm/initramfs/settings.js'

const none = new Uint8Array()
const scripts: GuestScripts = {
  init: none,
  agent: none,
  logger: none,
  dmsetup: none,
  'kernel-modprobe': none,
  shell: none,
  'nfs-server': none,
}
const settings: GuestSettings = {
  kind: 'minimal',
  hostname: 'vmtest',
  guestPath: ['/nix/store/x/bin', '/bin'],
  suitePath: '/vmtest/suites/smoke',
  fstyp: 'xfs',
  mkfsOptions: "-m reflink=1 -L 'a b'",
  programs: ['mkfs.xfs', 'xfs_quota'],
  kernelOptions: [],
  persistentMemory: [],
  nfsServer: false,
  fileCapBytes: 1000,
  flushSeconds: 3,
  mode: 'agent',
  resultsMiB: 256,
}

function fileText(path: string, modules: Parameters<typeof initramfsEntries>[2] = [], kind: GuestSettings['kind'] = 'minimal'): string {
  const entry = initramfsEntries(scripts, { ...settings, kind }, modules).find((candidate) => candidate.path === path)
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

  test.each(['agent', 'shell'])('no loop of the %s reads into a setting', (script) => {
    const names = [...fileText('rw/upper/vmtest/settings').matchAll(/^(\w+)=/gm)].map(([, name]) => name)
    const text = readFileSync(new URL(`../../../nix/guest/${script}`, import.meta.url), 'utf8')
    const read = [...text.matchAll(/\bread((?: -\w+(?: "\$\w+")?)*)((?: \w+)+)/g)].flatMap(
      ([, , targets]) => targets?.trim().split(' ') ?? [],
    )
    expect(read).toContain('rest')
    expect(read.filter((name) => names.includes(name))).toEqual([])
  })

  test('modules are listed in loading order', () => {
    const modules = ['virtio.ko', 'virtio_ring.ko'].map((file) => ({ file, contents: none }))
    expect(fileText('vmtest/modules.list', modules)).toBe('00-virtio.ko\n01-virtio_ring.ko\n')
    expect(fileText('vmtest/modules/01-virtio_ring.ko', modules)).toBe('')
  })
})
