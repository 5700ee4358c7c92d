import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { formatKernelConfig, isEnabled, optionValue, parseKernelConfig } from '../../src/kconfig/index.js'

const text = `#
# Automatically generated file; DO NOT EDIT.
# Linux/x86 6.1.192 Kernel Configuration
#
CONFIG_CC_VERSION_TEXT="gcc (Debian 12.2.0-14+deb12u1) 12.2.0"
CONFIG_XFS_FS=y
CONFIG_EXT4_FS=m
# CONFIG_BTRFS_FS is not set
CONFIG_LOG_BUF_SHIFT=20
CONFIG_CMDLINE=""
# CONFIG_IN_A_SENTENCE is not set by anybody
`

describe('a .config', () => {
  const config = parseKernelConfig(text)

  test('is read by option, with strings as they stand', () => {
    expect([...config]).toEqual([
      ['CONFIG_CC_VERSION_TEXT', '"gcc (Debian 12.2.0-14+deb12u1) 12.2.0"'],
      ['CONFIG_XFS_FS', 'y'],
      ['CONFIG_EXT4_FS', 'm'],
      ['CONFIG_BTRFS_FS', 'n'],
      ['CONFIG_LOG_BUF_SHIFT', '20'],
      ['CONFIG_CMDLINE', '""'],
    ])
  })

  test('has an option as a module or built in, not when unset or unknown', () => {
    expect(['CONFIG_XFS_FS', 'CONFIG_EXT4_FS', 'CONFIG_BTRFS_FS', 'CONFIG_F2FS_FS'].map((name) => isEnabled(config, name))).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect(optionValue(config, 'CONFIG_F2FS_FS')).toBe('n')
  })

  test('lets the last line win and survives carriage returns', () => {
    expect(optionValue(parseKernelConfig('CONFIG_A=y\r\n# CONFIG_A is not set\r\n'), 'CONFIG_A')).toBe('n')
    expect(optionValue(parseKernelConfig('CONFIG_B=y\r\n'), 'CONFIG_B')).toBe('y')
  })

  test('is written as it was read', () => {
    const name = fc.stringMatching(/^CONFIG_[A-Z0-9_]{1,12}$/)
    const value = fc.oneof(fc.constantFrom('y', 'm', 'n'), fc.nat().map(String), fc.stringMatching(/^"[a-z =#]*"$/))
    void fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (entries) => {
        const options = new Map(entries)
        expect(parseKernelConfig(formatKernelConfig(options))).toEqual(options)
      }),
    )
  })
})
