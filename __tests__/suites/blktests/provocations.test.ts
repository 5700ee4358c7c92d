import { describe, expect, test } from '@jest/globals'
import { isProvoked } from '../../../src/crash/index.js'
import { blktestsProvocations, blktestsProvocationsOf } from '../../../src/suites/blktests/provocations.js'

const shutdown = (of: string) => ({ kind: 'fs-shutdown' as const, title: 'XFS shutdown', test: of })
const of = (text: string | null, name = 'block/077') => blktestsProvocationsOf([{ name, groups: [], text }])

describe('a file system that shuts down', () => {
  // XFS said so in block/032, which passed, on Linux 6.12.117: `Block device removal (0x20) detected at fs_bdev_mark_dead+0x46/0x70`.
  test.each([
    ['the disk is deleted under it', '_xfs_mkfs_and_mount "$dev" "$dir"\necho 1 > "/sys/block/sda/device/delete"', true],
    ['the socket of its disk is cleared', 'src/mount_clear_sock /dev/nbd0 "${TMPDIR}/mnt" ext4 5000', true],
    ['nothing is mounted', 'echo 1 > "/sys/block/sda/device/delete"', false],
    ['nothing is taken away', 'mount "$dev" "$dir"', false],
    ['only a comment says so', 'mount "$dev" "$dir"\n# echo 1 > /sys/block/sda/device/delete', false],
  ])('%s: provoked %s', (_what, text, provoked) => {
    expect(isProvoked(shutdown('block/077'), of(text))).toBe(provoked)
    expect(isProvoked(shutdown('block/001'), of(text))).toBe(false)
  })

  test('is of two listed tests where their text is not at hand, and of their text where it is', () => {
    expect(isProvoked(shutdown('block/032'), blktestsProvocations)).toBe(true)
    expect(isProvoked(shutdown('block/032'), of(null, 'block/032'))).toBe(true)
    expect(isProvoked(shutdown('block/032'), of('true', 'block/032'))).toBe(false)
  })

  test('excuses no memory error and no oops', () => {
    const text = 'mount "$dev" "$dir"; echo 1 > /sys/block/sda/device/delete'
    for (const kind of ['kasan', 'oops', 'lockdep', 'hung-task', 'warning'] as const) {
      expect(isProvoked({ ...shutdown('block/077'), kind, title: 'in XFS shutdown' }, of(text))).toBe(false)
    }
  })
})
