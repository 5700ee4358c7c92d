// regexp: a console line is cut at 1024 characters (MAX_LINE_CHARS); __tests__/crash/worst-lines.test.ts holds what the worst of them cost.
import { ALLOCATORS } from '../dull-functions.js'
import type { GuiltyPlan, Opener } from '../opener.js'

const warned = (...skip: RegExp[]): GuiltyPlan => ({ from: ['ip', 'trace', 'header'], skip })
/** The processor, before 6.18; the condition in brackets, since then with CONFIG_DEBUG_BUGVERBOSE_DETAILED. */
const BEFORE_FILE = '(?:CPU: \\d+ PID: \\d+ )?(?:at )?(?:\\[.{1,200}\\] )?\\[?'
/** `WARNING: CPU: 1 PID: 2 at f.c:3 fn+0x1/0x2`, since 6.18 `WARNING: f.c:3 at fn+0x1/0x2, CPU#1: comm/2`, before 3.8 `WARNING: at f.c:3 fn+…`. */
const at = (file: string, fn: string): RegExp =>
  new RegExp(`WARNING: ${BEFORE_FILE}(?:\\S*\\/)?${file}:\\d+\\]? ?(?:at )?(?:(?<fn>${fn})|0x0, CPU)`)
/** Only by its function's name, whatever the file's. */
const within = (file: string, fn: string): RegExp => new RegExp(`WARNING: ${BEFORE_FILE}(?:\\S*\\/)?${file}:\\d+\\]? (?:at )?(?<fn>${fn})`)

const SYMBOL = '[A-Za-z_$][\\w.$]*'
const USB_TRANSFER = /^usb_(?:submit_urb|start_wait_urb|bulk_msg|interrupt_msg|control_msg)/
const DEBUG_OBJECT_USERS = warned(/debug_|rcu|timer_|work_|percpu_|kobject_/, /vfree|vunmap|__free_/)

/** WARN() and its kin (kernel/panic.c), by the place that warned where that place speaks for others. */
export const warningOpeners: readonly Opener[] = [
  {
    kind: 'warning',
    hint: 'lib/debugobjects.c:',
    pattern: at('lib/debugobjects\\.c', '_*debug_(?:print|check)\\w*'),
    title: 'WARNING: ODEBUG bug in {fn}',
    guilty: DEBUG_OBJECT_USERS,
  },
  {
    kind: 'warning',
    hint: 'mm/usercopy.c:',
    pattern: at('mm/usercopy\\.c', 'usercopy_\\w+'),
    title: 'WARNING: bad usercopy in {fn}',
    guilty: warned(/usercopy/, /^_*check_/),
  },
  {
    kind: 'warning',
    hint: 'lib/kobject.c:',
    pattern: at('lib/kobject\\.c', 'kobject_\\w+'),
    title: 'WARNING: kobject bug in {fn}',
    guilty: warned(/kobject_/),
  },
  {
    kind: 'warning',
    hint: 'fs/proc/generic.c:',
    pattern: at('fs/proc/generic\\.c', '_*proc_register\\w*'),
    title: 'WARNING: proc registration bug in {fn}',
    guilty: warned(/proc_/),
  },
  {
    kind: 'refcount',
    hint: 'lib/refcount.c:',
    pattern: at('lib/refcount\\.c', `(?:${SYMBOL})?`),
    title: 'WARNING: refcount bug in {fn}',
    guilty: warned(/refcount/, /kobject_/),
  },
  {
    kind: 'list-corruption',
    hint: 'lib/list_debug.c:',
    pattern: at('lib/list_debug\\.c', SYMBOL),
    title: 'BUG: corrupted list in {fn}',
    guilty: warned(),
  },
  {
    kind: 'lockdep',
    hint: 'kernel/locking/lockdep.c:',
    pattern: at('kernel/locking/lockdep\\.c', '\\w*lock_\\w*'),
    title: 'WARNING: locking bug in {fn}',
    guilty: warned(/^lock_sock/, /^release_sock/),
  },
  {
    kind: 'warning',
    hint: 'mm/vmalloc.c:',
    pattern: at('mm/vmalloc\\.c', '__vmalloc_\\w+'),
    title: 'WARNING: zero-size vmalloc in {fn}',
    guilty: warned(),
  },
  {
    kind: 'warning',
    hint: 'malloc',
    pattern: within('mm/\\w+\\.c', 'k?.?malloc\\w*'),
    title: 'WARNING: kmalloc bug in {fn}',
    guilty: warned(...ALLOCATORS),
  },
  {
    kind: 'warning',
    hint: ' usb_submit_urb',
    pattern: within('\\S+\\.[ch]', 'usb_submit_urb'),
    title: 'WARNING in {fn}/usb_submit_urb',
    guilty: warned(USB_TRANSFER),
  },
  {
    kind: 'warning',
    hint: 'WARNING: ',
    pattern: new RegExp(
      `WARNING: ${BEFORE_FILE}(?:[\\w.+-]+/)*[\\w+-]+\\.(?:c|h|S|rs):\\d+\\]?(?: (?:at )?(?<fn>${SYMBOL})\\+0x| at 0x| )`,
    ),
    title: 'WARNING in {fn}',
    guilty: warned(),
  },
  { kind: 'warning', hint: 'WARNING: ', pattern: /WARNING: CPU: \d+ PID: \d+ at /, title: 'WARNING in {fn}', guilty: warned() },
  {
    kind: 'warning',
    hint: 'WARNING: ',
    pattern: /WARNING: kernel stack regs at [0-9a-f]+ in \S* has bad ('\w+') value/,
    title: 'WARNING: kernel stack regs has bad $1 value',
  },
  {
    kind: 'warning',
    hint: 'WARNING: ',
    pattern: /WARNING: kernel stack frame pointer at [0-9a-f]+ in \S* has bad value/,
    title: 'WARNING: kernel stack frame pointer has bad value',
  },
  // The same with the pointer hidden.
  {
    kind: 'warning',
    hint: 'WARNING: ',
    pattern: /WARNING: kernel stack (?:regs|frame pointer) .* has bad (?:'bp' )?value/,
    title: 'WARNING: kernel stack regs has bad value',
  },
]

/** Lines that say WARNING:, BUG: or INFO: and are not reports: notes of the kernel, and what programs write to the console. */
const NOT_A_REPORT = new RegExp(
  [
    'WARNING: /',
    // A driver's or subsystem's note: `WARNING: fbcon: …`.
    'WARNING: [\\w-]+: |[\\w-]_?DEBUG: ',
    // A file system's: what it counts as an error it says so of.
    '(?:EXT[234]|F2FS)-[Ff][Ss]\\b|XFS \\(|BTRFS\\b',
    'mount option is being deprec',
    '(?:uses|USES) (?:deprecated|DEPRECATED|wireless|WIRELESS) ',
    'Unsupported flag value',
    'WARNING: See https?:',
    'https?://',
    'WARNING: kernel not compiled with',
    'workqueue cpumask: online intersect',
    'deprecated',
    'Vulnerab|Mitigation|Spectre|vulnerab',
    'INFO: lockdep is turned off',
    'Stall ended before state dump start',
    'INFO: NMI handler',
    'took too long',
    'recovery required on readonly filesystem',
    'INFO: (?:Freed|Allocated|Slab|Object) ',
    'BUG: no syscalls',
    'Command line:',
    // Debug builds shout this at boot (mm/kmemleak, trace_printk, DEBUG_PAGEALLOC notices).
    'This (?:is not a|means that)|trace_printk|NOTICE|DEBUG kernel|kernel debugging',
  ].join('|'),
)

/**
 * The last resort: a capital word at the very start of a line. Its text, numbers apart, is the title. The kernel also heads
 * mere notes with WARNING (a deprecated option, an odd device), so that one needs a stack behind it.
 */
export const unknownOpeners: readonly Opener[] = [
  {
    kind: 'bug',
    hint: 'BUG: ',
    pattern: /^(?:\[ )?BUG: Dentry .* still in use \(\d+\) \[unmount of ([^\]]+)\]/,
    title: 'BUG: Dentry still in use [unmount of $1]',
  },
  { kind: 'bug', hint: 'BUG: ', pattern: /^(?:\[ )?BUG: (.*?)(?: \])?$/, unless: NOT_A_REPORT, title: 'BUG: $1' },
  {
    kind: 'warning',
    hint: 'WARNING: ',
    pattern: /^(?:\[ )?WARNING: (.*?)(?: \])?$/,
    unless: NOT_A_REPORT,
    stampedOnly: true,
    withoutStack: 'note',
    title: 'WARNING: $1',
  },
  // Cut after its first word: something was to be told.
  {
    kind: 'warning',
    hint: 'WARNING:',
    pattern: /^(?:\[ )?WARNING:\s*$/,
    withoutStack: 'note',
    title: 'WARNING: corrupted',
  },
  {
    kind: 'bug',
    hint: 'BUG:',
    pattern: /^(?:\[ )?BUG:\s*$/,
    title: 'BUG: corrupted',
  },
  {
    kind: 'other',
    hint: 'INFO:',
    pattern: /^(?:\[ )?INFO:\s*$/,
    withoutStack: 'note',
    title: 'INFO: corrupted',
  },
  // A program's word for another's report, or a report whose beginning was lost.
  {
    kind: 'bug',
    hint: 'BUG: ',
    pattern: /[^\w'"`]BUG: (\S.*)$/,
    unless: NOT_A_REPORT,
    stampedOnly: true,
    title: 'BUG: $1',
  },
  {
    kind: 'other',
    hint: 'INFO: ',
    pattern: /^(?:\[ )?INFO: (.*?)(?: \])?$/,
    unless: NOT_A_REPORT,
    stampedOnly: true,
    withoutStack: 'nothing',
    title: 'INFO: $1',
  },
  {
    kind: 'other',
    hint: ': WARNING: ',
    pattern: /: (WARNING: \S.*)$/,
    unless: NOT_A_REPORT,
    stampedOnly: true,
    withoutStack: 'note',
    role: 'remark',
    title: '$1',
  },
  // A driver's note of its device, which no program writes so: `usb 5-1: WARNING: …`, `mei_me 0000:00:16.0: WARNING: …`.
  {
    kind: 'warning',
    hint: ': WARNING: ',
    pattern: /^[a-z][\w-]{1,30} (?:[\da-f]{4}:)?[\da-f]{1,4}[-:.][\w.:-]{1,30}: (WARNING: \S.*)$/,
    unless: NOT_A_REPORT,
    withoutStack: 'note',
    role: 'remark',
    title: '$1',
  },
]
