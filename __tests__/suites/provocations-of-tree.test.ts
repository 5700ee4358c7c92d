import { describe, expect, it } from '@jest/globals'
import { isProvoked } from '../../src/crash/index.js'
import type { KernelReportKind } from '../../src/domain/kernel-report.js'
import { fstestsProvocations } from '../../src/suites/fstests/provocations.js'
import { provocationsOfTree } from '../../src/suites/fstests/provocations-of-tree.js'

const report = (kind: KernelReportKind, title: string, test: string) => ({ kind, title, test })
const provocationReader = (tests: Parameters<typeof provocationsOfTree>[0]) => (found: Parameters<typeof isProvoked>[0]) =>
  isProvoked(found, provocationsOfTree(tests, fstestsProvocations))
const tree = (text: string | null, groups: readonly string[] = []) => provocationReader([{ name: 'generic/901', groups, text }])

describe('what a test of the tree provokes', () => {
  it.each<[string, string, readonly string[], KernelReportKind, string]>([
    ['its group', '_begin_fstest auto', ['shutdown'], 'fs-shutdown', 'XFS user initiated shutdown'],
    ['a call', '_scratch_shutdown -f\n', [], 'fs-shutdown', 'EXT4-fs shutdown requested'],
    ['dm-error', '_dmerror_init\n_dmerror_load_error_table', [], 'fs-corruption', 'XFS corruption in xfs_trans_cancel'],
    ['an injected error', '_scratch_inject_error "log_item_pin"', [], 'fs-shutdown', 'XFS forced shutdown'],
    ['damage', '_scratch_xfs_db -x -c "agf 0" -c "write -d magicnum 0"', [], 'fs-corruption', 'XFS Metadata corruption in xfs_agf_verify'],
    [
      'a shutdown on a line of its own',
      '$XFS_IO_PROG -x -c "fsync" \\\n\t-c "shutdown" $SCRATCH_MNT/file',
      [],
      'fs-shutdown',
      'XFS shutdown',
    ],
    ['writes that dm-flakey fails', '_load_flakey_table $FLAKEY_ERROR_WRITES', [], 'fs-shutdown', 'XFS log I/O Error shutdown'],
    ['a snapshot that runs full', '_require_dm_target snapshot', [], 'fs-corruption', 'EXT4-fs corruption'],
    ['a disk that goes offline', 'echo offline > /sys/block/sdc/device/state', [], 'fs-shutdown', 'JBD2 aborted journal'],
    ['errors that are not retried', 'echo 0 > /sys/fs/xfs/$name/error/fail_at_unmount', [], 'fs-shutdown', 'XFS shutdown'],
    [
      'damage over several lines',
      '_scratch_xfs_db -x -c "inode $inum" \\\n  -c "ablock 0" \\\n  -c "write hdr.count 0"',
      ...([[], 'fs-corruption', 'XFS Metadata corruption in tank'] as const),
    ],
    ['damage by $XFS_DB_PROG', '$XFS_DB_PROG -x -c "fsb 3" -c "fuzz recs[1] 1" $dev', [], 'fs-corruption', 'XFS corruption detected'],
    ['damage by $DEBUGFS_PROG', '$DEBUGFS_PROG -w -R "zap_block 1" $SCRATCH_DEV', [], 'fs-corruption', 'EXT4-fs error in tank'],
    [
      'a write into the device',
      '_mkfs_dev $dev\n$XFS_IO_PROG -c "pwrite 0 4k" \\\n\t$dev >> $seqres.full',
      [],
      'fs-corruption',
      'BTRFS csum failed',
    ],
    [
      'a write into the device by a function',
      'zap() {\n\t_pwrite_byte 0 0 1 ${SCRATCH_DEV}\n}\n_scratch_mkfs',
      [],
      'fs-corruption',
      'BTRFS error in tank',
    ],
    ['damaged verity data', '_fsv_scratch_corrupt_bytes $file 3', [], 'fs-corruption', 'fs-verity: FILE CORRUPTED!'],
    ['no dmesg check', '_disable_dmesg_check', [], 'warning', 'WARNING in tank'],
    ['its dmesg filter', '_add_dmesg_filter "Internal error"', [], 'fs-corruption', 'XFS internal error in xfs_trans_cancel'],
  ])('%s', (_, text, groups, kind, title) => {
    expect(tree(text, groups)(report(kind, title, 'generic/901'))).toBe(true)
    // Nobody else, and no other kind.
    expect(tree(text, groups)(report(kind, title, 'generic/902'))).toBe(false)
    for (const other of ['kasan', 'lockdep', 'oops', 'general-protection'] as const)
      expect(tree(text, groups)(report(other, 'KASAN: slab-use-after-free Read in tank', 'generic/901'))).toBe(false)
  })

  it('is not what its comments mention', () => {
    expect(tree('# unlike _scratch_shutdown this is calm\n')(report('fs-shutdown', 'XFS forced shutdown', 'generic/901'))).toBe(false)
  })

  it.each([
    [
      'what is written into a device before it has a file system',
      '_begin_fstest auto\n$XFS_IO_PROG -c "pwrite 0 4k" $SCRATCH_DEV\n_scratch_mkfs\n',
    ],
    ['a file whose name has the device’s', '_scratch_mkfs\n$XFS_IO_PROG -c "pwrite 0 4k" $SCRATCH_MNT/dev\n'],
    ['the null device', '_scratch_mkfs\n$XFS_IO_PROG -c "pwrite 0 4k" $DEVNULL\n'],
    ['another UUID', '_scratch_mkfs\n_scratch_xfs_db -x -c "uuid generate"\n'],
    ['writes that dm-flakey drops', '_init_flakey\n_flakey_drop_and_remount\n'],
  ])('is not %s', (_, text) => {
    expect(tree(text)(report('fs-corruption', 'XFS corruption detected', 'generic/901'))).toBe(false)
    expect(tree(text)(report('fs-shutdown', 'XFS shutdown', 'generic/901'))).toBe(false)
  })

  it('is what the list says where the tree is not at hand, and only there', () => {
    const shut = report('fs-shutdown', 'XFS forced shutdown', 'generic/388')
    expect(provocationReader([])(shut)).toBe(true)
    expect(provocationReader([{ name: 'generic/388', groups: [], text: null }])(shut)).toBe(true)
    expect(provocationReader([{ name: 'generic/388', groups: [], text: 'echo calm' }])(shut)).toBe(false)
  })
})
