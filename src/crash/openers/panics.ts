// regexp: a console line is cut at 1024 characters (MAX_LINE_CHARS); __tests__/crash/worst-lines.test.ts holds what the worst of them cost.
import type { Opener } from '../opener.js'
import { faulting, overflowed } from './faults.js'

/** What a machine says when it cannot go on: panic() (kernel/panic.c), and what stands in for it before or beside that. */
export const panicOpeners: readonly Opener[] = [
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
  // A machine's own: arch/x86/entry/entry_fred.c, arch/x86/coco/sev/core.c.
  {
    kind: 'panic',
    hint: 'PANIC: ',
    pattern: /^PANIC: ([A-Za-z][^;:(]{2,80}\w)/,
    title: 'PANIC: $1 in {fn}',
    guilty: faulting,
    stampedOnly: true,
    role: 'joins',
    fatal: true,
  },
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
