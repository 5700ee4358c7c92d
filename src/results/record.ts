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
import {
  type FileSystemNotes,
  type FstestsVerdicts,
  gatherEvidence,
  readFstestsResults,
  type TreeReader,
  whyExitStatus,
} from '../suites/fstests/index.js'
import { type AttemptTable, attributeReports } from './attribute-reports.js'
import { type PendingAttempt, readBatch } from './batch-attempts.js'
import { conclude } from './conclude.js'
import { type SectionEvidence, whyNotTheSection } from './section-proof.js'
import { capDiff, unifiedDiff } from './unified-diff.js'

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
  /** What went wrong before and around the VMs, one sentence each. */
  readonly problems: readonly string[]
  /** Absolute; every path of the VM run is relative to it. */
  readonly runDirectory: string
  /** The sources of each suite on the host, where there are any: for expected outputs. */
  readonly suiteSources: Readonly<Record<SuiteName, string>>
}

/** Bytes of an output read for a diff. */
const longestOutput = 4 * 1024 * 1024

interface ReadBatch {
  readonly batch: BatchRun
  readonly verdicts: FstestsVerdicts
  readonly fileSystem: FileSystemNotes
}

/**
 * Makes the record of a run from the evidence in its directory: every planned test is in it, whatever happened.
 * Nothing of the evidence makes this fail: what cannot be read is a problem in the record and leaves its tests `notreached`.
 */
export async function buildRecord(files: TreeReader, input: RecordInput): Promise<RunRecord> {
  const record: Omit<RunRecord, 'conclusion'> = await assemble(files, input)
  return { ...record, conclusion: conclude(record, null, input.plan.failOn) }
}

async function assemble(files: TreeReader, input: RecordInput): Promise<Omit<RunRecord, 'conclusion'>> {
  const { vmRun, plan, selection } = input
  const table: AttemptTable = new Map()
  const disagreements: RunRecord['disagreements'] = []
  const problems = [...input.problems]
  const read: ReadBatch[] = []
  for (const batch of vmRun.batches) {
    const evidence = await gatherEvidence(files, `${input.runDirectory}/${batch.directory}`)
    const verdicts = readFstestsResults(evidence)
    const attempts = readBatch({
      batch,
      verdicts,
      sharedLogs: sharedLogs(batch, verdicts, vmRun),
      relative: (path) => relativeTo(input.runDirectory, path),
    })
    for (const [name, pending] of attempts.byTest) {
      const key = testKey({ suite: batch.suite, section: batch.section, name })
      const finished: Attempt[] = []
      for (const one of pending) finished.push(await finishDiff(files, { source: input.suiteSources[batch.suite] ?? null, name }, one))
      table.set(key, [...(table.get(key) ?? []), ...finished])
    }
    disagreements.push(...attempts.disagreements)
    problems.push(...attempts.problems.map((problem) => `guest ${batch.guest}, ${batch.section}: ${problem}`))
    const { fileSystem } = evidence
    read.push({ batch, verdicts, fileSystem })
  }
  const unattributedReports = attributeReports(vmRun.guests, {
    ...{ table, disagreements },
    accelerator: input.accelerator?.accelerator ?? null,
  })
  if (vmRun.stopped !== null) problems.push(vmRun.stopped.reason)
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
    sections: selection.sections.map((section) => sectionRecord(section, input, read)),
    tests: selection.tests.map((planned) => testRecord(planned, table.get(testKey(planned)) ?? [], vmRun)),
    guests: [...vmRun.guests],
    unattributedReports,
    disagreements,
    problems,
    ...(vmRun.stopped === null ? {} : { stopped: vmRun.stopped }),
    cache: [...input.cache],
  }
}

function sharedLogs(batch: BatchRun, verdicts: FstestsVerdicts, vmRun: VmRun): Record<string, string> {
  const guest = vmRun.guests.find((one) => one.id === batch.guest)
  return {
    ...(guest === undefined ? {} : { console: guest.consolePath }),
    ...(verdicts.sections.length === 0 ? {} : { stdout: `${batch.directory}/check.stdout` }),
  }
}

function relativeTo(directory: string, path: string): string {
  return path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : path
}

async function finishDiff(
  files: TreeReader,
  { source, name }: { readonly source: string | null; readonly name: string },
  pending: PendingAttempt,
): Promise<Attempt> {
  const { attempt, outBad } = pending
  const computed = outBad === null || source === null ? null : await computeDiff(files, `${source}/tests/${name}.out`, outBad.path, name)
  const diff = computed ?? attempt.diff
  return { ...attempt, diff: diff === null ? null : capDiff(diff, attempt.logs.outBad ?? null) }
}

/** Null where either output cannot be read: a golden output may be a link that is only made in the guest. */
async function computeDiff(files: TreeReader, golden: string, outBad: string, name: string): Promise<string | null> {
  const [before, after] = [await readOutput(files, golden), await readOutput(files, outBad)]
  if (before === null || after === null) return null
  const diff = unifiedDiff(before, after, { before: `tests/${name}.out`, after: `${name}.out.bad` })
  return diff === '' ? null : diff
}

async function readOutput(files: TreeReader, path: string): Promise<string | null> {
  try {
    const entry = await files.stat(path)
    if (entry?.kind !== 'file') return null
    return new TextDecoder().decode(await files.readBytes(path, { offset: 0, length: Math.min(entry.sizeBytes, longestOutput) }))
  } catch {
    // No difference can be shown then; the verdict does not depend on it.
    return null
  }
}

function sectionRecord(section: Selection['sections'][number], input: RecordInput, read: readonly ReadBatch[]): SectionRecord {
  const mine = read.filter(({ batch }) => batch.suite === section.suite && batch.section === section.name)
  const guests = input.vmRun.guests.filter((guest) => mine.some(({ batch }) => batch.guest === guest.id))
  const abandoned = input.vmRun.abandonedSections.find((one) => one.suite === section.suite && one.section === section.name)
  return {
    ...section,
    kernelRelease:
      guests.find((guest) => guest.release !== null)?.release ??
      mine.map(({ verdicts }) => verdicts.properties.KERNEL).find(Boolean) ??
      null,
    platform: mine.flatMap(({ verdicts }) => verdicts.sections.flatMap((one) => one.platform ?? []))[0] ?? null,
    couldNotTest:
      abandoned?.reason ?? whyNotTheSection(section, mine.map(evidenceOf)) ?? mine.map(doubtOf).find((reason) => reason !== null) ?? null,
  }
}

/** What speaks against taking a batch's verdicts for the whole truth, as a sentence; null where nothing does. */
function doubtOf({ batch, verdicts }: ReadBatch): string | null {
  // What the guest's death or the host cut short is known to be unended: its tests are not reached.
  const isCut = batch.endedByUs === true || batch.died !== null
  const [doubt] = verdicts.doubts.filter(({ kind }) => !(isCut && kind === 'unended'))
  const failed = verdicts.verdicts.some(({ attempts }) => attempts.some(({ status }) => status === 'fail'))
  const reason = doubt?.reason ?? (isCut || batch.exitStatus === null ? null : whyExitStatus(batch.exitStatus, failed))
  return reason === null ? null : `${reason}.`
}

function evidenceOf({ verdicts, fileSystem }: ReadBatch): SectionEvidence {
  const passed = verdicts.verdicts.some(({ attempts }) => attempts.some(({ status }) => status === 'pass'))
  return { headers: verdicts.sections, fileSystem, passed }
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
