import * as z from 'zod'
import { kernelReportSchema } from './kernel-report.js'
import { type SectionId, suiteNameSchema } from './test.js'

/** How a guest ended. A panic, a hang and a killed QEMU are values, not exceptions. */
export const vmExitSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('poweroff').describe('It was told that there is no more work, and powered off.') }),
  z.object({
    kind: z.literal('panic').describe('Its kernel panicked.'),
    line: z.string().describe('The line of the console that said so.'),
  }),
  z.object({
    kind: z.literal('timeout').describe('A watchdog ended it.'),
    what: z.enum(['boot', 'test', 'run']).describe('Whose limit it was.'),
    afterSeconds: z.number().describe('The limit, in seconds.'),
    test: z.string().optional().describe('The test whose limit it was; absent where it was no test’s.'),
    lastLine: z.string().describe('The last line of the console.'),
  }),
  z.object({
    kind: z.literal('qemu-died').describe('QEMU ended by itself, or was killed.'),
    code: z.number().nullable().describe('Exit code of QEMU; null where a signal ended it.'),
    signal: z.string().nullable().describe('Signal that ended QEMU; null where none did.'),
    stderr: z.string().describe('What QEMU printed last.'),
    hostTrouble: z
      .string()
      .optional()
      .describe('A trouble of the host that ended it (a full disk), as a sentence: nothing the test did. Absent otherwise.'),
  }),
  z.object({
    kind: z.literal('gone').describe('It powered off or reset although there was work left.'),
    lastLine: z.string().describe('The last line of the console.'),
  }),
  z.object({ kind: z.literal('cancelled').describe('The run was cancelled.') }),
])
export type VmExit = z.infer<typeof vmExitSchema>

export const guestRunSchema = z.object({
  id: z.number().int().positive().describe('1-based in order of start.'),
  suite: suiteNameSchema.describe('The suite it served.'),
  section: z.string().describe('Name of the section it served.'),
  startedAt: z.string().describe('Start of QEMU, ISO 8601 in UTC.'),
  endedAt: z.string().describe('Its end, ISO 8601 in UTC.'),
  exit: vmExitSchema.describe('How it ended.'),
  boot: z
    .object({
      kernelSeconds: z.number().nullable().describe('First byte on the console: firmware and loader are behind.'),
      initSeconds: z.number().nullable().describe('Our init runs.'),
      readySeconds: z.number().nullable().describe('The agent asked for work.'),
      firstTestSeconds: z.number().nullable().describe('The first test started.'),
    })
    .describe('Seconds from starting QEMU to each milestone; null where it was not reached.'),
  consolePath: z.string().describe('Its console, whole, relative to the run’s directory.'),
  directory: z.string().describe('Directory of the guest’s files, relative to the run’s directory.'),
  memoryDump: z
    .string()
    .optional()
    .describe(
      "The memory of a guest that panicked or hung, where it was to be kept: an ELF core, compressed by zstd where that is at hand; relative to the record's directory.",
    ),
  explanation: z
    .string()
    .optional()
    .describe(
      'What that memory says of the end, by drgn: at most 10 KiB of text, from the guest as all it prints. Absent where it was not read.',
    ),
  argv: z.array(z.string()).describe('The QEMU command line, for the curious and for reproduction.'),
  release: z.string().nullable().describe('`uname -r` in the guest; null where it never told.'),
  reports: z.array(kernelReportSchema).describe('Every kernel report on its console.'),
})
/** One guest from QEMU's start to its end. */
export type GuestRun = z.infer<typeof guestRunSchema>

export const batchRunSchema = z.object({
  guest: z.number().int().positive(),
  suite: suiteNameSchema.describe('The suite.'),
  section: z.string().describe('Name of the section.'),
  tests: z.array(z.string()).describe('Tests handed to the guest in this batch, in order.'),
  directory: z
    .string()
    .describe("Relative to the run's directory; holds what the suite printed (`check.stdout`) and `results/` as it writes them."),
  timeline: z
    .array(z.object({ name: z.string(), startedAt: z.string(), endedAt: z.string().nullable(), seconds: z.number().nullable() }))
    .describe('Start and end as the guest reported them; `endedAt` null for the test it died under.'),
  returned: z
    .array(z.string())
    .optional()
    .describe(
      'Tests the guest came to and that are no attempt here: they had started while it was being ended for another, or were taken from its list meanwhile. They are handed out again.',
    ),
  exitStatus: z
    .number()
    .int()
    .nullable()
    .describe('Exit status of what ran the batch, null where the guest died first. Means nothing alone.'),
  endedByUs: z
    .boolean()
    .optional()
    .describe(
      'True where the host ended it before its time: that it is interrupted, without a summary or a good exit status, says nothing then. Absent: no.',
    ),
  endedAfter: z.string().nullable().optional().describe('With `endedByUs`: the last test before it; null where none had started.'),
  takenOver: z
    .object({
      guest: z.number().int().positive().describe('The guest whose list they stood on.'),
      seconds: z.number().nonnegative().describe('What they were expected to take.'),
      costSeconds: z
        .number()
        .nonnegative()
        .describe('What it costs to begin: a start of the suite, and of a guest where it was a fresh one.'),
    })
    .optional()
    .describe('Set where the tests were taken from the end of another guest’s list. Absent: they were handed out.'),
  died: z
    .object({ exit: vmExitSchema, test: z.string().nullable() })
    .nullable()
    .describe('Set where the guest ended during the batch: the test it ran then, if any.'),
  notes: z.array(z.string()).describe('Notes about the results channel: caps hit, refused file names, a cut stream.'),
})
/** One batch of tests in a guest: its evidence lies in `directory`. */
export type BatchRun = z.infer<typeof batchRunSchema>

export const stoppedSchema = z.object({
  kind: z.enum(['deadline', 'cancelled', 'infrastructure', 'build-failed']).describe('What ended it.'),
  reason: z.string().describe('In words.'),
})
/** What ended a run, or a shard of one, before all its tests had their turn. */
export type Stopped = z.infer<typeof stoppedSchema>

/** Everything the VM stage leaves behind. */
export interface VmRun {
  readonly guests: readonly GuestRun[]
  readonly batches: readonly BatchRun[]
  /** Sections given up because no VM lived to end one test, with the reason. */
  readonly abandonedSections: readonly (SectionId & { readonly reason: string })[]
  /** What stopped the run as a whole before the queue was empty. */
  readonly stopped: Readonly<Stopped> | null
  /** Guest settings that differ from the kernel's defaults (`norandmaps`, …), recorded because they can matter. */
  readonly settings: Readonly<Record<string, string>>
  readonly vms: number
  readonly memoryMiB: number
  readonly cpusPerVm: number
}
