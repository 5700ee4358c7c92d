import type { Provocation } from '../../domain/kernel-report.js'
import type { TestName } from '../../domain/test.js'
import type { TestText } from '../suite.js'

/** What a test provokes. */
type Provoked = Pick<Provocation, 'kinds' | 'title'>

const SHUTDOWN: Provoked = { kinds: ['fs-shutdown'] }
/** A file system whose device fails notices, shuts down, and warns of what it has to give up. */
const IO_ERROR: Provoked = {
  kinds: ['fs-shutdown', 'fs-corruption'],
  title: /shutdown|forced readonly|aborted|internal error|JBD2|BTRFS|EXT4-fs error|log mount|XFS corruption/i,
}
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

/** Helpers of fstests' common/ that do it, and tools that write into metadata. */
const BY_CALL: readonly (readonly [RegExp, Provoked])[] = [
  // regexp: 200 characters are looked at behind each program’s name
  [/\b(?:_scratch_shutdown|_require_scratch_shutdown|_test_shutdown|godown)\b|\bxfs_io\b[^\n]{0,200}-c ["']?shutdown\b/, SHUTDOWN],
  [
    /\b_(?:init_)?(?:dmerror|dmdust|dmthin|dmflakey_drop)\w*|\b_(?:dmerror|dmthin|dmdust)_\w+|\bfail_make_request\b|_fail_make_request\b/,
    IO_ERROR,
  ],
  [/\b_(?:scratch|test)_inject_error\b|\b_require_xfs_io_error_injection\b|\berrortag\b/, DAMAGE],
  [
    // regexp: 200 characters are looked at behind each program’s name
    /\b_scratch_fuzz\w*|\b_scratch_xfs_(?:fuzz|set)_\w+|\bxfs_db\b[^\n]{0,200}-c ["']?(?:write|fuzz|blocktrash)\b|\b_scratch_xfs_db\b[^\n]{0,200}(?:write|fuzz|blocktrash)\b/,
    DAMAGE,
  ],
  // regexp: 200 characters are looked at behind each program’s name
  [/\bdebugfs\b[^\n]{0,80} -w\b|\bbtrfs-corrupt-block\b|\b_btrfs_corrupt\w*|\bdd\b[^\n]{0,200}\bof=["']?\$(?:\{)?SCRATCH_DEV/, DAMAGE],
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

/** `_add_dmesg_filter "Internal error"`: lines of the log that check leaves out. */
const FILTER = /\b_add_dmesg_filter +(?:"([^"\n]{3,200})"|'([^'\n]{3,200})'|(\S{3,200}))/g
/** The longest run of plain words of a filter, which is a basic regular expression. */
const WORDS = /[\w :-]{3,200}/g

function provokedBy({ groups, text }: TestText): readonly Provoked[] {
  const found = groups.flatMap((group) => BY_GROUP[group] ?? [])
  if (text === null) return found
  const code = text.replace(/^[ \t]*#.*$/gm, '')
  found.push(...BY_CALL.flatMap(([pattern, provoked]) => (pattern.test(code) ? [provoked] : [])))
  for (const match of code.matchAll(FILTER)) {
    const words = [...(match[1] ?? match[2] ?? match[3] ?? '').matchAll(WORDS)].map(([each]) => each.trim())
    const longest = words.sort((one, other) => other.length - one.length)[0]
    if (longest !== undefined && longest.length >= 3)
      found.push({ kinds: ['warning', 'fs-shutdown', 'fs-corruption', 'other'], title: saying(longest) })
  }
  return found
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
