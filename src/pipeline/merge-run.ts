import { basename, dirname, join, relative } from 'node:path'
import { describeError, UserError } from '../domain/errors.js'
import type { FailOn } from '../domain/inputs.js'
import type { RunRecord } from '../domain/record.js'
import { shardName } from '../domain/shards.js'
import type { SharedPlan } from '../domain/shared-plan.js'
import type { Report } from '../domain/stages.js'
import { sectionKey } from '../domain/test-key.js'
import { exitCode } from '../domain/verdict.js'
import type { Ports } from '../ports/index.js'
import { writeReport } from '../report/index.js'
import {
  type ComparisonFacts,
  comparisonOf,
  conclude,
  emptyHistory,
  type History,
  KnownPromises,
  mergeAll,
  notPassedSince,
  type Offered,
  type OwnShard,
  offeredKey,
  ownShardSchema,
  parseRecord,
  pastVerdicts,
  relocateRecord,
  ShardMerge,
  withCompared,
} from '../results/index.js'
import { loadBaseline } from './baseline.js'
import { readHostFacts } from './host-facts.js'
import { HISTORY_FILE } from './past-runs.js'
import { readHistory } from './record-shelf.js'
import { recoverRecord } from './recover.js'
import { readSharedPlan, SHARDS_FILE } from './share-out.js'

export interface MergeOptions {
  /** Directories of runs, records, or directories of such directories; absolute. */
  readonly paths: readonly string[]
  /** Where the merged record and its renderings go; absolute. */
  readonly output: string
  /** The plan that was handed out: file or directory; null: the shards say what was promised. */
  readonly plan: string | null
  /** The record to compare with; null: the one beside the plan, or the one the plan names. */
  readonly baseline: string | null
  readonly failOn: FailOn | null
  /** Shards that came and cannot be read. */
  readonly damaged?: readonly DamagedRun[]
  /** What else stands against the whole, each a clause: a job that was skipped. */
  readonly troubles?: readonly string[]
  readonly artifactName: string | null
  readonly toolVersion: string
  /** One line for each thing that is decided here. */
  readonly onNote: (message: string) => void
}

/** A shard that came and cannot be read. */
export interface DamagedRun {
  readonly name: string
  readonly shard: Pick<OwnShard, 'own' | 'attempt'>
  /** A clause. */
  readonly reason: string
}

export interface Merged {
  readonly report: Report
  readonly history: History
  readonly exitCode: number
}

/**
 * Joins what shards left into one record, compares and concludes once, and writes it with its renderings. One record at a time is read, so
 * that memory holds the whole and one shard.
 * @throws UserError for records that are not of one run, and where nothing says what was to come
 */
export async function mergeRuns(options: MergeOptions, ports: Ports): Promise<Merged> {
  const shared = options.plan === null ? null : await readSharedPlan(options.plan, ports.files)
  const merged = withTroubles(await joinPaths(options, shared, ports), options.troubles ?? [])
  const { baseline, facts, history, problems } = await toCompareWith(merged, options, shared, ports)
  const compared = baseline === null ? merged : withCompared(merged, baseline, facts)
  const comparison = comparisonOf(compared)
  const failOn = options.failOn ?? compared.plan.failOn
  const named = options.artifactName === null ? {} : { artifactName: options.artifactName }
  const plan = { ...compared.plan, failOn, outputDirectory: options.output, ...named }
  const judged = { ...compared, plan, problems: [...compared.problems, ...problems] }
  const record = { ...judged, conclusion: conclude(judged, comparison, failOn) }
  const report = await writeReport(
    record,
    comparison,
    {
      directory: options.output,
      baseline,
      history: pastVerdicts(history, { timeoutFactor: record.accelerator?.timeoutFactor ?? 1 }),
      artifactName: options.artifactName,
      changedFiles: await ports.github.changedFiles(),
    },
    ports,
  )
  return { report, history, exitCode: exitCode(record.conclusion, failOn) }
}

/** What stands against the whole beside its shards is what ended it. */
function withTroubles(record: RunRecord, troubles: readonly string[]): RunRecord {
  if (troubles.length === 0) return record
  const reason = `${[...(record.stopped === undefined ? [] : [record.stopped.reason.replace(/\.$/, '')]), ...troubles].join('; ')}.`
  return { ...record, stopped: { kind: 'infrastructure', reason } }
}

async function joinPaths(options: MergeOptions, shared: SharedPlan | null, ports: Ports): Promise<RunRecord> {
  const now = ports.clock.now().toISOString()
  const tool = { name: 'kernel-vmtest' as const, version: options.toolVersion }
  const whole = shared === null ? null : { ...shared, tool, now, host: await readHostFacts(ports) }
  const merge = new ShardMerge(whole)
  const plain: RunRecord[] = []
  const damaged: string[] = []
  const promises = new KnownPromises()
  if (shared !== null) promises.add(shared.identity, shared.promise)
  for (const path of await runsOf(options.paths, ports.files)) {
    const found = await readRun(path, { ...options, promises }, ports)
    switch (found.kind) {
      case 'record': {
        const { shards } = found.record
        if (shards !== undefined) promises.add(shards.plan, shards.promise)
        const record = relocateRecord(found.record, relative(options.output, path) || '.')
        if (record.shards === undefined) plain.push(record)
        else addNamed(merge, record, path)
        break
      }
      case 'damaged':
        options.onNote(found.reason)
        damaged.push(found.reason)
        if (found.shard !== null) merge.addDamaged(found.shard, `damaged ${basename(path)}`, found.reason)
        merge.note(found.reason)
        break
    }
  }
  for (const { name, shard, reason } of options.damaged ?? []) merge.addDamaged(shard, name, reason)
  const [first] = plain
  if (first === undefined) return merge.finish()
  if (plain.length < options.paths.length || shared !== null || damaged.length > 0)
    throw new UserError(
      `${plain.length === 1 ? 'The record' : 'Records'} ${plain.map(({ runId }) => runId).join(', ')}: of no shard, beside shards or what cannot be read.`,
      'Merge records of `vmtest run --shard`, or those of whole runs, not both.',
    )
  // In one order, whichever they are named in.
  return mergeAll(plain.sort((left, right) => (orderOf(left) < orderOf(right) ? -1 : 1)))
}

function orderOf({ startedAt, runId }: RunRecord): string {
  return `${startedAt} ${runId}`
}

/** What does not fit is told by the directory it is in. */
function addNamed(merge: ShardMerge, record: RunRecord, path: string): void {
  try {
    merge.add(record)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(`${path}: ${error.message}`, error.nextStep, { cause: error.cause, kind: error.kind })
  }
}

/** The directories of runs: those named, and where one holds no run itself, those in it. @throws UserError where one is not there */
async function runsOf(paths: readonly string[], files: Ports['files']): Promise<readonly string[]> {
  const runs: string[] = []
  for (const path of paths) {
    const entry = await files.stat(path)
    if (entry === null) throw new UserError(`There is no ${path}.`, 'Name the directories of runs, or one that holds them.')
    if (entry.kind === 'file') runs.push(dirname(path))
    else if (await isRun(path, files)) runs.push(path)
    else runs.push(...(await runsBelow(path, files)))
  }
  return runs
}

async function runsBelow(directory: string, files: Ports['files']): Promise<readonly string[]> {
  const children: string[] = []
  for (const name of await files.list(directory)) {
    const child = join(directory, name)
    if ((await files.stat(child))?.kind === 'directory') children.push(child)
  }
  return children
}

const MARKS = ['run.json', 'plan.json', 'selection.json', SHARDS_FILE, 'guests']

async function isRun(directory: string, files: Ports['files']): Promise<boolean> {
  const names = await files.list(directory)
  return MARKS.some((mark) => names.includes(mark))
}

type FoundRun =
  | { readonly kind: 'record'; readonly record: RunRecord }
  /** `shard` is null where nothing says which one it is. */
  | { readonly kind: 'damaged'; readonly reason: string; readonly shard: OwnShard | null }

/** The record of a shard; made of what is there where it was killed before it could write one. */
async function readRun(
  directory: string,
  { toolVersion, promises }: Pick<MergeOptions, 'toolVersion'> & { readonly promises: KnownPromises },
  ports: Ports,
): Promise<FoundRun> {
  const { files } = ports
  const path = join(directory, 'run.json')
  const shard = await readOwnShard(directory, files)
  const damaged = (why: string): FoundRun => {
    const name = shard === null ? '' : `, ${shardName({ number: shard.own, count: shard.promise.shards.length })}`
    return { kind: 'damaged', reason: `${directory}${name}: ${why}`, shard }
  }
  if ((await files.stat(path)) !== null) {
    try {
      return { kind: 'record', record: parseRecord(await files.readText(path), path, promises) }
    } catch (error) {
      return damaged(`its record is damaged: ${describeError(error)}`)
    }
  }
  try {
    const record = await recoverRecord(directory, toolVersion, ports)
    return record === null ? damaged('it holds no record, and nothing to make one of') : { kind: 'record', record }
  } catch (error) {
    return damaged(`it holds no record, and none can be made: ${describeError(error)}`)
  }
}

async function readOwnShard(directory: string, files: Ports['files']): Promise<OwnShard | null> {
  try {
    return ownShardSchema.parse(JSON.parse(await files.readText(join(directory, SHARDS_FILE))))
  } catch {
    return null
  }
}

interface Comparing {
  readonly baseline: RunRecord | null
  readonly facts: ComparisonFacts
  readonly history: History
  readonly problems: readonly string[]
}

/** The record to compare with: the one named, the one that was handed out, else the one the plan names. */
async function toCompareWith(merged: RunRecord, options: MergeOptions, shared: SharedPlan | null, { files }: Ports): Promise<Comparing> {
  const handedOut = options.plan === null ? null : await directoryOf(options.plan, files)
  const beside = handedOut === null || shared?.compared === undefined ? null : join(handedOut, 'baseline')
  const baseline = options.baseline ?? beside ?? merged.plan.baseline
  const loaded = await loadBaseline({ baseline }, { files })
  const problems = [...loaded.problems]
  const history = handedOut === null ? emptyHistory : await readHistory(join(handedOut, HISTORY_FILE), problems, files)
  const choice = options.baseline === null && beside !== null ? shared?.compared : undefined
  const facts = {
    offered: offeredBy(merged),
    since: notPassedSince(history),
    ...(choice === undefined ? {} : { choice: choice.choice, ...(choice.key === undefined ? {} : { key: choice.key }) }),
  }
  return { baseline: loaded.record, facts, history, problems }
}

async function directoryOf(path: string, files: Ports['files']): Promise<string> {
  return (await files.stat(path))?.kind === 'directory' ? path : dirname(path)
}

/** What there was to choose from when the run was shared out; null for a record that does not say. */
function offeredBy({ shards }: RunRecord): Offered | null {
  if (shards === undefined) return null
  const { offered } = shards.promise
  return {
    tests: new Set(offered.flatMap(({ suite, tests }) => tests.map((name) => offeredKey({ suite, name })))),
    sections: new Set(offered.flatMap(({ suite, sections }) => sections.map((section) => sectionKey({ suite, section })))),
  }
}
