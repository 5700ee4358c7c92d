import type { AcceleratorDecision } from '../domain/accelerator.js'
import type { Origin } from '../domain/origin.js'
import type { Plan, PlannedTest, Selection } from '../domain/plan.js'
import {
  type Attempt,
  type CacheLedgerEntry,
  type HostFacts,
  RECORD_VERSION,
  type RunRecord,
  type SectionRecord,
  type TestRecord,
} from '../domain/record.js'
import type { SuiteName } from '../domain/test.js'
import { testKey } from '../domain/test-key.js'
import { settle } from '../domain/verdict.js'
import type { BatchRun, VmRun } from '../domain/vm-run.js'
import type { Files } from '../ports/index.js'
import { type JudgedBatch, suiteOf, type TreeReader } from '../suites/index.js'
import { type AttemptTable, attributeReports, withExpectations } from './attribute-reports.js'
import { readBatch } from './batch-attempts.js'
import { conclude } from './conclude.js'
import { keepAttempt, keepReport, keptAside } from './keep-aside.js'
import { type OwnShard, ownShards } from './shards/own.js'

export interface RecordInput {
  /** Version of this program. */
  readonly toolVersion: string
  readonly runId: string
  /** ISO 8601. */
  readonly startedAt: string
  readonly endedAt: string
  readonly plan: Plan
  readonly selection: Selection
  readonly vmRun: VmRun
  readonly host: HostFacts
  readonly accelerator: AcceleratorDecision | null
  readonly revisions: Readonly<Record<string, string>>
  /** Kept in the record where it names the same bundle for ever; absent: not kept. */
  readonly bundlePath?: string
  readonly cache: readonly CacheLedgerEntry[]
  /** Where it comes from, as far as that is known; absent: nothing is. */
  readonly origin?: Origin
  /** Which shard of a run it is; absent: none. */
  readonly shard?: OwnShard
  /** What went wrong before and around the VMs, one sentence each. */
  readonly problems: readonly string[]
  /** Absolute; every path of the VM run is relative to it. */
  readonly runDirectory: string
  /** The sources of each suite on the host, where there are any: for expected outputs. */
  readonly suiteSources: Readonly<Record<SuiteName, string>>
}

/** What a record is made with. */
export type RecordFiles = TreeReader & Pick<Files, 'openTexts'>

interface ReadBatch {
  readonly batch: BatchRun
  /** Without its tests: they are in the table. */
  readonly judged: JudgedBatch
}

/**
 * Makes the record of a run from the evidence in its directory: every planned test is in it, whatever happened.
 * Nothing of the evidence makes this fail: what cannot be read is a problem in the record and leaves its tests `notreached`.
 *
 * Bodies of evidence lie in a file of the run's directory, as far as `files` has such.
 */
export async function buildRecord(files: RecordFiles, input: RecordInput): Promise<RunRecord> {
  const record: Omit<RunRecord, 'conclusion'> = await assemble(files, input)
  return { ...record, conclusion: conclude(record, null, input.plan.failOn) }
}

async function assemble(files: RecordFiles, input: RecordInput): Promise<Omit<RunRecord, 'conclusion'>> {
  const { vmRun, plan, selection } = input
  const aside = keptAside(input.runDirectory, files)
  const table: AttemptTable = new Map()
  const disagreements: RunRecord['disagreements'] = []
  const problems = [...input.problems]
  const read: ReadBatch[] = []
  for (const batch of vmRun.batches) {
    const judged = await suiteOf(batch.suite).judge(files, {
      directory: `${input.runDirectory}/${batch.directory}`,
      section: batch.section,
      tests: batch.tests,
      exitStatus: batch.exitStatus,
      source: input.suiteSources[batch.suite] ?? null,
    })
    const relative = (path: string) => relativeTo(input.runDirectory, path)
    const attempts = readBatch({ batch, judged, sharedLogs: sharedLogs(batch, judged, { vmRun, relative }), relative })
    for (const [name, own] of attempts.byTest) {
      const key = testKey({ suite: batch.suite, section: batch.section, name })
      table.set(key, [...(table.get(key) ?? []), ...own.map((attempt) => keepAttempt(attempt, aside))])
    }
    disagreements.push(...attempts.disagreements)
    problems.push(...attempts.problems.map((problem) => `guest ${batch.guest}, ${batch.section}: ${problem}`))
    read.push({ batch, judged: { ...judged, tests: [] } })
  }
  const guests = vmRun.guests.map((guest) => ({ ...guest, reports: guest.reports.map((report) => keepReport(report, aside)) }))
  const unattributedReports = withExpectations(
    attributeReports(guests, {
      ...{ table, disagreements, planned: selection.tests },
      accelerator: input.accelerator?.accelerator ?? null,
    }),
    selection,
  ).map((report) => keepReport(report, aside))
  if (vmRun.stopped !== null) problems.push(vmRun.stopped.reason)
  const sections = selection.sections.map((section) => sectionRecord(section, input, read))
  return {
    version: RECORD_VERSION,
    tool: { name: 'kernel-vmtest', version: input.toolVersion },
    runId: input.runId,
    startedAt: input.startedAt,
    endedAt: input.endedAt,
    plan,
    host: input.host,
    accelerator: input.accelerator,
    settings: { ...vmRun.settings },
    revisions: { ...input.revisions },
    ...(input.bundlePath === undefined ? {} : { bundlePath: input.bundlePath }),
    ...input.origin,
    ...(input.shard === undefined ? {} : { shards: ownShards(input.shard, { ...input, sections }, vmRun) }),
    sections,
    tests: selection.tests.map((planned) => testRecord(planned, table.get(testKey(planned)) ?? [], vmRun)),
    guests,
    unattributedReports,
    disagreements,
    problems,
    ...(vmRun.stopped === null ? {} : { stopped: vmRun.stopped }),
    cache: [...input.cache],
  }
}

function sharedLogs(
  batch: BatchRun,
  judged: JudgedBatch,
  { vmRun, relative }: { readonly vmRun: VmRun; readonly relative: (path: string) => string },
): Record<string, string> {
  const guest = vmRun.guests.find(({ id }) => id === batch.guest)
  return {
    ...(guest === undefined ? {} : { console: guest.consolePath }),
    ...(guest?.explanation !== undefined && batch.died !== null ? { memory: `${guest.directory}/memory.txt` } : {}),
    ...Object.fromEntries(Object.entries(judged.logs).map(([kind, path]) => [kind, relative(path)])),
  }
}

function relativeTo(directory: string, path: string): string {
  return path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : path
}

function sectionRecord(section: Selection['sections'][number], input: RecordInput, read: readonly ReadBatch[]): SectionRecord {
  const mine = read.filter(({ batch }) => batch.suite === section.suite && batch.section === section.name)
  const guests = input.vmRun.guests.filter((guest) => mine.some(({ batch }) => batch.guest === guest.id))
  const abandoned = input.vmRun.abandonedSections.find((one) => one.suite === section.suite && one.section === section.name)
  return {
    ...section,
    kernelRelease:
      guests.find((guest) => guest.release !== null)?.release ??
      mine.find(({ judged }) => judged.kernelRelease !== null)?.judged.kernelRelease ??
      null,
    platform: mine.find(({ judged }) => judged.platform !== null)?.judged.platform ?? null,
    couldNotTest: abandoned?.reason ?? whyNotTheSection(section, mine) ?? mine.map(doubtOf).find((reason) => reason !== null) ?? null,
  }
}

/** What speaks against taking a batch's verdicts for the whole truth, as a sentence; null where nothing does. */
function doubtOf({ batch, judged }: ReadBatch): string | null {
  // What the guest's death or the host cut short is known to be unended: its tests are not reached.
  const isCut = batch.endedByUs === true || batch.died !== null
  const [doubt] = judged.doubts.filter(({ kind }) => !(isCut && kind === 'unended'))
  return doubt === undefined ? null : `${doubt.reason}.`
}

function whyNotTheSection(section: Selection['sections'][number], mine: readonly ReadBatch[]): string | null {
  const { proof } = suiteOf(section.suite)
  return (
    proof?.(
      section,
      mine.map(({ judged }) => judged),
    ) ?? null
  )
}

function testRecord(planned: PlannedTest, attempts: Attempt[], vmRun: VmRun): TestRecord {
  const settled = settle(attempts)
  const status = planned.expunged !== undefined && attempts.length === 0 ? 'expunged' : settled.status
  const { suite, section, name, file, line, expectedNotrun, groups } = planned
  return {
    suite,
    section,
    name,
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    status,
    flaky: settled.flaky,
    reason: reasonFor(planned, status, attempts, vmRun),
    expectedFailure: planned.expectedFailure ?? null,
    ...(expectedNotrun === undefined ? {} : { expectedNotrun }),
    ...(groups === undefined ? {} : { groups }),
    attempts,
  }
}

function reasonFor(planned: PlannedTest, status: TestRecord['status'], attempts: readonly Attempt[], vmRun: VmRun): string | null {
  if (status === 'expunged') return planned.expunged?.reason ?? null
  if (status !== 'notrun' && status !== 'notreached') return null
  const said = attempts.find((attempt) => attempt.status === status)?.message
  if (said !== undefined && said !== null) return said
  if (status === 'notrun') return 'no reason given'
  const abandoned = vmRun.abandonedSections.find((one) => one.suite === planned.suite && one.section === planned.section)
  return abandoned?.reason ?? vmRun.stopped?.reason ?? 'no guest got to it'
}
