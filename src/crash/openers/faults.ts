// regexp: a console line is cut at 1024 characters (MAX_LINE_CHARS); __tests__/crash/worst-lines.test.ts holds what the worst of them cost.
import type { GuiltyPlan, Opener } from '../opener.js'

/** What the instruction pointer stood in, else who called it. */
export const faulting: GuiltyPlan = { from: ['ip', 'trace'] }

/** A recursion is on top of the stack; what began it is below. */
export const overflowed: GuiltyPlan = { from: ['trace'], skip: [/bad_stack/], choose: 'dispatched' }

/** Exceptions, BUG() and oops. x86's wording: arch/x86/mm/fault.c, traps.c; arm64's: arch/arm64/mm/fault.c, kernel/traps.c. */
export const faultOpeners: readonly Opener[] = [
  {
    kind: 'oops',
    hint: 'nable to handle kernel ',
    pattern: /[Uu]nable to handle kernel NULL pointer dereference(?: at|$| \(| in mna handler)/,
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
  // Whatever it could not handle, it says at which address: unaligned access, an access, an unknown paging fault.
  {
    kind: 'oops',
    hint: 'nable to handle ',
    pattern:
      /[Uu]nable to handle (?:kernel|unknown) [a-z][\w -]{2,60}? (?:at|for) (?:(?:virtual )?addr(?:ess)?:? )?(?:0x)?[0-9a-f]{8,16}\b/,
    title: 'BUG: unable to handle kernel paging request in {fn}',
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
  // include/asm-generic/bug.h, for machines without an instruction of their own for it.
  {
    kind: 'bug',
    hint: 'BUG: failure at ',
    pattern: /BUG: failure at \S+:\d+\/(?<fn>[A-Za-z_][\w.]*)\(\)!/,
    title: 'kernel BUG in {fn}',
    guilty: { from: ['header', 'trace'] },
  },
  // A subsystem's own BUG_ON: where, then what it looked at (fs/jfs/jfs_debug.h, the self-tests of XArray and maple tree).
  {
    kind: 'bug',
    hint: 'BUG at ',
    pattern: /^BUG at \S+\.[ch]:\d+\b/,
    title: 'BUG in {fn}',
    guilty: { from: ['trace'] },
    withoutStack: 'note',
    role: 'preface',
    yieldsTitle: true,
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
  // arm64, its checks compiled to traps.
  {
    kind: 'ubsan',
    hint: 'Internal error: ',
    pattern: /^Internal error: UBSAN: ([a-z][a-z -]{2,60}): /,
    title: 'UBSAN: $1 in {fn}',
    guilty: faulting,
    role: 'dies',
  },
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
]
