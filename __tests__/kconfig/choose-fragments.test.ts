import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import {
  chooseFragments,
  configDifference,
  differenceText,
  guestFragments,
  mergeFragments,
  parseKernelConfig,
  readFragmentShelf,
  readKconfigTree,
} from '../../src/kconfig/index.js'
import { placesFrom } from '../../src/pipeline/directories.js'
import { builtInSections } from '../../src/pipeline/resolve-selection.js'
import { createFiles } from '../../src/ports/real/files.js'
import { readTestOptions } from '../../src/suites/fstests/index.js'
import { kernelOptionsOfTest } from '../../src/suites/fstests/kernel-options.js'
import { kernelPartsOf, suites } from '../../src/suites/index.js'
import { FakeFiles } from '../bundle/fake-files.js'

const checkout = join(import.meta.dirname ?? __dirname, '../..')
const files = createFiles()
const sections = await builtInSections('fstests', placesFrom({ checkout, workingDirectory: '/', env: {} }), files)
const shelf = await readFragmentShelf(join(checkout, 'nix/kconfig'), { sections, architecture: 'x86_64' }, { files })
const names = (...asked: string[]) => chooseFragments(asked, shelf).map(({ name }) => name)

describe('the fragments of a list of names', () => {
  test('are the guest’s, fstests’ and the file system’s for a section', () => {
    expect(names('xfs_4k')).toEqual(['base', 'x86_64', 'hang-detection', 'fstests', 'xfs'])
  })

  test('bring what a section names of other file systems', () => {
    expect(names('overlay_xfs')).toEqual(expect.arrayContaining(['overlay', 'xfs']))
    expect(names('nfs_loopback')).toEqual(expect.arrayContaining(['nfs', 'ext4']))
  })

  test('are a fragment alone for a purpose, and each once', () => {
    expect(names('kasan')).toEqual(['kasan'])
    expect(names('xfs', 'xfs_quota', 'kasan').filter((name) => ['xfs', 'kasan'].includes(name))).toEqual(['kasan', 'xfs'])
  })

  test('are the guest’s alone for the kernel’s own tests', () => {
    expect(names(...guestFragments(shelf))).toEqual(['base', 'x86_64', 'hang-detection'])
    const parts = kernelPartsOf(['kunit'])
    const { options } = mergeFragments(chooseFragments([...guestFragments(shelf), ...parts.fragments], shelf))
    expect([...options.keys()]).toEqual(expect.arrayContaining(['CONFIG_KUNIT', 'CONFIG_KUNIT_DEBUGFS', 'CONFIG_EROFS_FS']))
    for (const other of ['CONFIG_XFS_FS', 'CONFIG_BTRFS_FS', 'CONFIG_F2FS_FS', 'CONFIG_NFSD', 'CONFIG_BLK_DEV_DM']) {
      expect(options.has(other)).toBe(false)
    }
  })

  test('are those of tests outside the kernel as soon as one suite’s are', () => {
    for (const [name, { ofKernel }] of Object.entries(suites)) {
      expect(kernelPartsOf([name])).toEqual({ tests: ofKernel === undefined ? 'outside' : 'kernel', fragments: ofKernel?.fragments ?? [] })
      expect(kernelPartsOf(['kunit', name]).tests).toBe(ofKernel === undefined ? 'outside' : 'kernel')
      expect(kernelPartsOf([name, 'kunit']).fragments).toEqual(['kunit'])
    }
    expect(kernelPartsOf([]).tests).toBe('outside')
  })

  test('are those of a bundle’s kernel without names', () => {
    expect(names()).toEqual(['base', 'x86_64', 'hang-detection', 'fstests', 'ext4', 'xfs'])
  })

  test.each(sections)('set every option the section $name names', (section) => {
    const { options } = mergeFragments(chooseFragments([section.name], shelf))
    expect(section.kernelOptions.filter((option) => !options.has(option))).toEqual([])
  })

  test('are refused by name, all at once', () => {
    expect(() => names('xfs', 'kassan', 'zfs')).toThrow('There is no section or kconfig fragment `kassan`, `zfs`.')
  })
})

// Shaped as fs/Kconfig, fs/nfs/Kconfig and the top-level Kconfig are.
const tree = new FakeFiles({
  '/tree/Kconfig':
    'mainmenu "Linux/$(ARCH) $(KERNELVERSION) Kernel Configuration"\nsource "fs/Kconfig"\nsource "arch/$(SRCARCH)/Kconfig"\n',
  '/tree/fs/Kconfig':
    'menu "File systems"\n\nif BLOCK\nsource "fs/xfs/Kconfig"\nendif # BLOCK\n\nmenuconfig NETWORK_FILESYSTEMS\n\tbool "Network File Systems"\n\tdepends on NET\n\nif NETWORK_FILESYSTEMS\nsource "fs/nfs/Kconfig"\nsource "fs/gone/Kconfig"\nendif # NETWORK_FILESYSTEMS\nendmenu\n',
  '/tree/fs/xfs/Kconfig': 'config XFS_FS\n\ttristate "XFS filesystem support"\n\tselect EXPORTFS\n',
  '/tree/fs/nfs/Kconfig': 'config NFS_FS\n\ttristate "NFS client support"\n\tdepends on INET && FILE_LOCKING && MULTIUSER\n',
  '/tree/arch/x86/Kconfig': 'source "$(KCONFIG_EXT_PREFIX)Kconfig.ext"\nconfig X86\n\tdef_bool y\n',
})

describe('the Kconfig files of a tree', () => {
  test('are followed, with the blocks a file is sourced from within', async () => {
    expect((await readKconfigTree('/tree', 'x86', { files: tree.port })).map(({ name, dependsOn }) => [name, dependsOn])).toEqual([
      ['CONFIG_NETWORK_FILESYSTEMS', ['NET']],
      ['CONFIG_X86', []],
      ['CONFIG_XFS_FS', ['BLOCK']],
      ['CONFIG_NFS_FS', ['NETWORK_FILESYSTEMS', 'INET && FILE_LOCKING && MULTIUSER']],
    ])
  })

  test('must be there', async () => {
    await expect(readKconfigTree('/elsewhere', 'x86', { files: tree.port })).rejects.toThrow('/elsewhere is no kernel tree')
  })
})

describe('what a test asks of the kernel', () => {
  test.each([
    ['_require_dm_target flakey\n', ['CONFIG_BLK_DEV_DM', 'CONFIG_DM_FLAKEY']],
    ['_require_log_writes_dax_mountopt "dax"\n', ['CONFIG_DM_LOG_WRITES']],
    ['\t_require_quota # why\n', ['CONFIG_QUOTA', 'CONFIG_QFMT_V2']],
    ['_require_scratch_encryption -c 9 -n 9\n', ['CONFIG_FS_ENCRYPTION']],
    ['_require_kernel_config CONFIG_F2FS_FS_ZSTD\n', ['CONFIG_F2FS_FS_ZSTD']],
    ['# _require_loop is not called\n_require_loopback\n', []],
  ])('%j', (source, options) => {
    expect(kernelOptionsOfTest(source)).toEqual(options)
  })
})

describe('what a .config lacks', () => {
  const fstests = new FakeFiles({
    '/fstests/check': '',
    '/fstests/tests/generic/group.list': '034 auto\n108 auto\n',
    '/fstests/tests/generic/034': '. ./common/preamble\n_begin_fstest auto\n_require_dm_target flakey\n',
    '/fstests/tests/generic/108': '_begin_fstest auto\n_require_loop\n',
    '/fstests/tests/btrfs/group.list': '001 auto\n',
    '/fstests/tests/btrfs/001': '_begin_fstest auto\n_require_dm_target flakey\n',
  })

  test('is explained, with the sections and the tests of their file systems it costs', async () => {
    const chosen = sections.filter(({ name }) => ['xfs_quota', 'nfs_loopback'].includes(name))
    const difference = configDifference(parseKernelConfig('CONFIG_XFS_FS=y\nCONFIG_BLK_DEV_LOOP=y\nCONFIG_INET=y\n'), {
      fragments: [
        { name: 'xfs', text: 'CONFIG_XFS_FS=y\n' },
        { name: 'nfs', text: '# Why.\nCONFIG_NFS_FS=y\n' },
      ],
      sections: chosen,
      declarations: await readKconfigTree('/tree', 'x86', { files: tree.port }),
      testNeeds: await readTestOptions(fstests.port, '/fstests', chosen),
    })
    expect(differenceText(difference)).toBe(`1 of 2 options are not as asked:
  CONFIG_NFS_FS=y (nfs.config:2) is not in the configuration: needs NETWORK_FILESYSTEMS and FILE_LOCKING and MULTIUSER.

Sections that cannot run:
  xfs_quota: lacks CONFIG_XFS_POSIX_ACL, CONFIG_XFS_QUOTA
  nfs_loopback: lacks CONFIG_NFS_FS, CONFIG_NFS_V4_2, CONFIG_NFSD, CONFIG_NFSD_V4, CONFIG_EXT4_FS, CONFIG_EXT4_FS_POSIX_ACL

Tests that will be notrun:
  CONFIG_BLK_DEV_DM (1): generic/034
  CONFIG_DM_FLAKEY (1): generic/034
`)
  })

  test('is nothing for what was asked and is there', () => {
    const nothing = configDifference(parseKernelConfig('CONFIG_A=y'), {
      fragments: [{ name: 'a', text: 'CONFIG_A=m' }],
      sections: [],
      declarations: [],
      testNeeds: null,
    })
    expect(nothing).toEqual({ asked: 1, lacking: [], sections: [], notrun: null })
    expect(differenceText(nothing)).toBe('All 1 options are there.\n')
  })
})
