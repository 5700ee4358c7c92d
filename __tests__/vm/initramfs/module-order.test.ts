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
    expect(moduleOrder({ dependencies, builtin, softDependencies })).toEqual([
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

  test('a kernel that could not boot is refused, naming everything it lacks', () => {
    expect(() => moduleOrder({ dependencies: 'kernel/a/overlay.ko:\n', builtin, softDependencies: '' })).toThrow(
      'The kernel has no virtio_pci, virtio_blk, erofs: neither a module nor built in.',
    )
  })

  test.each([
    ['kernel/fs/xfs/xfs.ko', 'xfs'],
    ['crc32c-intel.ko.zst', 'crc32c_intel'],
    ['a/b.ko.gz', 'b'],
  ])('%s is the module %s', (path, name) => expect(moduleName(path)).toBe(name))
})
