import { describe, expect, it } from '@jest/globals'
import { createClassifier } from './every-suite.js'

// What the kernel's own format strings make, for a module `gizmo` that is none of its: the forms no captured log here has.
const STACK = ['CPU: 0 UID: 0 PID: 123 Comm: word Not tainted 6.12.0 #1', 'Call trace:', ' dump_stack+0x1/0x2', ' gizmo_frob+0x12/0x34']
const X86 = ['RIP: 0010:gizmo_frob+0x12/0x34', 'Call Trace:', ' <TASK>', ' gizmo_ioctl+0x1/0x20', ' </TASK>']
const NIP = ['NIP [c000000000123456] gizmo_frob+0x12/0x34', 'Call Trace:', '[c000000007f3bb80] [c000000000123440] gizmo_ioctl+0x12/0x34']
const PC = ['pc : gizmo_frob+0x12/0x34', 'lr : gizmo_ioctl+0x12/0x34', 'Call trace:', ' gizmo_frob+0x12/0x34 (P)', ' gizmo_ioctl+0x1/0x20']
const EPC = ['epc : gizmo_frob+0x12/0x34', ' ra : gizmo_ioctl+0x12/0x34', 'status: 0000000200000120 badaddr: 0000000000000008 cause: 0d']

/** The source that says it, the lines, the kind and the title. */
const forms: readonly (readonly [source: string, lines: readonly string[], kind: string, title: string])[] = [
  [
    'arch/x86/kernel/traps.c: handle_bug, UBSAN',
    ['UBSAN: integer addition overflow at gizmo_frob+0x12/0x34', 'Oops: invalid opcode: 0000 [#1] SMP NOPTI', ...X86],
    'ubsan',
    'UBSAN: integer addition overflow in gizmo_frob',
  ],
  [
    'arch/arm64/kernel/traps.c: ubsan_handler',
    ['Internal error: UBSAN: array index out of bounds: 00000000f2005512 [#1] PREEMPT SMP', ...PC],
    'ubsan',
    'UBSAN: array index out of bounds in gizmo_frob',
  ],
  [
    'arch/x86/entry/entry_fred.c: fred_bad_type',
    [
      'PANIC: invalid or fatal FRED event; event type 3 vector 14 error 0x0 aux 0x0 at 10:ffffffff81234567',
      'Oops: invalid or fatal FRED event: 0000 [#1] SMP',
      ...X86,
      'Kernel panic - not syncing: Fatal exception',
    ],
    'panic',
    'PANIC: invalid or fatal FRED event in gizmo_frob',
  ],
  [
    'arch/powerpc/mm/fault.c: bad_page_fault, unaligned',
    ['BUG: Unable to handle kernel unaligned access at 0xc000000000123457', 'Oops: Kernel access of bad area, sig: 7 [#1]', ...NIP],
    'oops',
    'BUG: unable to handle kernel paging request in gizmo_frob',
  ],
  [
    'arch/powerpc/mm/fault.c: bad_page_fault, unknown',
    ['BUG: Unable to handle unknown paging fault at 0xc000000000123457', 'Oops: Kernel access of bad area, sig: 11 [#1]', ...NIP],
    'oops',
    'BUG: unable to handle kernel paging request in gizmo_frob',
  ],
  [
    'arch/openrisc/mm/fault.c: do_page_fault',
    ['Unable to handle kernel access at virtual address 0xc0123456', 'Oops#: 0000', ...PC],
    'oops',
    'BUG: unable to handle kernel paging request in gizmo_frob',
  ],
  [
    'arch/sparc/kernel/unaligned_64.c: kernel_mna_trap_fault',
    ['Unable to handle kernel NULL pointer dereference in mna handler', 'word(123): Oops [#1]', 'TPC: <gizmo_frob+0x12/0x34>'],
    'oops',
    'BUG: unable to handle kernel NULL pointer dereference in gizmo_frob',
  ],
  [
    'arch/loongarch/mm/fault.c: no_context',
    [
      'CPU 1 Unable to handle kernel paging request at virtual address 0000000000000008, era == 9000000000222c24, ra == 9000000000222c04',
      'Oops[#1]:',
      '  ERA: 9000000000222c24 gizmo_frob+0x12/0x34',
      'Call Trace:',
      '[<9000000000222c04>] gizmo_ioctl+0x12/0x34',
    ],
    'oops',
    'BUG: unable to handle kernel paging request in gizmo_frob',
  ],
  [
    'arch/riscv/mm/fault.c: die_kernel_fault',
    ['Unable to handle kernel NULL pointer dereference at virtual address 0000000000000008', 'Oops [#1]', ...EPC],
    'oops',
    'BUG: unable to handle kernel NULL pointer dereference in gizmo_frob',
  ],
  [
    'arch/s390/mm/fault.c: do_no_context',
    [
      'Unable to handle kernel pointer dereference in virtual kernel address space',
      'Failing address: 0000000000000000 TEID: 0000000000000483',
      'Oops: 0004 ilc:2 [#1]SMP ',
      'Krnl PSW : 0704c00180000000 00000000001234 (gizmo_frob+0x12/0x34)',
    ],
    'oops',
    'BUG: unable to handle kernel paging request in gizmo_frob',
  ],
  [
    'arch/powerpc/kernel/watchdog.c: soft_nmi_interrupt',
    ['watchdog: CPU 3 self-detected hard LOCKUP @ gizmo_frob+0x12/0x34', ...NIP],
    'hard-lockup',
    'BUG: hard lockup in gizmo_frob',
  ],
  [
    'kernel/smp.c: csd_lock_wait_toolong',
    ['csd: Detected non-responsive CSD lock (#1) on CPU#0, waiting 5000000000 ns for CPU#01 gizmo_ipi+0x0/0x40(0x0).', ...STACK],
    'soft-lockup',
    'csd: non-responsive CSD lock in gizmo_ipi',
  ],
  [
    'kernel/sched/core.c: __schedule_bug',
    ['BUG: scheduling in a non-blocking section: word/123/1', ...STACK],
    'atomic-sleep',
    'BUG: scheduling in a non-blocking section in gizmo_frob',
  ],
  [
    'kernel/sched/core.c: __cant_sleep',
    ['BUG: assuming atomic context at drivers/gizmo/core.c:42', 'in_atomic(): 0, irqs_disabled(): 0, pid: 123, name: word', ...STACK],
    'atomic-sleep',
    'BUG: assuming atomic context in gizmo_frob',
  ],
  [
    'mm/slub.c: object_err',
    ['BUG kmalloc-64 (Tainted: G    B             ): Freelist Pointer check fails', 'Slab 0xffffea0000123400 objects=21', ...STACK],
    'bug',
    'BUG: slab: Freelist Pointer check fails in gizmo_frob',
  ],
  [
    'mm/slub.c: slab_err',
    ['BUG gizmo_cache (Not tainted): Attempt to free object(0xffff888012345678) outside of slab', ...STACK],
    'bug',
    'BUG: slab: Attempt to free object in gizmo_frob',
  ],
  [
    'mm/kmemleak.c: print_unreferenced, per CPU (6.13)',
    ['unreferenced percpu object 0x607f80c1a2b8 (size 8):', '  comm "word", pid 123', '  backtrace (crc 0):', '    gizmo_frob+0x12/0x34'],
    'memory-leak',
    'memory leak in gizmo_frob',
  ],
  ['fs/jfs/jfs_debug.h, lib/test_maple_tree.c', ['BUG at lib/gizmo_test.c:123 (1)', ...STACK], 'bug', 'BUG in gizmo_frob'],
  [
    'include/asm-generic/bug.h',
    ['BUG: failure at drivers/gizmo/core.c:42/gizmo_frob()!', 'Kernel panic - not syncing: BUG!', ...STACK],
    'bug',
    'kernel BUG in gizmo_frob',
  ],
  [
    'kernel/kcsan/report.c: an assertion',
    [
      'BUG: KCSAN: assert: race in gizmo_frob / gizmo_ioctl',
      'assert no writes to 0xffff888012345678 of 8 bytes by task 124 on cpu 0:',
      ' gizmo_ioctl+0x12/0x34',
    ],
    'kcsan',
    'KCSAN: assert: race in gizmo_frob / gizmo_ioctl',
  ],
  [
    'kernel/panic.c: __warn (6.19), its condition printed',
    ['WARNING: [gizmo->count < 0] drivers/gizmo/core.c:42 at gizmo_frob+0x12/0x34, CPU#1: word/123', ...X86],
    'warning',
    'WARNING in gizmo_frob',
  ],
  [
    'arch/x86/kernel/traps.c: exc_general_protection (6.16)',
    ['Oops: general protection fault, maybe for address 0xdead000000000108: 0000 [#1] SMP NOPTI', ...X86],
    'general-protection',
    'general protection fault in gizmo_frob',
  ],
]

const stamped = (lines: readonly string[]): string[] => lines.map((line) => `[   12.345678][  T123] ${line}`)
function reportsOf(lines: readonly string[]) {
  const classifier = createClassifier()
  return [...lines.flatMap((line) => classifier.line(line)), ...classifier.end()]
}

it.each(forms)('%s', (_, lines, kind, title) => {
  expect(reportsOf(stamped(lines)).map((report) => [report.kind, report.title, report.lastLine])).toEqual([[kind, title, lines.length]])
})

describe('a report whose banner was lost', () => {
  const lines = ['BUG: KASAN: slab-use-after-free in gizmo_frob+0x12/0x34', 'Read of size 8 at addr ffff888012345678 by task word/123']

  it.each([['stamped', stamped(lines)] as const, ['bare', lines] as const])('keeps what was read, %s', (_, log) => {
    expect(reportsOf(log).map(({ title, lastLine }) => [title, lastLine])).toEqual([['KASAN: slab-use-after-free Read in gizmo_frob', 2]])
  })

  // mm/kfence/report.c, mm/kmsan/report.c, kernel/kcsan/report.c, lib/ubsan.c
  it.each([
    [['BUG: KFENCE: use-after-free read in gizmo_frob+0x12/0x34', '', 'Use-after-free read at 0x00000000a1b2c3d4 (in kfence-#12):']],
    [
      [
        'BUG: KMSAN: uninit-value in gizmo_frob+0x12/0x34',
        '',
        'Bytes 4-7 of 8 are uninitialized',
        'Memory access of size 8 starts at ffff8881',
      ],
    ],
    [['BUG: KCSAN: data-race in gizmo_frob / gizmo_ioctl', '', 'write to 0xffff888012345678 of 8 bytes by task 123 on cpu 1:']],
    [['UBSAN: array-index-out-of-bounds in drivers/gizmo/core.c:42:7', "index 12 is out of range for type 'int [8]'"]],
  ])('keeps its line that says what was done: %j', (log) => {
    expect(reportsOf(stamped(log)).map(({ firstLine, lastLine }) => [firstLine, lastLine])).toEqual([[1, log.length]])
  })
})

describe('lockdep that runs into a fault while it prints', () => {
  const head = ['WARNING: Nested lock was not taken', '6.12.0 #1 Not tainted', 'word/123 is trying to lock:']
  const lock = 'ffff0000c495a9d8 (&gizmo->lock){+.+.}-{2:2}, at: _raw_spin_lock+0x1/0x2'
  const fault = [
    'Unable to handle kernel paging request at virtual address 0000000100000017',
    'Internal error: Oops: 0000000096000005 [#1] SMP',
  ]

  it('is one report', () => {
    const log = stamped([...head, lock, '', 'but this task is not holding:', ...fault, ...PC])
    expect(reportsOf(log).map(({ kind, title, firstLine, lastLine }) => [kind, title, firstLine, lastLine])).toEqual([
      ['lockdep', 'WARNING: nested lock was not taken in gizmo_frob', 1, log.length],
    ])
  })

  it('is two where the fault comes after its stack, or nobody says who printed', () => {
    const after = stamped([...head, lock, 'stack backtrace:', ...STACK, ...fault, ...PC])
    const unknown = [...head, lock, ...fault, ...PC].map((line) => `[   12.345678] ${line}`)
    for (const log of [after, unknown]) expect(reportsOf(log).map(({ kind }) => kind)).toEqual(['lockdep', 'oops'])
  })

  it('names no function of its own where the lines with the locks were lost', () => {
    const frames = ['print_circular_bug', 'check_noncircular', 'check_prev_add', 'validate_chain', '__lock_acquire', 'gizmo_frob']
    const log = stamped(['WARNING: possible circular locking dependency detected', 'stack backtrace:', 'Call Trace:'])
    const reports = reportsOf([...log, ...stamped(frames.map((name) => ` ${name}+0x12/0x34`))])
    expect(reports.map(({ title }) => title)).toEqual(['possible deadlock in gizmo_frob'])
  })
})

it("an exception's first line and its rest are one report, however much other CPUs print between", () => {
  const others = Array.from({ length: 60 }, (_, index) => `gizmo gpio-${index}: registered`)
  const head = 'BUG: unable to handle page fault for address: 0000000000200286'
  const body = ['#PF: supervisor write access in kernel mode', 'Oops: 0002 [#1] PREEMPT SMP NOPTI', ...X86]
  const log = [head, ...others, ...body].map((line) => `[    5.261988] ${line}`)
  expect(reportsOf(log).map(({ title, firstLine, lastLine }) => [title, firstLine, lastLine])).toEqual([
    ['BUG: unable to handle kernel paging request in gizmo_frob', 1, log.length],
  ])
})

it("a driver's note that says WARNING: is told with and without a stamp; a program's is not", () => {
  const notes = ['gizmo 1-1: WARNING: incomplete support', 'mei_me 0000:00:16.0: WARNING: incomplete support']
  for (const note of [...notes, ...stamped(notes)])
    expect(reportsOf([note]).map(({ kind, title }) => [kind, title])).toEqual([['note', 'WARNING: incomplete support']])
  for (const line of ['mkfs.gizmo: WARNING: incomplete support', 'make[1]: WARNING: incomplete support', 'a b: WARNING: nothing'])
    expect(reportsOf([line])).toEqual([])
})

it('takes a number out of a title, however it is glued to a word; a name keeps its own', () => {
  const title = (text: string) => reportsOf(stamped([`BUG: ${text}`])).map((report) => report.title)
  expect(title('mkdir ./gizmo-dir2385937483 failed')).toEqual(['BUG: mkdir ./gizmo-dirNUM failed'])
  expect(title('nl802154 at 0xffff888012345678, ffff888012345678 and 12')).toEqual(['BUG: nl802154 at ADDR, ADDR and NUM'])
})
