import * as z from 'zod'

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
  'other',
])
export type KernelReportKind = z.infer<typeof kernelReportKindSchema>

export const frameSchema = z.object({
  /** The frame as the console printed it, for example `xfs_iget+0x12/0x340 [xfs]`. */
  symbol: z.string(),
  /** Source function after decoding; differs from the symbol for inlined frames. */
  function: z.string().optional(),
  /** Path relative to the kernel tree. */
  file: z.string().optional(),
  line: z.number().int().positive().optional(),
  /** True for a frame that the compiler inlined into the next one. */
  inlined: z.boolean().optional(),
  /** Module name, absent for the kernel itself. */
  module: z.string().optional(),
})
/** One frame of a stack trace, decoded where a vmlinux with debug information was at hand. */
export type Frame = z.infer<typeof frameSchema>

export const kernelReportSchema = z.object({
  kind: kernelReportKindSchema,
  /** One stable title in syzkaller's way: `KASAN: use-after-free Read in xfs_foo`. No address, pid or number varies in it. */
  title: z.string(),
  /** True where the kernel cannot go on: panic, oops with panic_on_oops, double fault. */
  fatal: z.boolean(),
  /** Extent in the console log, 1-based and inclusive. */
  firstLine: z.number().int().positive(),
  lastLine: z.number().int().positive(),
  /** The test that ran: the last `run fstests NAME at …` marker before the report; null before the first. */
  test: z.string().nullable(),
  /** The report's own lines, cleaned of console prefixes, capped. */
  lines: z.array(z.string()),
  frames: z.array(frameSchema),
  /** True when the test is known to provoke this on purpose (data, per test). */
  provoked: z.boolean().default(false),
})
/** One report ("splat") in the kernel log. */
export type KernelReport = z.infer<typeof kernelReportSchema>
