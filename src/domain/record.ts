import * as z from 'zod'
import { acceleratorDecisionSchema } from './accelerator.js'
import { comparedSchema, earlierVerdictSchema } from './compared.js'
import { coverageSchema } from './coverage.js'
import { kernelReportSchema } from './kernel-report.js'
import { originFields } from './origin.js'
import { planSchema, reasonSchema } from './plan.js'
import { sectionSchema } from './section.js'
import { shardsSchema } from './shards.js'
import { suiteNameSchema, testStatusSchema } from './test.js'
import { timeSplitSchema } from './time-split.js'
import { guestRunSchema, stoppedSchema, vmExitSchema } from './vm-run.js'

export const RECORD_VERSION = 2

/** Sub-tests kept of one attempt. */
export const MOST_SUBTESTS = 1000

export const subtestSchema = z.object({
  name: z.string().describe('As the program names it.'),
  status: z.enum(['pass', 'fail', 'notrun']).describe('What it came to.'),
  message: z.string().nullable().describe('What was said of it; null where nothing was.'),
})
/** One result within a test, as its program reported it. */
export type Subtest = z.infer<typeof subtestSchema>

export const metricSchema = z.object({
  name: z.string().describe('What was measured.'),
  value: z.number().describe('How much.'),
  unit: z.string().describe('In what, for example `ns`; empty where there is none.'),
})
/** A number a test reported. */
export type Metric = z.infer<typeof metricSchema>

export const attemptSchema = z.object({
  status: testStatusSchema.describe('What it came to.'),
  durationSeconds: z.number().nonnegative().nullable().describe('Wall-clock time in seconds; null where it is not known.'),
  guest: z.number().int().positive().nullable().describe('The guest it ran in (`guests[].id`); null where it started in none.'),
  startedAt: z.string().nullable().describe('ISO 8601 in UTC; null where it is not known.'),
  message: z.string().nullable().describe("What the suite said: a failure's message, the reason of a notrun."),
  diff: z.string().nullable().describe('The difference from the expected output, capped; null where there is none.'),
  reports: z.array(kernelReportSchema).describe('Kernel reports while it ran.'),
  exit: vmExitSchema.nullable().describe('How the guest ended, where it ended under this test.'),
  rerun: z
    .boolean()
    .optional()
    .describe('True where the suite itself ran it again because it had failed: a pass then says that it is flaky. Absent: no.'),
  logs: z.record(z.string(), z.string()).describe("By kind (`full`, `outBad`, `dmesg`, `console`, …), relative to the record's directory."),
  subtests: z
    .array(subtestSchema)
    .max(MOST_SUBTESTS)
    .optional()
    .describe('Results within the test, in order; at most 1000. Absent where it has none.'),
  subtestCount: z.number().int().nonnegative().optional().describe('How many there were in all.'),
  metrics: z.array(metricSchema).optional().describe('Numbers it reported. Absent where it reported none.'),
})
/** One time a test ran. */
export type Attempt = z.infer<typeof attemptSchema>

export const baseVerdictSchema = z.object({
  status: testStatusSchema.describe('What it came to on the base.'),
  revision: z.string().nullable().describe("What the base's bundle calls its kernel, for example a commit."),
  kernelRelease: z.string().nullable().describe('As the guest reported it.'),
  bundlePath: z.string().describe('Store path of the base’s bundle.'),
  attempts: z.array(attemptSchema).describe("How it went there; log paths are relative to this record's directory."),
})
/** What a new failure came to in a fresh VM of the base's own bundle: kernel, programs and tests. */
export type BaseVerdict = z.infer<typeof baseVerdictSchema>

export const testRecordSchema = z.object({
  suite: suiteNameSchema.describe('The suite it is of.'),
  section: z.string().describe('Name of the section.'),
  name: z.string().describe('Name of the test in its suite, such as `generic/001`.'),
  file: z.string().optional().describe('Source of the test, relative to the suite’s tree.'),
  line: z.number().int().positive().optional().describe('1-based.'),
  status: testStatusSchema.describe('The worst of its attempts: a later pass does not undo it.'),
  flaky: z
    .boolean()
    .describe(
      'True where a later attempt passed after a first failure or timeout. Never for a crash, nor where the kernel reported a bug: a later pass does not undo those.',
    ),
  reason: z.string().nullable().describe('Why it is expunged, notrun, or notreached; null otherwise.'),
  expectedFailure: reasonSchema.nullable().describe('The expectation that it fails; null where there is none.'),
  expectedNotrun: reasonSchema.optional().describe('The expectation that it declines; absent where there is none.'),
  groups: z.array(z.string()).optional().describe('Its groups in the suite; absent in records of versions that did not keep them.'),
  attempts: z.array(attemptSchema).describe('Newest last; empty for a test that never started.'),
  before: earlierVerdictSchema
    .optional()
    .describe('Of a test that fails: what it came to in the record the run is compared with. Absent where that has no verdict on it.'),
  onBase: baseVerdictSchema.optional().describe('Absent where the test was not run on the base.'),
})
/** Everything known about one planned test. */
export type TestRecord = z.infer<typeof testRecordSchema>

export const sectionRecordSchema = sectionSchema.extend({
  kernelRelease: z.string().nullable().describe('`uname -r` as the guest reported it; null where none came up.'),
  platform: z.string().nullable().describe('The guest’s platform as the suite prints it; null where it does not.'),
  couldNotTest: z.string().nullable().describe('Set where the section could not be tested at all.'),
})
export type SectionRecord = z.infer<typeof sectionRecordSchema>

/**
 * `passed`, `failed`: tests ran and were judged. `could-not-test`: an infrastructure error.
 * `build-failed`: the kernel or VM does not build. `cancelled`: someone stopped it.
 */
export const conclusionKindSchema = z.enum(['passed', 'failed', 'could-not-test', 'build-failed', 'cancelled'])
export type ConclusionKind = z.infer<typeof conclusionKindSchema>

export const conclusionSchema = z.object({
  kind: conclusionKindSchema.describe(
    '`passed`, `failed`: tests ran and were judged. `could-not-test`: an infrastructure error. `build-failed`: the kernel or the VM does not build. `cancelled`: someone stopped it.',
  ),
  reason: z.string().describe('One sentence a user reads.'),
  untested: z
    .string()
    .optional()
    .describe('Of a run that failed: why it would be `could-not-test` without its failures. Absent where it would not.'),
  counts: z.record(testStatusSchema, z.number().int().nonnegative()).describe('Number of tests by status.'),
})
export type Conclusion = z.infer<typeof conclusionSchema>

export const disagreementSchema = z.object({
  suite: suiteNameSchema.describe('The suite.'),
  section: z.string().describe('Name of the section.'),
  test: z.string().describe('Name of the test.'),
  sources: z.record(z.string(), z.string()).describe('What each source said, for example `{"stdout":"pass","result.xml":"fail"}`.'),
  resolution: z.string().describe('The status taken, and why, in one sentence.'),
})
/** Two sources of one verdict that do not agree. */
export type Disagreement = z.infer<typeof disagreementSchema>

export const cacheLedgerEntrySchema = z.object({
  layer: z.string().describe('Which cache.'),
  key: z.string().describe('Its key.'),
  outcome: z.enum(['hit', 'partial', 'miss', 'disabled', 'failed', 'saved', 'not-saved']).describe('What came of it.'),
  detail: z.string().describe('In words.'),
  bytes: z.number().nonnegative().nullable().describe('Size of the archive in bytes; null where none moved.'),
  restoreSeconds: z.number().nonnegative().nullable().describe('Time to restore, in seconds; null where nothing was.'),
  saveSeconds: z.number().nonnegative().nullable().describe('Time to save, in seconds; null where nothing was.'),
  savedSeconds: z.number().nonnegative().nullable().describe('What a hit spared, as the run that saved it measured.'),
})
/** What one cache layer cost and gave. */
export type CacheLedgerEntry = z.infer<typeof cacheLedgerEntrySchema>

export const hostSchema = z.object({
  os: z.string().describe('Name and version of the system.'),
  architecture: z.string().describe('As `uname -m` prints it.'),
  kernelRelease: z.string().describe('As `uname -r` prints it.'),
  cpus: z.number().int().positive().describe('Number of CPUs.'),
  memoryMiB: z.number().positive().describe('Memory in MiB.'),
})
export type HostFacts = z.infer<typeof hostSchema>

export const unattributedReportSchema = kernelReportSchema.extend({
  suite: z.string().optional().describe('The suite that ran; absent where it is not known.'),
  section: z.string().optional().describe('The section it came in; absent where it is not known.'),
  expected: reasonSchema.nullable().optional().describe('The expectation that it comes; absent or null where there is none.'),
})
/** A kernel report no test owns: its key is suite, section, phase and title. */
export type UnattributedReport = z.infer<typeof unattributedReportSchema>

export const runRecordSchema = z.object({
  version: z.literal(RECORD_VERSION).describe('Format of this file.'),
  tool: z
    .object({ name: z.literal('kernel-vmtest').describe('Its name.'), version: z.string().describe('Its version.') })
    .describe('What wrote it.'),
  runId: z.string().describe('Unique to the run.'),
  startedAt: z.string().describe('ISO 8601 in UTC.'),
  endedAt: z.string().describe('ISO 8601 in UTC.'),
  plan: planSchema.describe('What was decided before anything ran: plan.json.'),
  host: hostSchema.describe('The machine the guests ran on.'),
  accelerator: acceleratorDecisionSchema.nullable().describe('What the guests ran under, and why; null where none was started.'),
  settings: z.record(z.string(), z.string()).describe("Guest settings that differ from the kernel's defaults."),
  revisions: z.record(z.string(), z.string()).describe('Revision or version of everything in the bundle, by name.'),
  bundlePath: z
    .string()
    .optional()
    .describe(
      'Store path of the bundle that ran. Absent where it lies elsewhere (another one may lie there by the time it is read) and where another kernel took the place of its own.',
    ),
  ...originFields,
  compared: comparedSchema.optional().describe('The record this run is compared with; absent where there is none.'),
  shards: shardsSchema.optional().describe('How the run was shared out over several machines; absent where it was not.'),
  coverage: coverageSchema
    .optional()
    .describe('What the tests ran of the directories that were compiled with counters; absent where none were.'),
  sections: z.array(sectionRecordSchema).describe('The sections that were asked for.'),
  tests: z.array(testRecordSchema).describe("Every planned test, in the plan's order."),
  guests: z.array(guestRunSchema).describe('Every guest, in order of start.'),
  unattributedReports: z.array(unattributedReportSchema).describe('Kernel reports no test owns. One that counts fails its section.'),
  disagreements: z.array(disagreementSchema).describe('Verdicts on which two sources do not agree.'),
  problems: z.array(z.string()).describe('What went wrong around the tests, one sentence each.'),
  stopped: stoppedSchema
    .optional()
    .describe('What ended the run as a whole before every planned test had its turn; absent where nothing did.'),
  time: timeSplitSchema.optional().describe('Where the time went; absent in a record made of several, or of a run that was cut off.'),
  cache: z.array(cacheLedgerEntrySchema).describe('What each cache layer cost and gave; empty outside a workflow.'),
  conclusion: conclusionSchema.describe('The verdict.'),
})
/** `run.json`: the one source of JUnit, summary, annotations, HTML and comparison. */
export type RunRecord = z.infer<typeof runRecordSchema>
