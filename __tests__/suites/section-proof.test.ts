import { describe, expect, test } from '@jest/globals'
import { sectionSchema } from '../../src/domain/section.js'
import { type SectionEvidence, whyNotTheSection } from '../../src/suites/fstests/section-proof.js'

const section = (over: object) => sectionSchema.parse({ suite: 'fstests', name: 's', settings: { fstyp: 'xfs', ...over } })

const quota = section({ mountOptions: '-o uquota,pquota', proof: { mount: ['type=xfs', 'usrquota', 'prjquota'] } })
const crc = section({ mkfsOptions: '-m crc=0', proof: { mkfs: ['crc=0'] } })
const mounted = (options: string) => `/dev/vdc /mnt/test xfs ${options}\n`

function left(
  mkfsOptions: string | null,
  mountOptions: string | null,
  fileSystem: Partial<SectionEvidence['fileSystem']>,
): SectionEvidence {
  const header = { name: null, fstyp: 'xfs', platform: null, ran: null, notrun: new Set<string>(), failures: new Set<string>() }
  return { headers: [{ ...header, mkfsOptions, mountOptions }], fileSystem: { mkfs: null, mounts: null, ...fileSystem }, passed: true }
}

describe('whether what ran was the section', () => {
  test('nothing to say where the options are in effect', () => {
    const evidence = left('-f /dev/vdd', '-o uquota,pquota /dev/vdd /mnt/scratch', { mounts: mounted('rw,relatime,usrquota,prjquota') })
    expect(whyNotTheSection(quota, [evidence])).toBeNull()
    expect(
      whyNotTheSection(crc, [left('-f -m  crc=0 /dev/vdd', '', { mkfs: 'meta-data=/dev/vdc\n         =    crc=0   finobt=0\n' })]),
    ).toBeNull()
  })

  test('a mount option that silently did nothing', () => {
    const evidence = left('-f /dev/vdd', '-o uquota,pquota /dev/vdd /mnt/scratch', { mounts: mounted('rw,relatime,noquota') })
    expect(whyNotTheSection(quota, [evidence])).toBe(
      'what was mounted shows no `usrquota`, `prjquota`: `/dev/vdc /mnt/test xfs rw,relatime,noquota`.',
    )
  })

  test('an option has to be whole: dax is not dax=never', () => {
    const dax = section({ proof: { mount: ['dax(=always)?'] } })
    expect(whyNotTheSection(dax, [left(null, null, { mounts: mounted('rw,dax=never') })])).not.toBeNull()
    expect(whyNotTheSection(dax, [left(null, null, { mounts: mounted('rw,dax=always') })])).toBeNull()
    expect(whyNotTheSection(dax, [left(null, null, { mounts: mounted('rw,dax') })])).toBeNull()
  })

  test('mkfs that made something else', () => {
    const evidence = left('-f -m crc=0 /dev/vdd', '', { mkfs: '         =    crc=1   finobt=1\n' })
    expect(whyNotTheSection(crc, [evidence])).toContain('what mkfs printed shows no `crc=0`')
  })

  test('one guest of several is enough', () => {
    const good = left(null, null, { mkfs: 'crc=0' })
    expect(whyNotTheSection(crc, [good, left(null, null, {}), left(null, null, { mkfs: 'crc=1' })])).not.toBeNull()
    expect(whyNotTheSection(crc, [good, left(null, null, {}), good])).toBeNull()
  })

  test('check ran with other options than the section has', () => {
    expect(whyNotTheSection(crc, [left('-f /dev/vdd', '', { mkfs: 'crc=0' })])).toBe(
      '`check` ran with MKFS_OPTIONS `-f /dev/vdd`, the section has `-m crc=0`.',
    )
    const overlay = section({ fstyp: 'overlay', mountOptions: '-o pquota' })
    expect(whyNotTheSection(overlay, [left('', '-o lowerdir=/a,upperdir=/b,workdir=/c /a /mnt/scratch', {})])).toBeNull()
    expect(whyNotTheSection(quota, [left('-f', '-o noquota /dev/vdd /mnt/scratch', {})])).toContain('MOUNT_OPTIONS `-o noquota')
  })

  test('a placeholder of a device stands for the device; other characters for themselves', () => {
    const log = section({ mkfsOptions: '-l logdev=@scratch-log@,size=4m -L a+b' })
    expect(whyNotTheSection(log, [left('-f -l logdev=/dev/vdf,size=4m -L a+b /dev/vdd', '', {})])).toBeNull()
    expect(whyNotTheSection(log, [left('-f -l logdev=/dev/vdf,size=4m -L aab /dev/vdd', '', {})])).not.toBeNull()
  })

  test('without evidence a pass is not trusted, and without a pass nothing is claimed', () => {
    expect(whyNotTheSection(quota, [left(null, null, {})])).toBe(
      'no guest noted what was mounted: whether its options were in effect is not known.',
    )
    expect(whyNotTheSection(quota, [{ ...left(null, null, {}), passed: false }])).toBeNull()
    expect(whyNotTheSection(quota, [])).toBeNull()
    expect(whyNotTheSection(section({}), [left(null, null, {})])).toBeNull()
  })
})
