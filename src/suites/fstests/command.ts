import type { Section } from '../../domain/section.js'
import type { TestName } from '../../domain/test.js'
import type { SuiteCommand, SuiteScale } from '../suite.js'
import { soakSeconds } from './needs.js'
import { type DiskRole, fstestsSettings, isDiskRole } from './settings.js'

/** The variable that names the device of each role. `@ROLE@` is replaced in the guest; `@pool@` by all members, separated by blanks. */
const deviceVariables: Readonly<Record<DiskRole, string>> = {
  test: 'TEST_DEV',
  scratch: 'SCRATCH_DEV',
  pool: 'SCRATCH_DEV_POOL',
  logwrites: 'LOGWRITES_DEV',
  'test-log': 'TEST_LOGDEV',
  'scratch-log': 'SCRATCH_LOGDEV',
  'test-rt': 'TEST_RTDEV',
  'scratch-rt': 'SCRATCH_RTDEV',
}

const externalRoles: readonly DiskRole[] = ['test-log', 'scratch-log', 'test-rt', 'scratch-rt']

/**
 * The `check` invocation for some tests of one section. RESULT_BASE is set in the guest.
 *
 * The configuration goes in by environment, not by a file: HOST_OPTIONS points at no file, because a `local.config` left in a
 * developer's tree names that developer's disks (common/config reads it by default).
 * `--exact-order` keeps our order, and `-R xunit` makes check write result.xml again before every test.
 */
export function fstestsCommand(section: Section, tests: readonly TestName[], scale: SuiteScale): SuiteCommand {
  const { fstyp, mkfsOptions, mountOptions } = fstestsSettings(section)
  const soak = soakSeconds(scale)
  return {
    environment: {
      HOST_OPTIONS: '/dev/null',
      HOST_CONFIG_DIR: '/dev/null',
      FSTYP: fstyp,
      TEST_DIR: '/mnt/test',
      SCRATCH_MNT: '/mnt/scratch',
      ...deviceEnvironment(section),
      ...(mkfsOptions === '' ? {} : { MKFS_OPTIONS: mkfsOptions }),
      ...(mountOptions === '' ? {} : { MOUNT_OPTIONS: mountOptions, TEST_FS_MOUNT_OPTS: mountOptions }),
      // They *add* work (`nr_loops * TIME_FACTOR`, README: "increase the amount of time"): emulation keeps them at 1.
      TIME_FACTOR: '1',
      LOAD_FACTOR: '1',
      ...(soak === null ? {} : { SOAK_DURATION: String(soak) }),
      // The section has the last word: it may set any variable of local.config.
      ...section.environment,
    },
    arguments: ['-R', 'xunit', '--exact-order', ...tests],
  }
}

function deviceEnvironment(section: Section): Record<string, string> {
  const roles = new Set(section.disks.map((disk) => disk.role).filter(isDiskRole))
  const environment: Record<string, string> = {}
  for (const role of roles) environment[deviceVariables[role]] = `@${role}@`
  // check refuses SCRATCH_DEV beside SCRATCH_DEV_POOL and takes the pool's first member for it.
  if (roles.has('pool')) delete environment.SCRATCH_DEV
  if (externalRoles.some((role) => roles.has(role))) environment.USE_EXTERNAL = 'yes'
  return environment
}
