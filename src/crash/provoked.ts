import type { KernelReport, KernelReportKind } from '../domain/kernel-report.js'

/** What a test brings about on purpose: a report that fits is no surprise while the test runs. */
export interface Provocation {
  /** Tests by full name, or all of a directory that the pattern matches. */
  readonly tests: readonly string[] | RegExp
  readonly kinds: readonly KernelReportKind[]
  /** Narrows the kinds to titles like this. */
  readonly title?: RegExp
  readonly why: string
}

/**
 * Known provocations of fstests. Memory errors, lockdep, hangs and panics are in none: no test provokes those.
 * The groups are fstests' own (`tests/*` `_begin_fstest` lines): shutdown, recoveryloop, eio, dangerous_fuzzers.
 */
export const PROVOCATIONS: readonly Provocation[] = [
  {
    tests: [
      'generic/042', 'generic/043', 'generic/044', 'generic/045', 'generic/046', 'generic/047', 'generic/048', 'generic/049',
      'generic/050', 'generic/051', 'generic/052', 'generic/053', 'generic/054', 'generic/055', 'generic/388', 'generic/392',
      'generic/417', 'generic/461', 'generic/468', 'generic/474', 'generic/505', 'generic/506', 'generic/507', 'generic/508',
      'generic/530', 'generic/536', 'generic/599', 'generic/623', 'generic/635', 'generic/646', 'generic/705', 'generic/722',
      'generic/730', 'generic/737', 'xfs/051', 'xfs/079', 'xfs/087', 'xfs/098', 'xfs/121', 'xfs/137', 'xfs/181', 'xfs/266',
      'xfs/273', 'xfs/310', 'xfs/442', 'xfs/537', 'xfs/538', 'xfs/609', 'xfs/610', 'ext4/053', 'overlay/078', 'overlay/087',
    ],
    kinds: ['fs-shutdown'],
    why: 'the test shuts the file system down (godown) to see it recover',
  },
  {
    tests: [
      'generic/019', 'generic/338', 'generic/347', 'generic/361', 'generic/441', 'generic/475', 'generic/484', 'generic/487',
      'generic/500', 'generic/556', 'generic/648', 'generic/747', 'generic/748', 'btrfs/146', 'btrfs/151', 'btrfs/160', 'btrfs/197',
      'xfs/006', 'xfs/438', 'xfs/527', 'xfs/685', 'xfs/686',
    ],
    kinds: ['fs-shutdown', 'fs-corruption'],
    title: /shutdown|forced readonly|I\/O|aborted|JBD2|BTRFS error|transaction aborted|EXT4-fs error|log mount/i,
    why: 'the device under the file system fails on purpose (dm-error, dm-thin, fail_make_request)',
  },
  {
    tests: [
      'xfs/030', 'xfs/033', 'xfs/083', 'xfs/085', 'xfs/086', 'xfs/087', 'xfs/088', 'xfs/089', 'xfs/091', 'xfs/092', 'xfs/093',
      'xfs/094', 'xfs/095', 'xfs/096', 'xfs/099', 'xfs/100', 'xfs/101', 'xfs/102', 'xfs/105', 'xfs/112', 'xfs/113', 'xfs/117',
      'xfs/120', 'xfs/123', 'xfs/124', 'xfs/125', 'xfs/126', 'xfs/130', 'xfs/235', 'xfs/291', 'xfs/315', 'xfs/325', 'xfs/326',
      'xfs/416', 'xfs/418', 'xfs/495', 'xfs/503', 'xfs/506', 'ext4/002', 'ext4/032', 'btrfs/154', 'generic/471', 'ext4/013',
      'ext4/014', 'ext4/015', 'ext4/016', 'ext4/017', 'ext4/018', 'ext4/019', 'ext4/023', 'ext4/054', 'ext4/055',
    ],
    kinds: ['fs-corruption', 'fs-shutdown'],
    why: 'the test damages metadata or injects errors, and checks that the kernel notices',
  },
  {
    // The XFS field fuzzers (group dangerous_fuzzers) fill these ranges.
    tests: /^xfs\/(?:3[5-9]\d|4[0-1]\d|4[5-9]\d|7[2-8]\d|85[0-9])$/,
    kinds: ['fs-corruption', 'fs-shutdown'],
    why: 'the test fuzzes every field of a metadata structure',
  },
  {
    tests: ['btrfs/011', 'btrfs/027', 'btrfs/140', 'btrfs/141', 'btrfs/142', 'btrfs/143', 'btrfs/157', 'btrfs/158', 'btrfs/215', 'btrfs/265', 'btrfs/266', 'btrfs/267', 'btrfs/268', 'btrfs/269'],
    kinds: ['fs-corruption'],
    title: /^BTRFS (?:csum|checksum|corrupt|bad tree|parent transid|level verify|tree block)/,
    why: 'the test corrupts a mirror and reads through the other',
  },
  { tests: ['selftest/005'], kinds: ['panic'], title: /sysrq triggered crash/, why: 'crashes the machine by sysrq to test the harness' },
]

/** Whether the test that ran is known to provoke this very report. */
export function isProvoked(report: Pick<KernelReport, 'kind' | 'title' | 'test' | 'fatal'>, provocations: readonly Provocation[] = PROVOCATIONS): boolean {
  const { test } = report
  if (test === null) return false
  return provocations.some(({ tests, kinds, title }) => {
    const named = tests instanceof RegExp ? tests.test(test) : tests.includes(test)
    return named && kinds.includes(report.kind) && title?.test(report.title) !== false
  })
}
