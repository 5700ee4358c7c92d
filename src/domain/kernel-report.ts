import * as z from 'zod'
import type { TestName } from './test.js'

/** What kind of report the kernel printed. One closed list, so that every renderer handles each. */
export const kernelReportKindSchema = z.enum([
  'panic',
  'oops',
  'bug',
  'warning',
  'kasan',
  'kcsan',
  'kmsan',
  'kfence',
  'ubsan',
  'lockdep',
  'rcu',
  'hung-task',
  'soft-lockup',
  'hard-lockup',
  'rcu-stall',
  'list-corruption',
  'refcount',
  'atomic-sleep',
  'general-protection',
  'double-fault',
  'oom',
  'memory-leak',
  'fs-corruption',
  'fs-shutdown',
  'reboot',
  'hardware-error',
  'user-fault',
  'note',
  'other',
])
export type KernelReportKind = z.infer<typeof kernelReportKindSchema>

/**
 * Whether a report of this kind is the last of its kind in this boot: lockdep turns itself off with its first (`debug_locks_off`), and with
 * what taints the kernel so that its locks cannot be believed (`add_taint(…, LOCKDEP_NOW_UNRELIABLE)`: an oops); KASAN tells of its first bug
 * only, without `kasan_multi_shot`.
 */
export const endsDetector = (kind: KernelReportKind): boolean => lastOfTheirKind.has(kind)

const lastOfTheirKind: ReadonlySet<KernelReportKind> = new Set(['lockdep', 'kasan', 'oops', 'general-protection', 'bug', 'list-corruption'])

export const frameSchema = z.object({
  symbol: z.string().describe('The frame as the console printed it, for example `xfs_iget+0x12/0x340 [xfs]`.'),
  function: z.string().optional().describe('Source function after decoding; differs from the symbol for inlined frames.'),
  file: z.string().optional().describe('Path relative to the kernel tree.'),
  line: z.number().int().positive().optional().describe('1-based.'),
  inlined: z.boolean().optional().describe('True for a frame that the compiler inlined into the next one.'),
  module: z.string().optional().describe('Module name, absent for the kernel itself.'),
})
/** One frame of a stack trace, decoded where a vmlinux with debug information was at hand. */
export type Frame = z.infer<typeof frameSchema>

export const reportPhaseSchema = z.enum(['boot', 'set-up', 'between', 'end'])
/**
 * What a guest was at when its kernel reported something. `boot`: it had not asked for work yet. `set-up`: before the first test, as in
 * mkfs. `between`: while a suite ran, under no test that is known. `end`: no suite ran any more.
 */
export type ReportPhase = z.infer<typeof reportPhaseSchema>

export const kernelReportSchema = z.object({
  kind: kernelReportKindSchema.describe('What sort of report it is.'),
  title: z
    .string()
    .describe("One stable title in syzkaller's way: `KASAN: use-after-free Read in xfs_foo`. No address, pid or number varies in it."),
  fatal: z.boolean().describe('True where the kernel cannot go on: panic, oops with panic_on_oops, double fault.'),
  firstLine: z.number().int().positive().describe('Extent in the console log, 1-based and inclusive.'),
  lastLine: z.number().int().positive().describe('Its last line there.'),
  test: z.string().nullable().describe('The test that ran: the one the last marker before the report named; null before the first.'),
  kunitSuite: z
    .string()
    .optional()
    .describe('The KUnit suite that ran, at boot or when a module was loaded, by the kernel’s own word. Absent where none did.'),
  lines: z.array(z.string()).describe("The report's own lines, cleaned of console prefixes, capped."),
  frames: z.array(frameSchema).describe('Its stack, innermost first.'),
  count: z
    .number()
    .int()
    .positive()
    .optional()
    .describe('How often it came under its test; absent: once. The other fields are of the first.'),
  provoked: z.boolean().default(false).describe('True when the test is known to provoke this on purpose (data, per test).'),
  counts: z
    .boolean()
    .optional()
    .describe(
      'Of a stall or a hung task, which a slow host can cause by itself: true where it counts all the same, under KVM or because its test failed too. Absent: no.',
    ),
  phase: reportPhaseSchema.optional().describe('What the guest was at when it came; absent where that is not known.'),
})
/** One report ("splat") in the kernel log. */
export type KernelReport = z.infer<typeof kernelReportSchema>

/** Its title for people, with the KUnit suite that ran. */
export function titleInFull({ title, kunitSuite }: Pick<KernelReport, 'title' | 'kunitSuite'>): string {
  return kunitSuite === undefined ? title : `${title}, while the KUnit suite ${kunitSuite} ran`
}

/** What tests bring about on purpose: a report that fits is no surprise while the test runs. */
export interface Provocation {
  isOf(test: TestName): boolean
  readonly kinds: readonly KernelReportKind[]
  /** Narrows the kinds to titles like this. */
  readonly title?: RegExp
  readonly why: string
}
