import * as z from 'zod'
import { acceleratorDecisionSchema } from './accelerator.js'
import { kernelReportSchema } from './kernel-report.js'
import { planSchema } from './plan.js'
import { sectionSchema } from './section.js'
import { suiteNameSchema, testStatusSchema } from './test.js'
import { guestRunSchema, vmExitSchema } from './vm-run.js'

export const RECORD_VERSION = 1

export const attemptSchema = z.object({
  status: testStatusSchema,
  durationSeconds: z.number().nonnegative().nullable(),
  guest: z.number().int().positive().nullable(),
  startedAt: z.string().nullable(),
  /** What the suite said: a failure's message, the reason of a notrun. */
  message: z.string().nullable(),
  /** The difference from the golden output, capped. */
  diff: z.string().nullable(),
  reports: z.array(kernelReportSchema),
  /** How the guest ended, where it ended under this test. */
  exit: vmExitSchema.nullable(),
  /** By kind (`full`, `outBad`, `dmesg`, `console`, …), relative to the record's directory. */
  logs: z.record(z.string(), z.string()),
})
/** One time a test ran. */
export type Attempt = z.infer<typeof attemptSchema>

export const baseVerdictSchema = z.object({
  status: testStatusSchema,
  /** What the base's bundle calls its kernel, for example a commit. */
  revision: z.string().nullable(),
  /** As the guest reported it. */
  kernelRelease: z.string().nullable(),
  bundlePath: z.string(),
  /** How it went there; log paths are relative to this record's directory. */
  attempts: z.array(attemptSchema),
})
/** What a new failure came to in a fresh VM of the base's own bundle: kernel, programs and tests. */
export type BaseVerdict = z.infer<typeof baseVerdictSchema>

export const testRecordSchema = z.object({
  section: z.string(),
  name: z.string(),
  file: z.string().optional(),
  line: z.number().int().positive().optional(),
  /** The first verdict: it stands, whatever later attempts say. */
  status: testStatusSchema,
  /**
   * True where a later attempt passed after a first failure or timeout. Never for a crash, nor where the kernel reported a bug:
   * a later pass does not undo those.
   */
  flaky: z.boolean(),
  /** Why it is expunged, notrun, or notreached. */
  reason: z.string().nullable(),
  expectedFailure: z.object({ reason: z.string(), link: z.string().optional() }).nullable(),
  /** Newest last; empty for a test that never started. */
  attempts: z.array(attemptSchema),
  /** Absent where the test was not run on the base. */
  onBase: baseVerdictSchema.optional(),
})
/** Everything known about one planned test. */
export type TestRecord = z.infer<typeof testRecordSchema>

export const sectionRecordSchema = sectionSchema.extend({
  suite: suiteNameSchema,
  /** As the guest reported them; null where none came up. */
  kernelRelease: z.string().nullable(),
  platform: z.string().nullable(),
  /** Set where the section could not be tested at all. */
  couldNotTest: z.string().nullable(),
})
export type SectionRecord = z.infer<typeof sectionRecordSchema>

/**
 * `passed`, `failed`: tests ran and were judged. `could-not-test`: an infrastructure error.
 * `build-failed`: the kernel or VM does not build. `cancelled`: someone stopped it.
 */
export const conclusionKindSchema = z.enum(['passed', 'failed', 'could-not-test', 'build-failed', 'cancelled'])
export type ConclusionKind = z.infer<typeof conclusionKindSchema>

export const conclusionSchema = z.object({
  kind: conclusionKindSchema,
  /** One sentence a user reads. */
  reason: z.string(),
  counts: z.record(testStatusSchema, z.number().int().nonnegative()),
})
export type Conclusion = z.infer<typeof conclusionSchema>

export const disagreementSchema = z.object({
  section: z.string(),
  test: z.string(),
  /** What each source said, for example `{"stdout":"pass","result.xml":"fail"}`. */
  sources: z.record(z.string(), z.string()),
  /** The status taken, and why, in one sentence. */
  resolution: z.string(),
})
/** Two sources of one verdict that do not agree. */
export type Disagreement = z.infer<typeof disagreementSchema>

export const cacheLedgerEntrySchema = z.object({
  layer: z.string(),
  key: z.string(),
  outcome: z.enum(['hit', 'partial', 'miss', 'disabled', 'failed', 'saved', 'not-saved']),
  detail: z.string(),
  bytes: z.number().nonnegative().nullable(),
  restoreSeconds: z.number().nonnegative().nullable(),
  saveSeconds: z.number().nonnegative().nullable(),
  /** What a hit spared, as the run that saved it measured. */
  savedSeconds: z.number().nonnegative().nullable(),
})
/** What one cache layer cost and gave. */
export type CacheLedgerEntry = z.infer<typeof cacheLedgerEntrySchema>

export const hostSchema = z.object({
  os: z.string(),
  architecture: z.string(),
  kernelRelease: z.string(),
  cpus: z.number().int().positive(),
  memoryMiB: z.number().positive(),
})
export type HostFacts = z.infer<typeof hostSchema>

export const runRecordSchema = z.object({
  version: z.literal(RECORD_VERSION),
  tool: z.object({ name: z.literal('kernel-vmtest'), version: z.string() }),
  runId: z.string(),
  startedAt: z.string(),
  endedAt: z.string(),
  plan: planSchema,
  host: hostSchema,
  accelerator: acceleratorDecisionSchema.nullable(),
  /** Guest settings that differ from the kernel's defaults. */
  settings: z.record(z.string(), z.string()),
  revisions: z.record(z.string(), z.string()),
  /**
   * Store path of the bundle that ran. Absent where it lies elsewhere (another one may lie there by the time it is read) and where
   * another kernel took the place of its own.
   */
  bundlePath: z.string().optional(),
  sections: z.array(sectionRecordSchema),
  /** Every planned test, in the plan's order. */
  tests: z.array(testRecordSchema),
  guests: z.array(guestRunSchema),
  /** Kernel reports no test owns: before the first test or after the last. */
  unattributedReports: z.array(kernelReportSchema),
  disagreements: z.array(disagreementSchema),
  /** What went wrong around the tests, one sentence each. */
  problems: z.array(z.string()),
  /** What ended the run as a whole before every planned test had its turn; absent where nothing did. */
  stopped: z.object({ kind: z.enum(['deadline', 'cancelled', 'infrastructure', 'build-failed']), reason: z.string() }).optional(),
  cache: z.array(cacheLedgerEntrySchema),
  conclusion: conclusionSchema,
})
/** `run.json`: the one source of JUnit, summary, annotations, HTML and comparison. */
export type RunRecord = z.infer<typeof runRecordSchema>
