import { describe, expect, test } from '@jest/globals'
import {
  explainAllLost,
  explainLost,
  lostOptions,
  mergeFragments,
  parseKconfigDeclarations,
  parseKernelConfig,
  requestedConfig,
} from '../../src/kconfig/index.js'

const merged = mergeFragments([
  { name: 'base', text: '# Why.\nCONFIG_BLOCK=y\nCONFIG_DM_FLAKEY=n\n' },
  {
    name: 'fstests',
    text: 'CONFIG_DM_FLAKEY=y\nCONFIG_FS_DAX=y\nCONFIG_QUOTA_TREE=y\nCONFIG_GONE=y\nCONFIG_SYSRQ=0x1\nCONFIG_EXT4_FS=m\n',
  },
])

describe('merged fragments', () => {
  test('let the later one win and say where', () => {
    expect(merged.options.get('CONFIG_DM_FLAKEY')).toEqual({ name: 'CONFIG_DM_FLAKEY', value: 'y', fragment: 'fstests', line: 1 })
    expect(merged.redefinitions.map(({ before, after }) => [before.fragment, before.line, after.fragment, after.line])).toEqual([
      ['base', 3, 'fstests', 1],
    ])
    expect(requestedConfig(merged).get('CONFIG_BLOCK')).toBe('y')
  })

  test('are lost where olddefconfig says otherwise, and only there', () => {
    const actual = parseKernelConfig('CONFIG_BLOCK=y\nCONFIG_DM_FLAKEY=m\nCONFIG_SYSRQ=1\nCONFIG_EXT4_FS=y\n# CONFIG_FS_DAX is not set\n')
    expect(lostOptions(merged, actual).map(({ requested, actual: value, mentioned }) => [requested.name, value, mentioned])).toEqual([
      ['CONFIG_DM_FLAKEY', 'm', true],
      ['CONFIG_FS_DAX', 'n', true],
      ['CONFIG_QUOTA_TREE', 'n', false],
      ['CONFIG_GONE', 'n', false],
    ])
  })
})

// Shaped as fs/Kconfig and drivers/md/Kconfig are.
const kconfig = `# SPDX-License-Identifier: GPL-2.0-only
menu "File systems"
	depends on BLOCK

config FS_DAX
	bool "File system based Direct Access (DAX) support"
	depends on MMU && \\
		(64BIT || BROKEN)
	depends on !(ARM || MIPS)
	select FS_IOMAP
	help
	  Direct Access (DAX) can be used on memory-backed block devices.

	    depends on NOTHING that is in a help text

config QUOTA_TREE
	tristate

if MD
config DM_FLAKEY
	tristate "Flakey target"
	depends on BLK_DEV_DM=y && DM_MODE != "old"

comment "a comment has conditions of its own"
	depends on NEVER
endif
endmenu
config SMP
	bool "Symmetric multi-processing support"
	depends on $(cc-option,-mfoo)
`

describe('declarations of Kconfig files', () => {
  test('have the conditions of their blocks, without help texts and comments', () => {
    expect(parseKconfigDeclarations(kconfig).filter(({ name }) => name !== '')).toEqual([
      {
        name: 'CONFIG_FS_DAX',
        dependsOn: ['BLOCK', expect.stringMatching(/^MMU &&\s+\(64BIT \|\| BROKEN\)$/), '!(ARM || MIPS)'],
        hasPrompt: true,
      },
      { name: 'CONFIG_QUOTA_TREE', dependsOn: ['BLOCK'], hasPrompt: false },
      { name: 'CONFIG_DM_FLAKEY', dependsOn: ['BLOCK', 'MD', 'BLK_DEV_DM=y && DM_MODE != "old"'], hasPrompt: true },
      { name: 'CONFIG_SMP', dependsOn: ['$(cc-option,-mfoo)'], hasPrompt: true },
    ])
  })
})

describe('why an option is lost', () => {
  const declarations = parseKconfigDeclarations(kconfig)
  const explain = (name: string, config: string): string | undefined => {
    const actual = parseKernelConfig(config)
    const lost = lostOptions(merged, actual).find(({ requested }) => requested.name === name)
    return lost && explainLost(lost, actual, declarations)
  }

  test.each([
    ['the one part of a condition that does not hold', 'CONFIG_FS_DAX', 'CONFIG_BLOCK=y\nCONFIG_MMU=y\n', 'needs (64BIT || BROKEN)'],
    ['a negation', 'CONFIG_FS_DAX', 'CONFIG_BLOCK=y\nCONFIG_MMU=y\nCONFIG_64BIT=y\nCONFIG_MIPS=y\n', 'needs !(ARM || MIPS)'],
    ['several parts', 'CONFIG_FS_DAX', 'CONFIG_64BIT=y\n', 'needs BLOCK and MMU'],
    ['an enclosing if, a comparison', 'CONFIG_DM_FLAKEY', 'CONFIG_BLOCK=y\nCONFIG_BLK_DEV_DM=m\n', 'needs MD and BLK_DEV_DM=y'],
    ['an option nobody can set', 'CONFIG_QUOTA_TREE', 'CONFIG_BLOCK=y\n', 'it cannot be set, only selected by another option'],
    ['an option the tree does not have', 'CONFIG_GONE', '', 'no Kconfig file of this tree declares it'],
  ])('is %s', (_what, name, config, reason) => {
    expect(explain(name, config)).toBe(
      `${name}=y (fstests.config:${merged.options.get(name)?.line}) is not in the configuration: ${reason}.`,
    )
  })

  test('is not guessed: unknown conditions, or no Kconfig files, leave the bare fact', () => {
    const requested = mergeFragments([{ name: 'base', text: 'CONFIG_SMP=y' }])
    const actual = parseKernelConfig('# CONFIG_SMP is not set')
    const [lost] = lostOptions(requested, actual)
    if (lost === undefined) throw new Error('CONFIG_SMP should be lost')
    expect(explainLost(lost, actual, declarations)).toBe('CONFIG_SMP=y (base.config:1) is n.')
    expect(explainLost(lost, actual, [])).toBe('CONFIG_SMP=y (base.config:1) is n.')
  })
})

describe('options that one of the user’s own turns off', () => {
  const tree = parseKconfigDeclarations(
    [
      'config XFS_FS\n\ttristate "XFS"\n\tdepends on BLOCK\n',
      ...['QUOTA', 'POSIX_ACL', 'RT', 'DEBUG', 'ONLINE_SCRUB', 'WARN'].map(
        (name) => `config XFS_${name}\n\tbool "${name}"\n\tdepends on XFS_FS\n`,
      ),
      'config XFS_DEBUG_EXPENSIVE\n\tbool "more"\n\tdepends on XFS_DEBUG\n',
      'config OTHER\n\tbool "other"\n\tdepends on NET\n',
    ].join('\n'),
  )
  const explain = (fragments: readonly { readonly name: string; readonly text: string }[], config: string) => {
    const asked = mergeFragments(fragments)
    const actual = parseKernelConfig(config)
    return explainAllLost(lostOptions(asked, actual), actual, { declarations: tree, requested: asked.options })
  }
  const xfs = { name: 'xfs', text: 'CONFIG_XFS_FS=y\nCONFIG_XFS_QUOTA=y\nCONFIG_XFS_POSIX_ACL=y\nCONFIG_XFS_RT=y\n' }
  const debug = { name: 'debug', text: 'CONFIG_XFS_DEBUG=y\nCONFIG_XFS_DEBUG_EXPENSIVE=y\nCONFIG_XFS_WARN=y\nCONFIG_OTHER=y\n' }
  const own = { name: 'options', text: 'CONFIG_XFS_FS=n\n' }

  test('are told together, with what turned that off; what is lost for another cause is told apart', () => {
    expect(explain([xfs, debug, own], 'CONFIG_BLOCK=y\n# CONFIG_XFS_FS is not set\n')).toEqual([
      'CONFIG_XFS_QUOTA, CONFIG_XFS_POSIX_ACL, CONFIG_XFS_RT, CONFIG_XFS_DEBUG, CONFIG_XFS_DEBUG_EXPENSIVE and 1 more (xfs.config, debug.config) are lost: they need XFS_FS, which is n (options.config:1).',
      'CONFIG_OTHER=y (debug.config:4) is not in the configuration: needs NET.',
    ])
  })

  test('and what nobody asked to be off is named all the same', () => {
    const [sentence, ...more] = explain([xfs], '')
    expect(sentence).toBe('CONFIG_XFS_FS, CONFIG_XFS_QUOTA, CONFIG_XFS_POSIX_ACL, CONFIG_XFS_RT (xfs.config) are lost: they need BLOCK.')
    expect(more).toEqual([])
  })

  test('what this kernel does not have at all is told together, a slip of the pen apart', () => {
    const older = { name: 'older', text: 'CONFIG_GONE_LONG_AGO=y\nCONFIG_NOT_YET_THERE=y\nCONFIG_XFS_QOTA=y\n' }
    expect(explain([older], 'CONFIG_BLOCK=y\n')).toEqual([
      'CONFIG_GONE_LONG_AGO, CONFIG_NOT_YET_THERE (older.config) are lost: no Kconfig file of this tree declares them.',
      'CONFIG_XFS_QOTA=y (older.config:3) is not in the configuration: no Kconfig file of this tree declares it (did you mean CONFIG_XFS_QUOTA?).',
    ])
  })

  test('options that need each other end the search', () => {
    const ring = parseKconfigDeclarations('config A\n\tbool "a"\n\tdepends on B\n\nconfig B\n\tbool "b"\n\tdepends on A\n')
    const asked = mergeFragments([{ name: 'x', text: 'CONFIG_A=y\nCONFIG_B=y\n' }])
    const actual = parseKernelConfig('')
    const told = explainAllLost(lostOptions(asked, actual), actual, { declarations: ring, requested: asked.options })
    expect(told.join(' ')).toContain('CONFIG_A')
    expect(told.join(' ')).toContain('CONFIG_B')
  })
})
