import { describe, expect, test } from '@jest/globals'
import { localConfigSections } from '../../src/suites/fstests/index.js'

const config = `
IGNORED=before the first section
[base]
TEST_DEV=/dev/sda
TEST_DIR = /mnt/test   # spaces around the sign
SCRATCH_DEV=/dev/sdb
SCRATCH_MNT=/mnt/scratch
FSTYP=xfs
MKFS_OPTIONS="-f -b size=4096"
LOGWRITES_DEV=/dev/sdc
DUMP_CORRUPT_FS=1

[big]
MKFS_OPTIONS='-f -b size=65536'
MOUNT_OPTIONS="-o noatime"

[same]
TIME_FACTOR=2

[ext4]
FSTYP=ext4
RESULT_BASE="\`pwd\`/results"

[external]
USE_EXTERNAL=yes
SCRATCH_LOGDEV=/dev/sdd
`

const of = (names: readonly string[], text = config) => {
  const resolved = localConfigSections(text, 'local.config', 'fstests').resolve(names)
  return { problems: resolved.problems, sections: Object.fromEntries(resolved.sections.map((section) => [section.name, section])) }
}

describe('localConfigSections', () => {
  test('names the sections in the order of the file', () => {
    expect(localConfigSections(config, 'local.config', 'fstests').names).toEqual(['base', 'big', 'same', 'ext4', 'external'])
  })

  test('the first section is loaded under every other', () => {
    const { sections, problems } = of(['big'])
    expect(problems).toEqual([])
    expect(sections.big).toMatchObject({
      settings: { fstyp: 'xfs', mkfsOptions: '-f -b size=65536', mountOptions: '-o noatime' },
      environment: { DUMP_CORRUPT_FS: '1', TEST_FS_MOUNT_OPTS: '' },
    })
    expect(sections.big?.disks.map((disk) => disk.role)).toEqual(['test', 'scratch', 'logwrites'])
    expect(sections.big?.environment).not.toHaveProperty('IGNORED')
  })

  test('a section that runs carries over to the next, one that does not run does not', () => {
    expect(of(['same']).sections.same).toMatchObject({ settings: { mkfsOptions: '-f -b size=4096', mountOptions: '' } })
    expect(of(['big', 'same']).sections.same).toMatchObject({ settings: { mkfsOptions: '-f -b size=65536', mountOptions: '-o noatime' } })
  })

  test('a value that is added to begins empty', () => {
    const { sections, problems } = of(['default'], 'TEST_DEV=/dev/a\nTEST_FS_MOUNT_OPTS="$TEST_FS_MOUNT_OPTS -o quota"\nA="${A}b"\n')
    expect([problems, sections.default?.environment]).toEqual([[], { TEST_FS_MOUNT_OPTS: ' -o quota', A: 'b' }])
  })

  test('options that name a disk of the other machine name the guest’s', () => {
    const { sections, problems } = of(
      ['default'],
      'TEST_DEV=/dev/a\nTEST_LOGDEV=/dev/a1\nSCRATCH_DEV=/dev/b\nSCRATCH_LOGDEV=/dev/mapper/log-1\nUSE_EXTERNAL=yes\nTEST_FS_MOUNT_OPTS="-o logdev=$TEST_LOGDEV,ro"\nMKFS_OPTIONS="-l logdev=/dev/mapper/log-1"\nMORE="/dev/a /dev/null"\n',
    )
    expect(problems).toEqual([])
    expect(sections.default).toMatchObject({
      environment: { TEST_FS_MOUNT_OPTS: '-o logdev=@test-log@,ro', MORE: '@test@ /dev/null' },
      settings: { mkfsOptions: '-l logdev=@scratch-log@' },
    })
  })

  test('options that name a device no disk is made for are refused', () => {
    expect(of(['default'], 'TEST_DEV=/dev/a\nTEST_LOGDEV=/dev/l\nMOUNT_OPTIONS="-o logdev=/dev/l"\n').problems).toEqual([
      'local.config: section `default`: MOUNT_OPTIONS names /dev/l, which is no disk of the section.',
    ])
  })

  test('another file system starts from its defaults; the rest is carried', () => {
    expect(of(['big', 'ext4']).sections.ext4).toMatchObject({
      settings: { fstyp: 'ext4', mkfsOptions: '', mountOptions: '' },
      environment: { DUMP_CORRUPT_FS: '1' },
    })
  })

  test('external devices count only with USE_EXTERNAL', () => {
    expect(of(['external']).sections.external?.disks.map((disk) => disk.role)).toEqual(['test', 'scratch', 'logwrites', 'scratch-log'])
    expect(of(['external'], config.replace('USE_EXTERNAL=yes', '')).sections.external?.disks).toHaveLength(3)
  })

  test('a pool is one disk for each member, and not beside SCRATCH_DEV', () => {
    const pool = '[b]\nTEST_DEV=/dev/a\nFSTYP=btrfs\nSCRATCH_DEV_POOL="/dev/b /dev/c  /dev/d"\n'
    expect(of(['b'], pool).sections.b?.disks.map((disk) => disk.role)).toEqual(['test', 'pool', 'pool', 'pool'])
    expect(of(['b'], `${pool}SCRATCH_DEV=/dev/e\n`).problems).toEqual([
      'local.config: section `b` has both SCRATCH_DEV and SCRATCH_DEV_POOL (check refuses that).',
    ])
  })

  test('a file without sections is one configuration, as a shell would read it', () => {
    const { sections, problems } = of(['default'], 'export TEST_DEV=/dev/a\nexport FSTYP=ext4\nOPT=-q\nMKFS_OPTIONS="$OPT -F"\n')
    expect(problems).toEqual([])
    expect(sections.default).toMatchObject({ settings: { fstyp: 'ext4', mkfsOptions: '-q -F' }, environment: { OPT: '-q' } })
  })

  test('what cannot be read is named with its line, and only for what was asked', () => {
    const text = '[a]\nFSTYP=xfs\n[b]\nnot an assignment\nX="$(date)"\nY=$NOPE\n'
    expect(of(['a'], text).problems).toEqual([])
    expect(of(['b'], text).problems).toEqual([
      'local.config:4: `not an assignment` is not of the form NAME=value.',
      'local.config:5: the value of X runs a command; write the value itself.',
      'local.config:6: `$NOPE` is not set here.',
    ])
  })
})
