// regexp: a console line is cut at 1024 characters (MAX_LINE_CHARS); __tests__/crash/worst-lines.test.ts holds what the worst of them cost.
import type { Opener } from '../opener.js'

/** What the hardware says through the kernel (arch/x86/kernel/cpu/mce, drivers/firmware/efi/cper.c). */
export const machineOpeners: readonly Opener[] = [
  {
    kind: 'hardware-error',
    hint: '[Hardware Error]: ',
    pattern: /\[Hardware Error\]: .*(Machine Check)(?::| Exception)/,
    title: 'hardware error: $1',
    role: 'joins',
  },
  {
    kind: 'hardware-error',
    hint: '[Hardware Error]: ',
    pattern: /\{\d{1,9}\}\[Hardware Error\]: (Hardware error from .{1,60}?)(?::| Source|$)/,
    title: 'hardware error: $1',
    role: 'joins',
  },
]

/** How the run-time of Go goes on after it has said why a program dies. */
const GOROUTINES = /^(?:goroutine \d{1,10} |runtime stack:|\[signal SIG)/

/**
 * Programs whose run-time tells on the console why they die, in a form that is like the kernel's own (runtime/panic.go of Go): told, and no
 * fault of the kernel.
 */
export const runtimeOpeners: readonly Opener[] = [
  { kind: 'user-fault', hint: 'panic: ', pattern: /^panic: (\S.*)$/, onlyBefore: GOROUTINES, title: 'panic: $1', role: 'remark' },
  {
    kind: 'user-fault',
    hint: 'fatal error: ',
    pattern: /^fatal error: \S/,
    onlyBefore: GOROUTINES,
    title: 'go runtime error',
    role: 'remark',
  },
  // A stress tool's last word: its own name in capitals, run together with FAIL or FATAL. Test suites' TFAIL and XFAIL are verdicts.
  ...['FAIL: ', 'FATAL: '].map(
    (hint): Opener => ({
      kind: 'user-fault',
      hint,
      pattern: new RegExp(`^([A-Z]{3,16}${hint}\\S.*)$`),
      title: '$1',
      role: 'remark',
    }),
  ),
]

/**
 * Faults of programs, in the kernel's words (arch/x86/mm/fault.c, arch/x86/kernel/traps.c, kernel/signal.c): no fault of the
 * kernel for sure, so only who asks for them is told.
 */
export const programOpeners: readonly Opener[] = [
  {
    kind: 'user-fault',
    hint: ']: segfault at ',
    pattern: /^(.{1,16})\[\d{1,10}\]: segfault at /,
    title: 'segfault in $1',
    role: 'remark',
  },
  {
    kind: 'user-fault',
    hint: 'traps: ',
    pattern: /^traps: (.{1,16})\[\d{1,10}\] (general protection|trap [a-z ]{1,40}|bad iret|bad frame)/,
    title: '$2 in $1',
    role: 'remark',
  },
  {
    kind: 'user-fault',
    hint: ': unhandled exception: ',
    pattern: /^(.{1,16})\[\d{1,10}\]: unhandled exception: ([\w ]{1,40})/,
    title: 'unhandled exception $2 in $1',
    role: 'remark',
  },
]
