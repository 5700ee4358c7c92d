import { describe, expect, test } from '@jest/globals'
import { moduleName, moduleOrder } from '../../../src/vm/initramfs/module-order.js'

const dependencies = `kernel/drivers/virtio/virtio.ko:
kernel/drivers/virtio/virtio_ring.ko: kernel/drivers/virtio/virtio.ko
kernel/drivers/virtio/virtio_pci.ko.xz: kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko
kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko
kernel/fs/erofs/erofs.ko: kernel/lib/libcrc32c.ko
kernel/lib/libcrc32c.ko:
kernel/arch/crc32c-intel.ko:
kernel/fs/overlayfs/overlay.ko:
`
const builtin = 'kernel/drivers/char/virtio_console.ko\n'
const softDependencies = '# comment\nsoftdep erofs pre: crc32c-intel post: nothing\n'

describe('the order of boot modules', () => {
  test('is one in which each finds what it needs, soft dependencies too', () => {
    expect(moduleOrder({ dependencies, builtin, softDependencies, aliases: '' }).map((module) => module.path)).toEqual([
      'kernel/drivers/virtio/virtio.ko',
      'kernel/drivers/virtio/virtio_ring.ko',
      'kernel/drivers/virtio/virtio_pci.ko.xz',
      'kernel/drivers/block/virtio_blk.ko',
      'kernel/arch/crc32c-intel.ko',
      'kernel/lib/libcrc32c.ko',
      'kernel/fs/erofs/erofs.ko',
      'kernel/fs/overlayfs/overlay.ko',
    ])
  })

  // Lines of depmod for Debian's linux-image-6.12.117+deb12-amd64.
  test('soft dependencies of dependencies come before them, by alias too, and may fail', () => {
    const index = {
      dependencies: `kernel/crypto/crc32c_generic.ko.xz:
kernel/arch/x86/crypto/crc32c-intel.ko.xz:
kernel/lib/libcrc32c.ko.xz:
kernel/fs/erofs/erofs.ko.xz: kernel/lib/libcrc32c.ko.xz kernel/fs/netfs/netfs.ko.xz
kernel/fs/netfs/netfs.ko.xz:
`,
      builtin: '',
      softDependencies: 'softdep libcrc32c pre: crc32c\n',
      aliases:
        'alias crypto-crc32c crc32c_intel\nalias crc32c crc32c_intel\nalias crc32c crc32c_generic\nalias cpu:type:x86,ven*fam*mod*:feature:*0094* crc32c_intel\n',
    }
    const order = moduleOrder(index, ['erofs'])
    expect(order.map(({ path, optional }) => `${moduleName(path)}${optional ? ' optional' : ''}`)).toEqual([
      'netfs',
      'crc32c_intel optional',
      'crc32c_generic optional',
      'libcrc32c',
      'erofs',
    ])
    expect(moduleOrder(index, ['erofs', 'crc32c_generic']).find(({ path }) => moduleName(path) === 'crc32c_generic')?.optional).toBe(false)
  })

  test('modules that ask for each other are no endless loop', () => {
    const index = {
      dependencies: 'a/one.ko:\na/two.ko:\n',
      builtin: '',
      softDependencies: 'softdep one pre: two\nsoftdep two pre: one\n',
      aliases: '',
    }
    expect(moduleOrder(index, ['one']).map(({ path }) => moduleName(path))).toEqual(['two', 'one'])
  })

  test('a kernel that could not boot is refused, naming everything it lacks', () => {
    expect(() => moduleOrder({ dependencies: 'kernel/a/overlay.ko:\n', builtin, softDependencies: '', aliases: '' })).toThrow(
      'The kernel has no virtio_pci, virtio_blk, erofs: neither a module nor built in.',
    )
  })

  test.each([
    ['kernel/fs/xfs/xfs.ko', 'xfs'],
    ['crc32c-intel.ko.zst', 'crc32c_intel'],
    ['a/b.ko.gz', 'b'],
  ])('%s is the module %s', (path, name) => expect(moduleName(path)).toBe(name))
})
