import type { Provocation } from '../../domain/kernel-report.js'
import type { TestName } from '../../domain/test.js'
import { IO_ERROR } from '../io-error.js'
import type { TestText } from '../suite.js'

/** What a test provokes. */
type Provoked = Pick<Provocation, 'kinds' | 'title'>

const SHUTDOWN: Provoked = { kinds: ['fs-shutdown'] }
const DAMAGE: Provoked = { kinds: ['fs-shutdown', 'fs-corruption'] }

/** fstests' groups (doc/group-names.txt) that say what a test does to a file system. */
const BY_GROUP: Readonly<Record<string, Provoked>> = {
  shutdown: SHUTDOWN,
  recoveryloop: SHUTDOWN,
  eio: IO_ERROR,
  dangerous_fuzzers: DAMAGE,
  dangerous_norepair: DAMAGE,
  dangerous_online_repair: DAMAGE,
  dangerous_repair: DAMAGE,
  dangerous_bothrepair: DAMAGE,
  dangerous_scrub: DAMAGE,
  fuzzers: DAMAGE,
}

/** Helpers of fstests' common/ that do it, and tools that write into metadata. A command's continuation lines are joined to it. */
const BY_CALL: readonly (readonly [RegExp, Provoked])[] = [
  [/\b(?:_scratch_shutdown|_require_scratch_shutdown|_test_shutdown|godown)\b|-c ["']?shutdown\b/, SHUTDOWN],
  [
    /\b_(?:init_)?(?:dmerror|dmdust|dmthin|dmflakey_drop)\w*|\b_(?:dmerror|dmthin|dmdust)_\w+|\bfail_make_request\b|_fail_make_request\b/,
    IO_ERROR,
  ],
  // Writes that dm-flakey fails, thin pools and snapshots that run full, a disk that goes offline or away, errors that XFS is not to retry.
  [
    /\bFLAKEY_(?:ERROR_WRITES|TABLE_ERROR)\b|\b_require_dm_target (?:error|dust|thin-pool|snapshot)\b|\/device\/(?:state|delete)\b|\/sys\/fs\/xfs\/[^\n/]{0,80}\/error\//,
    IO_ERROR,
  ],
  [/\b_(?:scratch|test)_inject_error\b|\b_require_xfs_io_error_injection\b|\berrortag\b/, DAMAGE],
  [/\b_scratch_fuzz\w*|\b_scratch_xfs_(?:fuzz|set)_\w+/, DAMAGE],
  [
    // regexp: 400 characters are looked at behind each program’s name
    /(?:\b|_)(?:xfs_db|XFS_DB_PROG)\b[^\n]{0,400}-c ["']?(?:write|fuzz|blocktrash|logformat|iunlink|link|unlink)\b/,
    DAMAGE,
  ],
  [/\bbtrfs-corrupt-block\b|\b_btrfs_corrupt\w*|\bBTRFS_CORRUPT_BLOCK_PROG\b|\b_require_btrfs_corrupt_block\b/, DAMAGE],
  [/\b_fsv_scratch_corrupt_\w+|\b_require_fsverity_corruption\b|\bF2FS_INJECT_PROG\b|\be2fuzz\b/, DAMAGE],
  // regexp: 80 characters are looked at behind each program’s name
  [/\b(?:debugfs|DEBUGFS_PROG)\b[^\n]{0,80} -w\b/, DAMAGE],
  [
    /\b_filter_aiodio_dmesg\b/,
    {
      kinds: ['warning'],
      title: /^WARNING in (?:__xfs_get_blocks|xfs_file_(?:[a-z]+_){0,3}(?:read|write)(?:_\w+)?|iomap_dio_\w+|dio_complete)$/,
    },
  ],
  [/\b_filter_assert_dmesg\b|\bbug_on_assert\b/, { kinds: ['bug', 'warning'], title: /^(?:WARNING in |XFS assertion failure)/ }],
  [/\becho c\b[^\n]{0,40}\/proc\/sysrq-trigger/, { kinds: ['panic'], title: /sysrq triggered crash/ }],
  // What check does not look at, for this test: nothing a memory error or a lock could be.
  [
    /\b_disable_dmesg_check\b/,
    { kinds: ['warning', 'fs-shutdown', 'fs-corruption', 'hung-task', 'soft-lockup', 'rcu-stall', 'oom', 'other'] },
  ],
]

/** Writes past the file system into its device. */
const BY_WRITE: readonly RegExp[] = [
  // regexp: 200 characters are looked at behind each program’s name
  /\bdd\b[^\n]{0,200}\bof=["']?\$\{?\w{0,40}(?:dev|DEV)/,
  // regexp: 200 characters are looked at behind each program’s name
  /\b(?:pwrite|_pwrite_byte)\b[^\n]{0,200}[ \t]["']?\$\{?\w{0,40}(?:dev|DEV)(?!NULL|ZERO)\w{0,40}\}?["']?(?=[\s;|)]|$)/,
]

/** `_add_dmesg_filter "Internal error"`: lines of the log that check leaves out. */
const FILTER = /\b_add_dmesg_filter +(?:"([^"\n]{3,200})"|'([^'\n]{3,200})'|(\S{3,200}))/g
/** The longest run of plain words of a filter, which is a basic regular expression. */
const WORDS = /[\w :-]{3,200}/g

function provokedBy({ groups, text }: TestText): readonly Provoked[] {
  const found = groups.flatMap((group) => BY_GROUP[group] ?? [])
  if (text === null) return found
  const code = text.replace(/^[ \t]*#.*$/gm, '').replaceAll('\\\n', ' ')
  found.push(...BY_CALL.flatMap(([pattern, provoked]) => (pattern.test(code) ? [provoked] : [])))
  const ofMade = withoutFirstSteps(code)
  if (BY_WRITE.some((pattern) => pattern.test(ofMade))) found.push(DAMAGE)
  for (const match of code.matchAll(FILTER)) {
    const words = [...(match[1] ?? match[2] ?? match[3] ?? '').matchAll(WORDS)].map(([each]) => each.trim())
    const longest = words.sort((one, other) => other.length - one.length)[0]
    if (longest !== undefined && longest.length >= 3)
      found.push({ kinds: ['warning', 'fs-shutdown', 'fs-corruption', 'other'], title: saying(longest) })
  }
  return found
}

/** The code without what stands, outside functions, before the first mkfs: what is written into a device there, no file system has to bear. */
function withoutFirstSteps(code: string): string {
  const lines = code.split('\n')
  const made = lines.findIndex((line) => /^[A-Za-z_$][^\n]{0,40}mkfs/.test(line))
  return lines.filter((line, at) => at >= made || /^\s/.test(line)).join('\n')
}

/** A title that says these words, in whatever case: the filter is for the kernel's line, the title is made of it. */
const saying = (words: string): RegExp => new RegExp(words.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'), 'i') // regexp: plain words, 200 characters at most

/**
 * What the tests of the tree under test provoke on purpose: by their groups and by what they call. It excuses kinds of reports, never a memory
 * error, a lock or an oops. For tests whose text is not at hand the list stands in.
 */
export function provocationsOfTree(tests: readonly TestText[], list: readonly Provocation[]): readonly Provocation[] {
  const provokers = new Map<Provoked, Set<TestName>>()
  for (const test of tests) {
    for (const provoked of provokedBy(test)) provokers.set(provoked, (provokers.get(provoked) ?? new Set()).add(test.name))
  }
  const read = [...provokers].map(([{ kinds, title }, names]) => ({
    kinds,
    ...(title === undefined ? {} : { title }),
    why: 'its groups, or what it calls, say so',
    isOf: (name: TestName) => names.has(name),
  }))
  const known = new Set(tests.filter(({ text }) => text !== null).map(({ name }) => name))
  return [...read, ...list.map((each) => ({ ...each, isOf: (name: TestName) => !known.has(name) && each.isOf(name) }))]
}
