// regexp: a console line is cut at 1024 characters (MAX_LINE_CHARS); __tests__/crash/worst-lines.test.ts holds what the worst of them cost.
import { FREERS, MAKERS } from '../dull-functions.js'
import type { GuiltyPlan, Opener } from '../opener.js'

const ACCESS = /\b(Read|Write)(?: of size \d+)?(?: at| by|\s*$)/
const FN = '(?<fn>[A-Za-z_$][\\w.$]*)'

/** How arm64's memory tagging notices. */
const TAG_CHECK = [/kernel_fault|tag_check|mem_abort|^el1h?_|do_tag_recovery|do_bad_area/]
const accessed: GuiltyPlan = { from: ['header', 'trace', 'frames'], skip: TAG_CHECK }
const undefinedBehaviour: GuiltyPlan = { from: ['trace'], skip: [/ubsan/, /overflow/] }
/** Where bytes nobody set come to light, whoever encrypts them. */
const CIPHERS = [/_encrypt$/, /^(?:crypto|cipher|drbg|rng)_/]
const freed: GuiltyPlan = { from: ['header', 'trace', 'frames'], skip: FREERS }

/** Sanitizers, kmemleak, slab and page checks. KASAN's wording: mm/kasan/report.c; KFENCE's: mm/kfence/report.c; KMSAN's: mm/kmsan/report.c. */
export const memoryOpeners: readonly Opener[] = [
  {
    kind: 'kasan',
    hint: 'KASAN: ',
    pattern: new RegExp(`BUG: KASAN: (?:double-free or invalid-free|invalid-free|double-free) in ${FN}`),
    title: 'KASAN: invalid-free in {fn}',
    guilty: freed,
  },
  {
    kind: 'kasan',
    hint: 'KASAN: ',
    pattern: new RegExp(`BUG: KASAN: ([a-z-]+) in ${FN}`),
    title: 'KASAN: $1 {access} in {fn}',
    details: { access: ACCESS },
    guilty: accessed,
  },
  {
    kind: 'kasan',
    hint: 'KASAN: ',
    pattern: /BUG: KASAN: ([a-z-]+) (?:on address|at addr|in )/,
    title: 'KASAN: $1 {access} in {fn}',
    details: { access: ACCESS },
    guilty: { from: ['trace', 'frames'] },
  },
  {
    kind: 'kasan',
    hint: 'KASan: ',
    pattern: new RegExp(`BUG: KASan: (use after free|out of bounds(?: access)?|user-memory-access) in ${FN}`),
    title: 'KASAN: $1 {access} in {fn}',
    details: { access: ACCESS },
    guilty: accessed,
  },
  {
    kind: 'kmsan',
    hint: 'KMSAN: ',
    pattern: new RegExp(`BUG: KMSAN: (kernel-usb-infoleak) in ${FN}`),
    title: 'KMSAN: $1 in {fn}',
    guilty: { ...accessed, skip: [/alloc_skb/, /usb_(?:submit_urb|start_wait_urb|bulk_msg|interrupt_msg|control_msg)/] },
  },
  {
    kind: 'kmsan',
    hint: 'KMSAN: ',
    pattern: new RegExp(`BUG: KMSAN: ([a-z-]+) in ${FN}`),
    title: 'KMSAN: $1 in {fn}',
    guilty: { ...accessed, skip: [/alloc_skb/, /netlink_(?:ack|rcv_skb)/, ...CIPHERS] },
  },
  // The kernel itself names both functions, in a stable order.
  { kind: 'kcsan', hint: 'KCSAN: ', pattern: /BUG: KCSAN: (\S.*)$/, title: 'KCSAN: $1' },
  {
    kind: 'kfence',
    hint: 'KFENCE: ',
    pattern: new RegExp(`BUG: KFENCE: ([a-z -]+?) in ${FN}`),
    title: 'KFENCE: $1 in {fn}',
    guilty: { from: ['header', 'frames'] },
  },
  {
    kind: 'ubsan',
    hint: 'UBSAN: ',
    pattern: /UBSAN: Undefined behaviour in /,
    title: 'UBSAN: undefined-behaviour in {fn}',
    guilty: undefinedBehaviour,
  },
  {
    kind: 'ubsan',
    hint: 'UBSAN: ',
    pattern: /UBSAN: ([a-z-]+) in /,
    title: 'UBSAN: $1 in {fn}',
    guilty: undefinedBehaviour,
  },
  // Compiled to trap: lib/ubsan.c's words for the check, the machine's for where (arch/x86/kernel/traps.c).
  {
    kind: 'ubsan',
    hint: 'UBSAN: ',
    pattern: /^UBSAN: ([a-z][a-z -]{2,60}?) (?:at|in) (?<fn>[A-Za-z_$][\w.$]*)\+0x/,
    title: 'UBSAN: $1 in {fn}',
    guilty: { from: ['header', 'ip', 'trace'] },
    role: 'preface',
  },
  {
    kind: 'memory-leak',
    hint: 'memory leak',
    pattern: /BUG: memory leak\s*$/,
    title: 'memory leak in {fn}',
    guilty: { from: ['trace'], skip: MAKERS },
  },
  {
    kind: 'memory-leak',
    hint: 'unreferenced ',
    pattern: /^unreferenced (?:percpu )?object 0x[0-9a-f]+ \(size \d+\)/,
    title: 'memory leak in {fn}',
    guilty: { from: ['trace'], skip: MAKERS },
    role: 'joins',
  },
  { kind: 'memory-leak', hint: 'kmemleak: ', pattern: /^kmemleak: \d+ new suspected memory leaks/, title: 'memory leak found by kmemleak' },
  {
    kind: 'memory-leak',
    hint: 'Objects remaining',
    pattern: /^BUG \S+ .*: Objects remaining (?:in|on) /,
    title: 'BUG: objects remaining in slab cache in {fn}',
    guilty: { from: ['trace'], skip: [/kmem_cache/, /slab/] },
  },
  { kind: 'bug', hint: 'BUG ', pattern: /\bBUG [\w.:()-]+ \(.*\): Object already free/, title: 'BUG: Object already free' },
  {
    kind: 'bug',
    hint: 'BUG ',
    // mm/slub.c: the cache, whether the kernel is tainted, then what is wrong, numbers and addresses behind it.
    pattern: /^BUG (?:[\w.:()-]{1,80}|<unknown>) \([^)]{1,80}\): (?!kasan)\[?([A-Za-z][A-Za-z ]{3,60}[a-z])/,
    title: 'BUG: slab: $1 in {fn}',
    guilty: { from: ['trace'], skip: [/slab/, /^k?v?free/, /^kmem/, /alloc/, /^object_err/, /^check_/] },
  },
  // The tail of a slab report whose head was lost; inside one it is a line of it.
  { kind: 'bug', hint: 'INFO: ', pattern: /^INFO: ((?:Allocated|Freed) in \S+ age=\d+ cpu=\d+ pid=\d+)/, title: 'INFO: $1', role: 'joins' },
  {
    kind: 'bug',
    hint: 'Bad page ',
    pattern: /BUG: Bad page map/,
    title: 'BUG: Bad page map',
  },
  {
    kind: 'bug',
    hint: 'Bad page ',
    pattern: /BUG: Bad page (state|cache) in process /,
    title: 'BUG: Bad page $1 in {fn}',
    guilty: {
      from: ['page-origin', 'trace'],
      skip: [
        /(?:free|put|get|update|release)_page|free_unref|page_frag_free/,
        /^_*folio|truncate_inode_pages/,
        /alloc|vmap/,
        /page_owner|bad_page|check_new_page|get_page_from_freelist|rmqueue/,
      ],
    },
  },
  { kind: 'bug', hint: 'rss-counter', pattern: /BUG: Bad rss-counter state/, title: 'BUG: Bad rss-counter state' },
  { kind: 'bug', hint: 'on freeing mm', pattern: /BUG: non-zero (nr_\w+) on freeing mm/, title: 'BUG: non-zero $1 on freeing mm' },
  {
    kind: 'oom',
    hint: 'oom-killer',
    pattern: / invoked oom-killer: /,
    title: 'out of memory: oom-killer invoked',
  },
  {
    kind: 'oom',
    hint: 'Killed process ',
    pattern: /ut of memory.*: Killed process \d+/,
    title: 'out of memory: process killed',
    role: 'joins',
  },
  // Debug objects say what was wrong before the warning that shows where.
  {
    kind: 'warning',
    hint: 'ODEBUG: ',
    pattern:
      /^ODEBUG: (free|activate|init|destroy|assert_init|deactivate) (active|not available|destroyed|dead|initialized|inactive|.{1,20}?) .*object type: ([\w-]{1,40})/,
    title: 'ODEBUG: $1 $2 $3',
    role: 'preface',
    yieldsTitle: true,
  },
  {
    kind: 'list-corruption',
    hint: 'list_',
    pattern: /^(?:slab )?list_(?:add|del|rcu)(?:_rcu)? (?:corruption|double)[.:, ]/,
    title: 'BUG: corrupted list in {fn}',
    guilty: { from: ['trace'] },
    role: 'preface',
  },
  {
    kind: 'list-corruption',
    hint: 'kernel BUG at ',
    pattern: /kernel BUG at (?:\S*\/)?lib\/list_debug\.c/,
    title: 'BUG: corrupted list in {fn}',
    guilty: { from: ['trace'] },
  },
]
