import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { AcceleratorDecision } from '../domain/accelerator.js'
import { describeError, UserError } from '../domain/errors.js'
import type { Selection } from '../domain/plan.js'
import type { CacheLedgerEntry, RunRecord } from '../domain/record.js'
import type { Built, Report } from '../domain/stages.js'
import type { SuiteName } from '../domain/test.js'
import type { TimeSplit } from '../domain/time-split.js'
import { exitCode } from '../domain/verdict.js'
import type { VmRun } from '../domain/vm-run.js'
import type { Ports } from '../ports/index.js'
import { writeReport } from '../report/index.js'
import {
  buildRecord,
  comparisonOf,
  conclude,
  type Offered,
  type OwnShard,
  pastVerdicts,
  type RecordInput,
  testTimes,
  withCompared,
} from '../results/index.js'
import { DumpBudget, decideAccelerator } from '../vm/index.js'
import { chooseByMap } from './choose-by-map.js'
import { aimCoverage, type CoverageAim, countingOf, withCoverage } from './coverage.js'
import { decodeRecord } from './decode.js'
import { requireNamed } from './early-check.js'
import { readHostFacts } from './host-facts.js'
import { untilInterrupted } from './interruption.js'
import { readKernelLogs } from './kernel-logs.js'
import { obtainBundle } from './obtain-bundle.js'
import { SELECTION_FILE } from './open-run.js'
import type { PipelineOptions } from './options.js'
import { type Memory, NOTHING_KNOWN, recall, remember } from './past-runs.js'
import { lastingBundlePath, NO_PROOF, type Proof, type ProofOptions, proveOnBase, withProof } from './prove-on-base.js'
import { rerunFailures } from './rerun-failures.js'
import { resolveSelection } from './resolve-selection.js'
import { runGuests } from './run-guests.js'
import { noteEnded } from './run-process.js'
import { SHARDS_FILE, takeShard } from './share-out.js'
import { steadyClock } from './steady-clock.js'
import { timeSplit } from './time-split.js'

export interface PipelineOutcome {
  readonly report: Report
  /** As the policy (`fail-on`) has it: 0 only where nothing has to be red. */
  readonly exitCode: number
  /** Where the time went; null for what did not happen. */
  readonly seconds: { readonly kernel: number | null; readonly bundle: number | null }
}

/** What is known so far; a stage that fails leaves the rest as it was. */
interface Evidence {
  built: Built | null
  selection: Selection
  accelerator: AcceleratorDecision | null
  vmRun: VmRun
  ledger: readonly CacheLedgerEntry[]
  proof: Proof
  /** What earlier runs left. */
  memory: Memory
  /** What there was to select; null where that was not known. */
  offered: Offered | null
  /** Which shard of a run it is; null: none. */
  shard: OwnShard | null
  /** What is counted; null: nothing. */
  aim: CoverageAim | null
  /** Seconds of the stages so far. */
  laps: {
    nixSeconds: number
    guestsSeconds: number
    baseSeconds: number
    /** Of a build that came to nothing. */
    endedBuildSeconds: number
  }
}

/**
 * Carries a plan out: bundle, tests, record, renderings. What cannot be tested or built ends in a record that says so;
 * only what was asked wrongly is thrown.
 * @throws UserError of kind `usage`
 */
export async function runPipeline(options: PipelineOptions, given: Ports): Promise<PipelineOutcome> {
  const { run, onProgress } = options
  const ports = { ...given, clock: steadyClock(run, given.clock) }
  const evidence: Evidence = {
    built: null,
    selection: { sections: [], tests: [] },
    accelerator: null,
    vmRun: nothingRan(null),
    ledger: [],
    proof: NO_PROOF,
    memory: NOTHING_KNOWN,
    offered: null,
    shard: null,
    aim: null,
    laps: { nixSeconds: 0, guestsSeconds: 0, baseSeconds: 0, endedBuildSeconds: 0 },
  }
  try {
    await requireNamed(run.plan, ports)
    await test(options, evidence, ports)
  } catch (error) {
    if (error instanceof UserError && error.kind === 'usage' && !options.signal.aborted) {
      // Nothing ran: the corrected command may use the same directory.
      await ports.files.remove(run.directory)
      throw error
    }
    evidence.vmRun = { ...evidence.vmRun, stopped: options.signal.aborted ? CANCELLED : stoppedBy(error) }
    evidence.laps.endedBuildSeconds =
      evidence.built === null ? ports.clock.monotonicSeconds() - run.startedSeconds - evidence.laps.nixSeconds : 0
  }
  if (options.signal.aborted) evidence.vmRun = { ...evidence.vmRun, stopped: evidence.vmRun.stopped ?? CANCELLED_LATE }
  onProgress({ kind: 'waiting', message: null })
  onProgress({ kind: 'stage', stage: 'results', message: 'reading results' })
  const readingSince = ports.clock.monotonicSeconds()
  const read = await withCounts(withProof(await recordOf(options, evidence, ports), evidence.proof), evidence, options, ports)
  const clock = { since: run.startedSeconds, readingSince, now: ports.clock.monotonicSeconds() }
  const record = { ...read, time: timeOf(evidence, { ...clock, compiles: run.plan.kernelTree !== undefined }) }
  try {
    return await judge(record, evidence, options, ports)
  } finally {
    await noteEnded(run.directory, ports.files)
  }
}

function nothingRan(stopped: VmRun['stopped']): VmRun {
  return { guests: [], batches: [], abandonedSections: [], stopped, settings: {}, vms: 0, memoryMiB: 0, cpusPerVm: 0 }
}

/** What fails after an interruption fails because of it. */
const CANCELLED: VmRun['stopped'] = { kind: 'cancelled', reason: 'The run was interrupted before a guest was started.' }
/** Every test may have ended; what should follow them did not. */
const CANCELLED_LATE: VmRun['stopped'] = { kind: 'cancelled', reason: 'The run was interrupted before it could report.' }

function stoppedBy(error: unknown): NonNullable<VmRun['stopped']> {
  if (!(error instanceof UserError)) return { kind: 'infrastructure', reason: `An unexpected error: ${describeError(error)}` }
  const what = describeError(error)
  // A compiler's words end as they end: with a caret, in the middle of a line.
  const reason = `${what}${/[.!?]$/.test(what) && !what.includes('\n') ? ' ' : '\n'}${error.nextStep}`
  return { kind: error.kind === 'build-failed' ? 'build-failed' : 'infrastructure', reason }
}

async function test(options: PipelineOptions, evidence: Evidence, ports: Ports): Promise<void> {
  const { inputs, run, places, onProgress } = options
  const { plan } = run
  const aim = await aimCoverage(plan, places, ports)
  evidence.aim = aim
  if (aim !== null) onProgress({ kind: 'stage', stage: 'plan', message: aim.note })
  const wanted = {
    ...{ plan, nix: inputs.nix, places, runDirectory: run.directory, signal: options.signal, onProgress },
    ...countingOf(aim),
  }
  const obtained = await untilInterrupted(options.signal, ports, (ending) => obtainBundle(wanted, ending))
  const { built } = obtained
  evidence.built = built
  evidence.ledger = obtained.ledger
  evidence.laps.nixSeconds = obtained.nixSeconds
  const resolved = await untilInterrupted(options.signal, ports, (ending) => resolveSelection({ plan, built, places }, ending))
  const { selection: whole, notes, offered, catalogued } = resolved
  const attempt = Number(ports.runner.env.GITHUB_RUN_ATTEMPT ?? '') || 1
  const shardWanted = { plan, built, selection: whole, offered: catalogued, attempt }
  const taken = await untilInterrupted(options.signal, ports, (ending) => takeShard(shardWanted, ending))
  const shared = taken?.selection ?? whole
  evidence.selection = shared
  evidence.offered = offered
  evidence.shard = taken?.shard ?? null
  if (taken !== null) await ports.files.write(join(run.directory, SHARDS_FILE), `${JSON.stringify(taken.shard)}\n`)
  const recalling = { plan, places, built, toolVersion: options.toolVersion, tested: options.tested ?? {} }
  const memory = await untilInterrupted(options.signal, ports, (ending) => recall(recalling, ending))
  const choosing = { plan, selection: shared, map: memory.baseline?.coverage, places }
  const choice = await untilInterrupted(options.signal, ports, (ending) => chooseByMap(choosing, ending))
  const { selection } = choice
  evidence.selection = selection
  evidence.memory = { ...memory, problems: [...memory.problems, ...choice.problems] }
  await ports.files.write(join(run.directory, SELECTION_FILE), `${JSON.stringify(selection, null, 2)}\n`)
  for (const note of [...notes, ...choice.notes]) onProgress({ kind: 'stage', stage: 'plan', message: note })
  const deciding: Parameters<typeof decideAccelerator>[2] = {
    qemu: built.qemu,
    architecture: built.bundle.architecture,
    memory: 'use',
    // A runner is there for this job; a developer's machine is not ours to change.
    permissions: plan.face === 'action' ? 'fix' : 'leave',
    onCleanup: (cleanup) => options.onReceipt({ cleanups: [cleanup] }),
  }
  const accelerator = await untilInterrupted(options.signal, ports, (ending) => decideAccelerator(plan.accelerator, ending, deciding))
  evidence.accelerator = accelerator
  onProgress({ kind: 'accelerator', decision: accelerator })
  const guests = { ...options, built, accelerator, history: testTimes(memory.history), dumpBudget: new DumpBudget() }
  const guestsSince = ports.clock.monotonicSeconds()
  evidence.vmRun = await runGuests({ ...guests, selection, firstGuest: 1 }, ports)
  evidence.vmRun = await rerunFailures(
    { ...guests, selection, vmRun: evidence.vmRun, judge: (vmRun) => recordOf(options, { ...evidence, vmRun }, ports) },
    ports,
  )
  const baseSince = ports.clock.monotonicSeconds()
  evidence.laps.guestsSeconds = baseSince - guestsSince
  if (evidence.vmRun.stopped !== null) return
  const record = await recordOf(options, evidence, ports)
  const judgeBase: ProofOptions['judgeBase'] = (ran) => recordOf({ ...options, run: ran.run }, { ...evidence, ...ran }, ports)
  const { session } = obtained
  evidence.proof = await proveOnBase({ ...guests, selection, session, baseline: memory.baseline, record, judgeBase }, ports)
  // Without a base there were only the verdicts to be made.
  if (evidence.proof !== NO_PROOF) evidence.laps.baseSeconds = ports.clock.monotonicSeconds() - baseSince
}

/** Where the time went until now. */
function timeOf(
  { built, laps: { endedBuildSeconds, ...laps }, vmRun }: Evidence,
  { since, readingSince, now, compiles }: Record<'since' | 'readingSince' | 'now', number> & { readonly compiles: boolean },
): TimeSplit {
  const kernelSeconds = built?.kernelSeconds ?? (compiles ? endedBuildSeconds : 0)
  const bundleSeconds = built?.buildSeconds ?? (compiles ? 0 : endedBuildSeconds)
  const whole = { wholeSeconds: now - since, reportSeconds: now - readingSince }
  return timeSplit({ ...laps, ...whole, kernelSeconds, bundleSeconds }, vmRun)
}

/** What must be left of a run's time to write its record and its pages, in seconds. */
const WRITING_SECONDS = 8
/** However late it is, so much is read. */
const LEAST_READING_SECONDS = 5

/** What reading results may take, in seconds: to the end of the run's time. */
function readingSeconds({ plan, startedSeconds }: PipelineOptions['run'], now: number): number {
  return Math.max(LEAST_READING_SECONDS, plan.timeoutMinutes * 60 - WRITING_SECONDS - (now - startedSeconds))
}

async function recordOf(options: PipelineOptions, evidence: Evidence, ports: Ports): Promise<RunRecord> {
  const { run } = options
  const bundlePath = evidence.built === null ? null : lastingBundlePath(evidence.built, run.plan)
  const input: RecordInput = {
    toolVersion: options.toolVersion,
    runId: randomUUID(),
    startedAt: run.startedAt.toISOString(),
    endedAt: ports.clock.now().toISOString(),
    plan: run.plan,
    selection: evidence.selection,
    vmRun: evidence.vmRun,
    host: await readHostFacts(ports),
    accelerator: evidence.accelerator,
    revisions: evidence.built?.bundle.revisions ?? {},
    ...(bundlePath === null ? {} : { bundlePath }),
    cache: evidence.ledger,
    origin: evidence.memory.origin,
    ...(evidence.shard === null ? {} : { shard: evidence.shard }),
    problems: [],
    runDirectory: run.directory,
    suiteSources: suiteSources(evidence.built),
  }
  const read = options.readRecord ?? ((given) => buildRecord(ports.files, given))
  return read(input, { signal: options.signal, seconds: readingSeconds(run, ports.clock.monotonicSeconds()) })
}

async function judge(undecoded: RunRecord, evidence: Evidence, options: PipelineOptions, ports: Ports): Promise<PipelineOutcome> {
  const { run, places } = options
  const { failOn } = run.plan
  const { memory, offered } = evidence
  const { baseline, facts } = memory
  const decoded = await decodeRecord(undecoded, evidence.built?.bundle.kernel ?? null, ports)
  const record = baseline === null ? decoded : withCompared(decoded, baseline, { ...facts, offered })
  const comparison = comparisonOf(record)
  const judged = {
    ...record,
    problems: [...record.problems, ...memory.problems],
    conclusion: conclude(record, comparison, failOn),
  }
  options.onProgress({ kind: 'stage', stage: 'report', message: `writing to ${run.directory}` })
  const report = await writeReport(
    judged,
    comparison,
    {
      directory: run.directory,
      baseline,
      history: pastVerdicts(memory.history, { timeoutFactor: record.accelerator?.timeoutFactor ?? 1 }),
      kernelLog: await readKernelLogs(judged, run.directory, ports),
      artifactName: run.plan.face === 'action' ? run.plan.artifactName : null,
      changedFiles: await ports.github.changedFiles(),
      sourceDirectories: relativeSources(evidence.built, places.workingDirectory),
    },
    ports,
  )
  // Its cache may be slow; the results that are to be published wait for it.
  const remembering = (ending: Ports) => (options.remembers === false ? Promise.resolve() : remember(judged, memory, places, ending))
  await untilInterrupted(options.signal, ports, remembering).catch((error) => {
    if (!options.signal.aborted) throw error
  })
  const { built } = evidence
  return {
    report,
    exitCode: exitCode(judged.conclusion, failOn),
    seconds: { kernel: built?.kernelSeconds ?? null, bundle: built?.buildSeconds ?? null },
  }
}

/** The record with what its tests ran, where that was counted. */
async function withCounts(record: RunRecord, { aim, built, vmRun }: Evidence, options: PipelineOptions, ports: Ports): Promise<RunRecord> {
  if (aim === null || built?.coverage === undefined || vmRun.batches.length === 0) return record
  const { run, places, signal } = options
  const counted = { aim, built: built.coverage, vmRun, runDirectory: run.directory, temporaryDirectory: places.temporaryDirectory, signal }
  return withCoverage(record, counted, ports)
}

function suiteSources(built: Built | null): Readonly<Record<SuiteName, string>> {
  return Object.fromEntries(built?.suites.flatMap(({ name, source }) => (source === null ? [] : [[name, source]])) ?? [])
}

/** Where the sources of each suite lie in the repository, where they do. */
function relativeSources(built: Built | null, workingDirectory: string): Readonly<Record<SuiteName, string>> {
  const relative = Object.entries(suiteSources(built)).map(([name, source]) => [name, relativeSource(source, workingDirectory)] as const)
  return Object.fromEntries(relative.flatMap(([name, source]) => (source === null ? [] : [[name, source]])))
}

function relativeSource(source: string, workingDirectory: string): string | null {
  if (source === workingDirectory) return ''
  return source.startsWith(`${workingDirectory}/`) ? source.slice(workingDirectory.length + 1) : null
}
