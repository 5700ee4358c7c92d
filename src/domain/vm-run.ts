import * as z from 'zod'
import { kernelReportSchema } from './kernel-report.js'

/** How a guest ended. A panic, a hang and a killed QEMU are values, not exceptions. */
export const vmExitSchema = z.discriminatedUnion('kind', [
  /** The guest was told there is no more work and powered off. */
  z.object({ kind: z.literal('poweroff') }),
  z.object({ kind: z.literal('panic'), line: z.string() }),
  /** A watchdog ended it: the boot's, a test's, or the run's deadline. */
  z.object({ kind: z.literal('timeout'), what: z.enum(['boot', 'test', 'run']), afterSeconds: z.number(), lastLine: z.string() }),
  z.object({
    kind: z.literal('qemu-died'),
    code: z.number().nullable(),
    signal: z.string().nullable(),
    stderr: z.string(),
    /** A trouble of the host that ended it (a full disk), as a sentence: nothing the test did. Absent otherwise. */
    hostTrouble: z.string().optional(),
  }),
  /** Powered off or reset although there was work left. */
  z.object({ kind: z.literal('gone'), lastLine: z.string() }),
  z.object({ kind: z.literal('cancelled') }),
])
export type VmExit = z.infer<typeof vmExitSchema>

export const guestRunSchema = z.object({
  /** 1-based in order of start. */
  id: z.number().int().positive(),
  startedAt: z.string(),
  endedAt: z.string(),
  exit: vmExitSchema,
  /** Seconds from starting QEMU to each milestone; null where it was not reached. */
  boot: z.object({
    /** First byte on the console: firmware and loader are behind. */
    kernelSeconds: z.number().nullable(),
    /** Our init runs. */
    initSeconds: z.number().nullable(),
    /** The agent asked for work. */
    readySeconds: z.number().nullable(),
    /** The first test started. */
    firstTestSeconds: z.number().nullable(),
  }),
  /** Paths relative to the run's directory. */
  consolePath: z.string(),
  directory: z.string(),
  /** The memory of a guest that panicked, as `--dump` asked for; relative to the record's directory. */
  memoryDump: z.string().optional(),
  /** The QEMU command line, for the curious and for reproduction. */
  argv: z.array(z.string()),
  release: z.string().nullable(),
  reports: z.array(kernelReportSchema),
})
/** One guest from QEMU's start to its end. */
export type GuestRun = z.infer<typeof guestRunSchema>

export const batchRunSchema = z.object({
  guest: z.number().int().positive(),
  section: z.string(),
  /** Tests handed to the guest in this batch, in order. */
  tests: z.array(z.string()),
  /** Relative to the run's directory; holds `check.stdout` and `results/` as fstests writes them. */
  directory: z.string(),
  /** Start and end as the guest reported them; `endedAt` null for the test it died under. */
  timeline: z.array(z.object({ name: z.string(), startedAt: z.string(), endedAt: z.string().nullable(), seconds: z.number().nullable() })),
  /** Exit status of `check`, null where the guest died first. Means nothing alone (check is green on typos). */
  exitStatus: z.number().int().nullable(),
  /** Set where the guest ended during the batch: the test it ran then, if any. */
  died: z.object({ exit: vmExitSchema, test: z.string().nullable() }).nullable(),
  /** Notes about the results channel: caps hit, refused file names, a cut stream. */
  notes: z.array(z.string()),
})
/** One `check` invocation in a guest: its evidence lies in `directory`. */
export type BatchRun = z.infer<typeof batchRunSchema>

/** Everything the VM stage leaves behind. */
export interface VmRun {
  readonly guests: readonly GuestRun[]
  readonly batches: readonly BatchRun[]
  /** Sections given up because no VM lived to end one test, with the reason. */
  readonly abandonedSections: readonly { readonly section: string; readonly reason: string }[]
  /** What stopped the run as a whole before the queue was empty. */
  readonly stopped: { readonly kind: 'deadline' | 'cancelled' | 'infrastructure' | 'build-failed'; readonly reason: string } | null
  /** Guest settings that differ from the kernel's defaults (`norandmaps`, …), recorded because they can matter. */
  readonly settings: Readonly<Record<string, string>>
  readonly vms: number
  readonly memoryMiB: number
  readonly cpusPerVm: number
}
