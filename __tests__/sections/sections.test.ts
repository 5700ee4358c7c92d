import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import {
  mergeFragments,
  missingOptions,
  parseKernelConfig,
  requestedConfig,
  sectionObstacles,
} from '../../src/build/kernel-config/index.js'
import { sectionSchema } from '../../src/domain/section.js'

const read = (path: string): string => readFileSync(new URL(`../../nix/${path}`, import.meta.url), 'utf8')
const { sections } = z
  .object({ sections: z.array(sectionSchema.strict()) })
  .strict()
  .parse(JSON.parse(read('sections/sections.json')))

const byName = (name: string) => {
  const section = sections.find((one) => one.name === name)
  if (section === undefined) throw new Error(`no section ${name}`)
  return section
}

describe('nix/sections/sections.json', () => {
  test('names each section once, and describes it', () => {
    const names = sections.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.slice(0, 2)).toEqual(['xfs', 'ext4'])
    for (const section of sections) expect(section.description).not.toBe('')
  })

  test.each(sections)('$name has a test and a scratch device, each once, or a pool in scratch’s place', ({ disks, environment }) => {
    const count = (role: string) => disks.filter((disk) => disk.role === role).length
    if ('TEST_DEV' in environment) {
      expect(environment).toHaveProperty('SCRATCH_DEV')
      return
    }
    expect(count('test')).toBe(1)
    // fstests refuses SCRATCH_DEV beside SCRATCH_DEV_POOL.
    expect(count('scratch')).toBe(count('pool') === 0 ? 1 : 0)
    expect(count('test-log')).toBe(count('scratch-log'))
    expect(count('test-rt')).toBe(count('scratch-rt'))
  })

  test.each(sections)('$name has mount options as mount(8) takes them', ({ mountOptions }) => {
    expect(mountOptions).toMatch(/^(-o \S+)?$/)
  })

  test.each(sections)('$name asks for no kernel option that our fragments leave out', (section) => {
    const names = ['base', 'fstests', 'xfs', 'ext4', 'btrfs', 'f2fs', 'overlay', 'nfs']
    const config = requestedConfig(mergeFragments(names.map((name) => ({ name, text: read(`kconfig/${name}.config`) }))))
    expect(missingOptions(section, config)).toEqual([])
    expect(section.kernelOptions.length).toBeGreaterThan(0)
  })
})

describe('a section on a kernel', () => {
  const config = parseKernelConfig(
    'CONFIG_XFS_FS=m\nCONFIG_XFS_POSIX_ACL=y\n# CONFIG_XFS_RT is not set\nCONFIG_EXT4_FS=y\nCONFIG_EXT4_FS_POSIX_ACL=y\n',
  )

  test('lacks what is neither built in nor a module', () => {
    expect(missingOptions(byName('xfs'), config)).toEqual([])
    expect(missingOptions(byName('xfs_rt'), config)).toEqual(['CONFIG_XFS_RT'])
  })

  test.each([
    ['6.1.192', ['it needs Linux 6.12 or newer, and the kernel is 6.1.192']],
    ['6.12.0-rc3-g1234', []],
    ['6.18.2', []],
    ['7.0.0', []],
    ['5.15.1', ['it needs Linux 6.12 or newer, and the kernel is 5.15.1']],
    ['what', []],
  ])('has to be new enough: %s', (release, reasons) => {
    expect(sectionObstacles(byName('xfs_64k'), { release, config }, [])).toEqual(reasons)
  })

  test('says everything in the way at once, and only what is known', () => {
    expect(sectionObstacles(byName('ext4_dax'), { release: '6.1.0', config }, [])).toEqual([
      'the kernel lacks CONFIG_FS_DAX, CONFIG_BLK_DEV_PMEM, CONFIG_VIRTIO_PMEM',
      'the guest offers no pmem',
    ])
    expect(sectionObstacles(byName('ext4_dax'), { release: '6.1.0', config: null }, ['pmem'])).toEqual([])
  })
})
