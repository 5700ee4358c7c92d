import type { Provocation } from '../../domain/kernel-report.js'
import type { TestName } from '../../domain/test.js'

/** What tests of some numbers provoke. */
interface NumberedProvocation extends Omit<Provocation, 'isOf'> {
  /** Tests by directory; numbers and ranges of numbers, separated by blanks. */
  readonly tests: Readonly<Record<string, string>>
}

/**
 * Known provocations of fstests, read off its tests: who calls `_scratch_shutdown` or godown, who sets up dm-error, dm-thin
 * or fail_make_request, who injects errors (`_scratch_inject_error`), who writes into metadata with xfs_db, debugfs or dd,
 * who has its own filter for `_check_dmesg`. Memory errors, lockdep, hangs and oopses are in none: no test provokes those.
 */
const NUMBERED: readonly NumberedProvocation[] = [
  {
    tests: {
      generic: '42-52 54 55 388 392 417 461 468 474 505-508 530 536 599 622 623 635 646 705 722 730 737 753 766 775 778',
      xfs: '51 79 121 181 212 270 447 501 519 546 609 610 820',
      ext4: '51',
      overlay: '78 87',
    },
    kinds: ['fs-shutdown'],
    why: 'shuts the file system down to see it recover',
  },
  {
    tests: {
      generic:
        '19 81 108 250 252 265-268 271 272 276 278 279 281-283 329 331 338 347 361 405 441 442 459 475 484 487 500 628 629 648 731 743 753',
      xfs: '6 237 240 264 438 542 556',
      btrfs: '88 100 101 146 150 160 196 271',
    },
    kinds: ['fs-shutdown', 'fs-corruption'],
    // With dm-error fstests itself expects XFS's internal error (`_xfs_prepare_for_eio_shutdown` adds a dmesg filter).
    title: /shutdown|forced readonly|aborted|internal error|JBD2|BTRFS|EXT4-fs (?:error|corruption)|WARNING in|log mount|XFS corruption/i,
    why: 'takes the device away from under the file system (dm-error, dm-thin, fail_make_request, a full snapshot, a disk taken away)',
  },
  {
    tests: {
      xfs: '18 57 131 141 196 262 312-326 329 433 434 436 501 502 529-532 534-538 547 548 553 558 559 605 607 615 620 716 790-792 839 840',
    },
    kinds: ['fs-shutdown', 'fs-corruption'],
    why: 'injects errors into XFS (errortag) and checks that it shuts down or recovers',
  },
  {
    tests: {
      generic: '574 576',
      xfs: '1 2 5 10 58 70 81 83 85-89 91 93 97-102 105 112 113 115 117 120 123-126 130 132-134 137 148 154 162 179 191 199 235 270 278 288 307 308 337-342 348 435 439 444 448 451 490-493 495 506 516 520 533 540 555 602 603 608 623-627 651 817',
      ext4: '6-19 21 22 24 25 36-38 40 41 54 55 59',
      f2fs: '9 12 19 20 22 23',
      btrfs: '261 270 288 290 295 321',
    },
    kinds: ['fs-shutdown', 'fs-corruption'],
    why: 'damages metadata and checks that the kernel notices',
  },
  {
    tests: { xfs: '350-418 425-430 453-489 496-498 730 733-788 807-814 825-834' },
    kinds: ['fs-shutdown', 'fs-corruption'],
    why: 'fuzzes every field of a metadata structure (group dangerous_fuzzers)',
  },
  {
    tests: { btrfs: '140-143 157 158 215 265-269 289 297' },
    kinds: ['fs-corruption'],
    title: /^BTRFS (?:csum|checksum|corrupt|bad tree|parent transid|level verify|tree block)/,
    why: 'corrupts one mirror and reads through the other',
  },
  {
    tests: { generic: '36 95 208 224 247 366 446' },
    kinds: ['warning'],
    title: /^WARNING in (?:__xfs_get_blocks|xfs_file_(?:[a-z]+_){0,3}(?:read|write)(?:_\w+)?|iomap_dio_\w+|dio_complete)$/,
    why: 'mixes buffered and direct I/O, which warns (`_filter_aiodio_dmesg`)',
  },
  {
    tests: { xfs: '98 439' },
    kinds: ['bug', 'warning'],
    title: /^(?:WARNING in |XFS assertion failure)/,
    why: 'makes XFS assertions warn (`_filter_assert_dmesg`)',
  },
  { tests: { selftest: '5' }, kinds: ['panic'], title: /sysrq triggered crash/, why: 'crashes the machine by sysrq to test the harness' },
]

/** Whether `42-52 54` names the number. */
function names(ranges: string, number: number): boolean {
  return ranges.split(' ').some((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number)
    return number >= first && number <= last
  })
}

/** A provocation of the tests with these numbers. */
export function numbered({ tests, ...rest }: NumberedProvocation): Provocation {
  return {
    ...rest,
    isOf: (name: TestName) => {
      const [directory = '', number = ''] = name.split('/')
      const ranges = tests[directory]
      return ranges !== undefined && names(ranges, Number(number))
    },
  }
}

/** Known provocations of fstests and smoke. */
export const fstestsProvocations: readonly Provocation[] = NUMBERED.map(numbered)
