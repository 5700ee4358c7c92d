import type { Section } from '../../domain/section.js'
import type { CatalogueTest } from '../../domain/test.js'
import type { SuiteNeeds, SuiteScale, SuiteTuning } from '../suite.js'
import type { DiskRole } from './settings.js'

/**
 * The part of a sparse disk that is really written. ENOSPC tests fill a scratch file system whole, but hardly one of more than
 * WRITTEN_OF_MIB: larger disks are there for tests that only ask for the room (of `auto`, generic/048 and xfs/167 write ten GiB).
 * The others are seldom half full at once, and `discard` gives back what is trimmed.
 */
const WRITTEN: Readonly<Record<DiskRole, number>> = {
  test: 0.5,
  scratch: 1,
  pool: 0.3,
  logwrites: 0.1,
  'test-log': 0.5,
  'scratch-log': 0.5,
  'test-rt': 0.5,
  'scratch-rt': 0.5,
}

const WRITTEN_OF_MIB = 5120

/** What a section of fstests' shape needs of its guest. */
export function fstestsNeeds(section: Section, memoryMiB: SuiteNeeds['memoryMiB']): SuiteNeeds {
  const isPersistent = section.needs?.includes('pmem') === true
  return {
    kernelOptions: section.kernelOptions,
    memoryMiB,
    exclusive: [],
    repeatedRoles: ['pool'],
    persistentRoles: isPersistent ? section.disks.flatMap(({ role }) => (role === 'test' || role === 'scratch' ? [role] : [])) : [],
    writtenShare: WRITTEN,
    mostWrittenMiB: WRITTEN_OF_MIB,
  }
}

/**
 * Seconds under KVM that a test without history is taken for: the group `quick` means under 30 s, `auto` under five minutes
 * (doc/group-names.txt), and the mean of an executed auto test is about 20 s.
 */
const BY_GROUP: readonly { readonly group: string; readonly seconds: number }[] = [
  { group: 'soak', seconds: 300 },
  { group: 'stress', seconds: 120 },
  { group: 'quick', seconds: 8 },
  { group: 'auto', seconds: 40 },
]
const WITHOUT_GROUP_SECONDS = 60

export function expectedFstestsSeconds({ groups }: Pick<CatalogueTest, 'groups'>): number {
  return BY_GROUP.find(({ group }) => groups.includes(group))?.seconds ?? WITHOUT_GROUP_SECONDS
}

/** SOAK_DURATION under emulation: long enough to run the load, short enough that 17 soak tests do not fill a run. */
const EMULATED_SOAK_SECONDS = 30

/**
 * SOAK_DURATION, or null for the suite's own. Soak tests without it run a fixed number of operations (generic/476: 25 000 a processor),
 * which takes hours under emulation: there they get a duration instead.
 */
export function soakSeconds({ emulated }: SuiteScale): number | null {
  return emulated ? EMULATED_SOAK_SECONDS : null
}

export function fstestsTuning(scale: SuiteScale): SuiteTuning {
  const seconds = soakSeconds(scale)
  return seconds === null ? { settings: {}, extraSeconds: 0 } : { settings: { SOAK_DURATION: String(seconds) }, extraSeconds: seconds }
}
