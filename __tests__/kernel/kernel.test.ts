import { gzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { imageDependency, parseAptShow } from '../../src/bundle/distribution-kernel.js'
import { readElf } from '../../src/bundle/elf.js'
import { parseSources, parseUris } from '../../src/bundle/foreign-packages.js'
import { distributionOf } from '../../src/bundle/host-facts.js'
import { parseLibraryCache } from '../../src/bundle/host-tree.js'
import { readKernelImage } from '../../src/kernel/kernel-image.js'
import { overrideKernel } from '../../src/kernel/kernel-override.js'
import { chooseTarget, objectDirectory } from '../../src/kernel/layout.js'
import { createFiles } from '../../src/ports/real/files.js'
import { FakeFiles } from '../bundle/fake-files.js'

const text = (value: string) => new TextEncoder().encode(value)

function bzImage(version: string): Uint8Array {
  const image = new Uint8Array(0x4000)
  image.set(text('HdrS'), 0x202)
  new DataView(image.buffer).setUint16(0x20e, 0x3000 - 0x200, true)
  image.set(text(version), 0x3000)
  return image
}

function tree(): FakeFiles {
  return new FakeFiles({
    '/linux/arch/x86/boot/bzImage': bzImage('6.18.0-rc3+ (me@host) #1 SMP'),
    '/linux/include/config/kernel.release': '6.18.0-rc3+\n',
    '/linux/.config': 'CONFIG_XFS_FS=y',
    '/linux/vmlinux': '\x7fELF',
    '/mods/lib/modules/6.18.0-rc3+/modules.dep': '',
    '/mods/lib/modules/6.1.0/modules.dep': '',
  })
}

describe('a kernel given by hand', () => {
  test('brings what its build tree holds', async () => {
    expect(await overrideKernel({ image: '/linux/arch/x86/boot/bzImage' }, { files: tree().port })).toEqual({
      image: '/linux/arch/x86/boot/bzImage',
      release: '6.18.0-rc3+',
      config: '/linux/.config',
      vmlinux: '/linux/vmlinux',
    })
  })

  test('a tree built anew since gives nothing', async () => {
    const files = tree()
    files.set('/linux/include/config/kernel.release', '6.19.0\n')
    expect(await overrideKernel({ image: '/linux/arch/x86/boot/bzImage' }, { files: files.port })).toEqual({
      image: '/linux/arch/x86/boot/bzImage',
      release: '6.18.0-rc3+',
    })
  })

  test.each(['/mods', '/mods/lib/modules/6.18.0-rc3+'])('modules as %s', async (modules) => {
    expect((await overrideKernel({ image: '/linux/arch/x86/boot/bzImage', modules }, { files: tree().port })).modules).toBe('/mods')
  })

  test('modules of another release are refused by name', async () => {
    const files = tree()
    files.files.delete('/mods/lib/modules/6.18.0-rc3+/modules.dep')
    await expect(overrideKernel({ image: '/linux/arch/x86/boot/bzImage', modules: '/mods' }, { files: files.port })).rejects.toThrow(
      'The kernel is 6.18.0-rc3+, but /mods has modules of 6.1.0.',
    )
  })

  test.each([
    ['garbage', 'hello', /is not a kernel image/],
    ['an empty file', '', /is not a kernel image/],
    ['a bzImage without a version', bzImage(''), /does not say which release/],
    ['an ELF program', '\x7fELF but no banner', /does not say which release/],
  ])('%s is refused', async (_name, contents, message) => {
    const files = new FakeFiles({ '/k': contents })
    await expect(readKernelImage('/k', { files: files.port })).rejects.toThrow(message)
  })

  test('an ELF vmlinux tells its release across pieces, the format string passed over', async () => {
    const files = new FakeFiles({ '/k': '\x7fELF....Linux version %s (%s)...........Linux version 6.18.0-x (me) #1\n' })
    expect(await readKernelImage('/k', { files: files.port })).toEqual({ kind: 'ELF vmlinux', release: '6.18.0-x', architecture: null })
  })
})

describe('an arm64 kernel', () => {
  const image = new Uint8Array(0x8000)
  image.set(text('ARMd'), 0x38)
  image.set(text('Linux version 6.12.1-arm (me) #1'), 0x7000)
  const packed = gzipSync(image)
  const zboot = (compression: string) => {
    const header = new Uint8Array(0x1000)
    header.set(text('MZ'), 0)
    header.set(text('zimg'), 4)
    new DataView(header.buffer).setUint32(8, 0x1000, true)
    header.set(text(compression), 24)
    return Buffer.concat([header, packed])
  }
  const read = (bytes: Uint8Array) => readKernelImage('/k', { files: new FakeFiles({ '/k': bytes }).port })
  const known = { release: '6.12.1-arm', architecture: 'aarch64' }

  test('is read as it is, packed by gzip, and within an EFI zboot image', async () => {
    expect(await read(image)).toEqual({ ...known, kind: 'arm64 Image' })
    expect(await read(packed)).toEqual({ ...known, kind: 'arm64 Image.gz' })
    expect(await read(zboot('gzip'))).toEqual({ ...known, kind: 'arm64 EFI zboot' })
  })

  test('in a form that QEMU does not boot, and does not say so, is refused in words', async () => {
    await expect(read(zboot('zstd'))).rejects.toThrow('an EFI zboot image packed by zstd')
    await expect(read(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0]))).rejects.toThrow('packed by zstd (Image.zst)')
    await expect(read(gzipSync(text('no kernel')))).rejects.toThrow('is not a kernel image')
    await expect(read(packed.subarray(0, 40))).rejects.toThrow(/is not a kernel image|does not say which release/)
  })
})

describe('what a tree is built for', () => {
  test('is what ARCH says, else the machine, and objects of another architecture lie apart', () => {
    expect(chooseTarget('x86_64', 'arm64')).toMatchObject({ target: { architecture: 'aarch64', image: 'Image' }, isForeign: true })
    expect(chooseTarget('x86_64', '')).toMatchObject({ target: { architecture: 'x86_64' }, isForeign: false })
    expect(chooseTarget('aarch64', 'arm64')).toMatchObject({ target: { fragment: 'aarch64' }, isForeign: false })
    expect(() => chooseTarget('x86_64', 'riscv')).toThrow('ARCH is `riscv`; guests are made for x86_64 and arm64.')
    expect(() => chooseTarget('riscv64', undefined)).toThrow('There is no kernel configuration for riscv64.')
    const [own, other] = [objectDirectory('/c', '/linux', null), objectDirectory('/c', '/linux', 'aarch64')]
    expect(other).toBe(`${own}-aarch64`)
  })
})

describe('packages of another architecture', () => {
  // What `apt-get indextargets` and `apt-get --print-uris` print on Debian 12.
  test('come from the distribution’s own sources alone', () => {
    const output = ['Debian|http://mirror.example/debian/|bookworm|main', 'Other|https://packages.example/apt/|stable|main', ''].join('\n')
    expect(parseSources(output, 'debian')).toEqual(['http://mirror.example/debian/ bookworm main'])
    expect(parseSources('Ubuntu|http://archive.ubuntu.com/ubuntu/|noble|main\n', 'ubuntu')).toEqual([
      'http://ports.ubuntu.com/ubuntu-ports noble main',
    ])
  })

  test('are named with the hash of the signed lists', () => {
    const hash = 'ab'.repeat(32)
    const output = `'http://mirror.example/debian/pool/main/s/sg3-utils/sg3-utils_1.46-3_arm64.deb' sg3-utils_1%3a1.46-3_arm64.deb 37624 SHA256:${hash}\n'http://x/y.deb' y_1_arm64.deb 1 MD5Sum:00\n`
    expect(parseUris(output, '/a')).toEqual([{ path: '/a/sg3-utils_1%3a1.46-3_arm64.deb', sha256: hash }])
  })
})

describe('reading the host', () => {
  test('apt', () => {
    expect(
      parseAptShow(
        'Package: linux-image-cloud-amd64\nVersion: 6.1.192-2\nDepends: linux-image-6.1.0-56-cloud-amd64 (= 6.1.192-2)\n\nPackage: x\nVersion: 1\n',
      ),
    ).toEqual({
      version: '6.1.192-2',
      depends: 'linux-image-6.1.0-56-cloud-amd64 (= 6.1.192-2)',
      sha256: null,
    })
    expect(parseAptShow(`Package: a\nVersion: 1\nSHA256: ${'0a'.repeat(32)}\n`)?.sha256).toBe('0a'.repeat(32))
    expect(parseAptShow('Package: a\nVersion: 1\nSHA256: ../x\n')?.sha256).toBeNull()
    expect(parseAptShow('')).toBeNull()
    expect(imageDependency('linux-image-6.1.0-56-cloud-amd64 (= 6.1.192-2)')).toEqual({ release: '6.1.0-56-cloud-amd64' })
    expect(imageDependency('linux-firmware, linux-image-6.8.0-60-generic, intel-microcode')).toEqual({ release: '6.8.0-60-generic' })
    expect(imageDependency('libc6')).toBeNull()
  })

  test('os-release', () => {
    expect(distributionOf('ID=debian\n')).toBe('debian')
    expect(distributionOf('NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n')).toBe('ubuntu')
    expect(distributionOf('ID=fedora\n')).toBeNull()
  })

  test('the library cache: this machine only, the first of a name', () => {
    const cache = parseLibraryCache(
      '2 libs found\n\tlibz.so.1 (libc6,x86-64) => /lib/x86_64-linux-gnu/libz.so.1\n\tlibz.so.1 (libc6) => /lib/i386-linux-gnu/libz.so.1\n\tlibz.so.1 (libc6,x86-64) => /other/libz.so.1\n',
      62,
    )
    expect([...cache]).toEqual([['libz.so.1', '/lib/x86_64-linux-gnu/libz.so.1']])
  })

  test('ELF: our own interpreter names its loader and the C library; scripts are not ELF', async () => {
    const files = createFiles()
    const elf = await readElf((offset, length) => files.readBytes(process.execPath, { offset, length }))
    expect(elf?.interpreter).toMatch(/ld-/)
    expect(elf?.needed.join(' ')).toMatch(/libc\./)
    const script = text('#!/bin/sh\n')
    expect(await readElf(async (offset, length) => script.subarray(offset, offset + length))).toBeNull()
    const cut = (await files.readBytes(process.execPath, { offset: 0, length: 40 })).subarray(0, 40)
    expect(await readElf(async (offset, length) => cut.subarray(offset, offset + length))).toBeNull()
  })
})
