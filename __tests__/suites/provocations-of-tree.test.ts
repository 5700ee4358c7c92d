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

  it('is what the list says where the tree is not at hand, and only there', () => {
    const shut = report('fs-shutdown', 'XFS forced shutdown', 'generic/388')
    expect(provocationReader([])(shut)).toBe(true)
    expect(provocationReader([{ name: 'generic/388', groups: [], text: null }])(shut)).toBe(true)
    expect(provocationReader([{ name: 'generic/388', groups: [], text: 'echo calm' }])(shut)).toBe(false)
  })
})
