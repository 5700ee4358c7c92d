import { describe, expect, test } from '@jest/globals'
import type { Section } from '../../src/domain/section.js'
import { type FstestsSettings, fstestsCommand } from '../../src/suites/fstests/index.js'

const section = ({ environment = {}, ...settings }: Partial<FstestsSettings & Section>, roles: readonly string[]): Section => ({
  suite: 'fstests',
  name: 's',
  description: '',
  environment,
  kernelOptions: [],
  disks: roles.map((role) => ({ role, sizeMiB: 1024 })),
  settings: { fstyp: 'xfs', ...settings },
})
const plain = { emulated: false, timeoutFactor: 1 }

describe('the command of fstests', () => {
  test('for TEST and SCRATCH', () => {
    const command = fstestsCommand(section({}, ['test', 'scratch']), ['generic/001', 'xfs/001'], plain)
    expect(command.arguments).toEqual(['-R', 'xunit', '--exact-order', 'generic/001', 'xfs/001'])
    expect(command.environment).toEqual({
      HOST_OPTIONS: '/dev/null',
      HOST_CONFIG_DIR: '/dev/null',
      FSTYP: 'xfs',
      TEST_DEV: '@test@',
      TEST_DIR: '/mnt/test',
      SCRATCH_DEV: '@scratch@',
      SCRATCH_MNT: '/mnt/scratch',
      TIME_FACTOR: '1',
      LOAD_FACTOR: '1',
    })
  })

  test('a pool takes the place of SCRATCH_DEV (check refuses both)', () => {
    const { environment } = fstestsCommand(section({ fstyp: 'btrfs' }, ['test', 'scratch', 'pool', 'pool', 'logwrites']), [], plain)
    expect(environment).toMatchObject({ FSTYP: 'btrfs', SCRATCH_DEV_POOL: '@pool@', LOGWRITES_DEV: '@logwrites@' })
    expect(environment).not.toHaveProperty('SCRATCH_DEV')
    expect(environment).not.toHaveProperty('USE_EXTERNAL')
  })

  test('external log and realtime devices, options, scale; the section has the last word', () => {
    const given = section(
      { mkfsOptions: '-r rtdev=x', mountOptions: '-o noatime', environment: { TEST_FS_MOUNT_OPTS: '-o usrquota', SCRATCH_MNT: '/s' } },
      ['test', 'scratch', 'test-log', 'scratch-log', 'test-rt', 'scratch-rt'],
    )
    const { environment } = fstestsCommand(given, [], { emulated: true, timeoutFactor: 4.2 })
    expect(environment).toMatchObject({
      USE_EXTERNAL: 'yes',
      TEST_LOGDEV: '@test-log@',
      SCRATCH_LOGDEV: '@scratch-log@',
      TEST_RTDEV: '@test-rt@',
      SCRATCH_RTDEV: '@scratch-rt@',
      MKFS_OPTIONS: '-r rtdev=x',
      MOUNT_OPTIONS: '-o noatime',
      TEST_FS_MOUNT_OPTS: '-o usrquota',
      SCRATCH_MNT: '/s',
      TIME_FACTOR: '1',
      LOAD_FACTOR: '1',
      SOAK_DURATION: '30',
    })
  })
})
