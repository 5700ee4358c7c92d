// regexp: a console line is cut at 1024 characters (MAX_LINE_CHARS); __tests__/crash/worst-lines.test.ts holds what the worst of them cost.
import type { GuiltyPlan, Opener } from '../opener.js'

/** What the instruction pointer stood in, else who called it. */
const faulting: GuiltyPlan = { from: ['ip', 'trace'] }

/** A recursion is on top of the stack; what began it is below. */
const overflowed: GuiltyPlan = { from: ['trace'], skip: [/bad_stack/], choose: 'dispatched' }

/** Exceptions, BUG(), oops and panic. x86's wording: arch/x86/mm/fault.c, traps.c; arm64's: arch/arm64/mm/fault.c, kernel/traps.c. */
export const faultOpeners: readonly Opener[] = [
  {
    kind: 'oops',
    hint: 'nable to handle kernel ',
    pattern: /[Uu]nable to handle kernel NULL pointer dereference(?: at|$| \()/,
    title: 'BUG: unable to handle kernel NULL pointer dereference in {fn}',
    guilty: faulting,
  },
  {
    kind: 'oops',
    hint: 'ernel NULL pointer dereference',
    pattern: /BUG: [Kk]ernel NULL pointer dereference/,
    title: 'BUG: unable to handle kernel NULL pointer dereference in {fn}',
    guilty: faulting,
  },
  {
    kind: 'oops',
    hint: 'nable to handle ',
    pattern:
      /[Uu]nable to handle (?:kernel (?:paging request|execute from non-executable memory|write to read-only memory|read from unreadable memory|data access|unknown fault|user access|instruction fetch|pointer dereference)|page fault for address|paging request)(?: (?:at|for|on|in|outside|by|without)\b|:|$)/,
    title: 'BUG: unable to handle kernel paging request in {fn}',
    guilty: faulting,
  },
  {
    kind: 'oops',
    hint: 'nable to handle kernel ',
    pattern: /[Uu]nable to handle kernel access to user memory/,
    title: 'BUG: unable to handle kernel access to user memory in {fn}',
    guilty: faulting,
  },
  {
    kind: 'oops',
    hint: 'nable to handle kernel',
    pattern: /BUG: [Uu]nable to handle kernel\s*$/,
    title: 'BUG: unable to handle kernel paging request in {fn}',
    guilty: faulting,
  },
  {
    kind: 'general-protection',
    hint: 'general protection fault',
    pattern: /general protection fault(?:, |: | for non-canonical address |\s*$)/,
    unless: /traps: .* general protection fault|traps: .* general protection ip:|segfault at/,
    title: 'general protection fault in {fn}',
    guilty: faulting,
  },
  {
    kind: 'oops',
    hint: 'stack segment: ',
    pattern: /\bstack segment: [0-9a-f]{4} /,
    title: 'stack segment fault in {fn}',
    guilty: faulting,
  },
  { kind: 'oops', hint: 'divide', pattern: /divide[ _]error: [0-9a-f]{4} /, title: 'divide error in {fn}', guilty: faulting },
  { kind: 'oops', hint: 'Oops: divide error: ', pattern: /^Oops: divide error: /, title: 'divide error in {fn}', guilty: faulting },
  { kind: 'oops', hint: 'Oops: int3: ', pattern: /^Oops: int3: /, title: 'int3 in {fn}', guilty: faulting },
  {
    kind: 'oops',
    hint: 'invalid opcode',
    pattern: /invalid opcode: [0-9a-f]{4} /,
    title: 'invalid opcode in {fn}',
    guilty: faulting,
    role: 'dies',
  },
  {
    kind: 'double-fault',
    hint: 'double fault',
    pattern: /PANIC: double fault/,
    title: 'PANIC: double fault in {fn}',
    guilty: faulting,
    role: 'joins',
    fatal: true,
  },
  {
    kind: 'double-fault',
    hint: 'kernel stack overflow (',
    pattern: /kernel stack overflow \((?:double-fault|page fault)\): /,
    title: 'kernel stack overflow in {fn}',
    guilty: faulting,
    role: 'joins',
    fatal: true,
  },
  {
    kind: 'double-fault',
    hint: 'Insufficient stack space',
    pattern: /^Insufficient stack space to handle exception!/,
    title: 'kernel stack overflow in {fn}',
    guilty: overflowed,
    fatal: true,
  },
  {
    kind: 'oops',
    hint: 'stack guard page',
    pattern: /BUG: (?:\w+ )?stack guard page was hit at/,
    title: 'BUG: stack guard page was hit in {fn}',
    guilty: { ...overflowed, from: ['ip', 'trace'] },
    fatal: true,
  },
  {
    kind: 'bug',
    hint: 'kernel BUG at ',
    pattern: /kernel BUG at (?:\S*\/)?mm\/usercopy\.c/,
    title: 'BUG: bad usercopy in {fn}',
    guilty: { from: ['trace'], skip: [/usercopy/, /^_*check_/] },
  },
  {
    kind: 'bug',
    hint: 'kernel BUG at ',
    pattern: /kernel BUG at (?:\S+):\d+!?/,
    title: 'kernel BUG in {fn}',
    // Many a wrapper of packet buffers checks its caller.
    guilty: { ...faulting, skip: [/^skb_/] },
  },
  // A kernel without CONFIG_DEBUG_BUGVERBOSE knows no file (lib/bug.c).
  {
    kind: 'bug',
    hint: 'ernel BUG at ',
    pattern: /^[Kk]ernel BUG (at \S.*)$/,
    title: 'kernel BUG $1',
  },
  // RISC-V, and MIPS in its own words.
  {
    kind: 'bug',
    hint: '[#',
    pattern: /^[Kk]ernel (?:BUG|bug detected) ?\[#\d{1,9}\]/,
    title: 'kernel BUG in {fn}',
    guilty: faulting,
    role: 'dies',
  },
  {
    kind: 'oops',
    hint: 'Unhandled ',
    pattern: /^Unhandled (?:fault|prefetch abort): /,
    title: 'Unhandled fault in {fn}',
    guilty: { from: ['ip', 'trace'] },
  },
  {
    kind: 'oops',
    hint: 'CFI failure',
    pattern: /^CFI failure (?:at|\(target: )\s*(?<fn>[A-Za-z_][\w.]*)?/,
    title: 'CFI failure in {fn}',
    guilty: { from: ['header', 'ip', 'trace'] },
  },
  {
    kind: 'bug',
    hint: 'rust_kernel: panicked',
    pattern: /rust_kernel: panicked at /,
    title: '{message} in {fn}',
    details: { message: /^((?:attempt to|index out of bounds|range |called `|assertion|explicit panic|internal error).*)/ },
    guilty: { from: ['trace'], skip: [/rust_(?:begin_unwind|helper_BUG)/, /panic/, /^_R.*(?:panicking|panic)/] },
    role: 'preface',
  },
  { kind: 'oops', hint: 'Alignment trap', pattern: /^Alignment trap: /, title: 'Alignment trap in {fn}', guilty: faulting },
  {
    kind: 'oops',
    hint: 'Internal error: ',
    pattern: /^Internal error: /,
    title: 'Internal error in {fn}',
    guilty: faulting,
    role: 'dies',
  },
  { kind: 'oops', hint: 'Oops', pattern: /^Oops(?: - [^:]*)?: /, title: 'Oops in {fn}', guilty: faulting, role: 'dies' },
  /*
   * What every architecture's die() prints: words, most with a number, then which death it is since boot. `int3: 0000 [#1]`,
   * `Oops - load access fault [#1]`, `illegal operation: 0001 ilc:1 [#1]`, `Oops[#1]`, `Kernel access of bad area, sig: 11 [#1]`,
   * `tank(77): Oops [#1]`: whatever the words, the kernel died.
   */
  {
    kind: 'oops',
    hint: '[#',
    pattern: /^[A-Za-z][\w(),:./+ -]{2,120}\[#\d{1,9}\]/,
    title: 'Oops in {fn}',
    guilty: faulting,
    role: 'dies',
  },
  // Itanium counts without the sign, PA-RISC not at all.
  { kind: 'oops', hint: 'Oops ', pattern: /: Oops \d{1,20} \[\d{1,9}\]$/, title: 'Oops in {fn}', guilty: faulting, role: 'dies' },
  { kind: 'oops', hint: 'Kernel Fault: ', pattern: /Kernel Fault: Code=\d/, title: 'Oops in {fn}', guilty: faulting, role: 'dies' },
  {
    kind: 'panic',
    hint: 'PANIC: early exception',
    pattern: /^PANIC: early exception /,
    title: 'PANIC: early exception in {fn}',
    guilty: faulting,
    fatal: true,
  },
  // The secure world's kernel, whose log the driver prints into this one, a piece at a time: a line may begin with the caller's address.
  {
    kind: 'panic',
    hint: 'trusty: ',
    pattern: /^trusty: (?:panic \([^)]{0,80}|0x[0-9a-f]{1,16})\):(?: DEBUG)? ASSERT FAILED at \([^)]{0,200}\): (.+)$/,
    title: 'trusty: ASSERT FAILED: $1',
    role: 'preface',
  },
  { kind: 'panic', hint: 'trusty: panic', pattern: /^trusty: panic \([^)]*\): (.+)$/, title: 'trusty: panic: $1', role: 'preface' },
  { kind: 'panic', hint: 'Bad mode in ', pattern: /^Bad mode in /, title: 'kernel panic: bad mode', fatal: true },
  {
    kind: 'panic',
    hint: 'Kernel panic',
    pattern: /Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: (?![0-9a-f]{8,})(?<fn>[A-Za-z_][\w.]*)/,
    title: 'kernel panic: stack is corrupted in {fn}',
    guilty: { from: ['header', 'trace'], skip: [/stack_chk/] },
    role: 'panic',
    fatal: true,
  },
  {
    kind: 'panic',
    hint: 'Kernel panic',
    pattern: /Kernel panic - not syncing: stack-protector: Kernel stack is corrupted/,
    title: 'kernel panic: stack is corrupted in {fn}',
    guilty: { from: ['trace'], skip: [/stack_chk/] },
    role: 'panic',
    fatal: true,
  },
  {
    kind: 'panic',
    hint: 'Kernel panic',
    pattern: /Kernel panic - not syncing: corrupted stack end detected/,
    title: 'kernel panic: corrupted stack end in {fn}',
    guilty: { from: ['trace'], skip: [/schedule/, /^retint_/], choose: 'dispatched' },
    role: 'panic',
    fatal: true,
  },
  {
    kind: 'double-fault',
    hint: 'Kernel panic',
    pattern: /Kernel panic - not syncing: kernel stack overflow/,
    title: 'kernel stack overflow in {fn}',
    guilty: overflowed,
    role: 'panic',
    fatal: true,
  },
  {
    kind: 'panic',
    hint: 'Kernel panic',
    pattern: /Kernel panic - not syncing: Attempted to kill init!/,
    title: 'kernel panic: Attempted to kill init!',
    role: 'panic',
    fatal: true,
  },
  {
    kind: 'panic',
    hint: 'Kernel panic',
    pattern: /Kernel panic - not syncing: (Couldn't open N_TTY ldisc)/,
    title: 'kernel panic: $1',
    role: 'panic',
    fatal: true,
  },
  {
    kind: 'panic',
    hint: 'Kernel panic',
    pattern: /Kernel panic - not syncing: (.*\S)\s*$/,
    title: 'kernel panic: $1',
    role: 'panic',
    fatal: true,
  },
  { kind: 'panic', hint: 'Kernel panic', pattern: /Kernel panic - not syncing/, title: 'kernel panic', role: 'panic', fatal: true },
]

/** What panic() says when another report was the cause: the panic belongs to that report. */
export const CONSEQUENT_PANIC =
  /not syncing: (?:Fatal exception|Fatal Exception|fatal exception|panic_on_|kernel: panic_on|\S+: panic_on|KASAN: |UBSAN: |KFENCE: |hung_task: |softlockup: |Hard LOCKUP|Watchdog detected hard LOCKUP|RCU Stall|rcu: |Oops|oops|Unrecoverable|Aiee|Machine halted|Asynchronous SError|bad mode|system is deadlocked|Out of memory: |Exception in|kernel stack overflow|synchronous external abort|stack guard)/
