import { join } from 'node:path'
import type { NixInputs } from '../domain/inputs.js'
import type { Plan } from '../domain/plan.js'
import type { RunRecord } from '../domain/record.js'
import type { ShardPromise } from '../domain/shards.js'
import type { SharedPlan } from '../domain/shared-plan.js'
import type { Built, Progress } from '../domain/stages.js'
import { comparableKey } from '../plan/comparable.js'
import { planIdentity, type ShardCount, wholePlan } from '../plan/shards/index.js'
import type { Ports } from '../ports/index.js'
import { testTimes } from '../results/index.js'
import { decideAccelerator } from '../vm/index.js'
import { aimCoverage, countingOf } from './coverage.js'
import type { Directories } from './directories.js'
import { obtainBundle } from './obtain-bundle.js'
import { HISTORY_FILE, type Memory, recall } from './past-runs.js'
import { resolveSelection } from './resolve-selection.js'
import { guessedTimes, type KnownTimes, SHARDS_FILE, shareOutBundle } from './share-out.js'

export interface PlanShardsOptions {
  readonly plan: Plan
  /** The plan as it is to be kept; absent: the same. */
  readonly recorded?: Plan
  /** The bundle goes on as an artifact; absent: it does not. */
  readonly handsOverStore?: boolean
  readonly nix: NixInputs
  readonly places: Directories
  readonly toolVersion: string
  readonly count: ShardCount
  /**
   * Where the plan goes, with what the shards are compared with; absolute. It may rest on what earlier runs took, since it travels. Null:
   * nothing is kept, and only what every shard can compute by itself counts.
   */
  readonly directory: string | null
  readonly onProgress: (progress: Progress) => void
}

export interface PlannedShards {
  readonly promise: ShardPromise
  readonly identity: string
  /** False where a shard is taken to last longer than it may. */
  readonly fits: boolean
  /** Decisions made for the user, one sentence each. */
  readonly notes: readonly string[]
  readonly built: Built
  /** What was written; null where nothing was. */
  readonly shared: SharedPlan | null
}

/** Shares out what a run with the same plan would run; nothing of it runs. @throws UserError */
export async function planShards(options: PlanShardsOptions, ports: Ports): Promise<PlannedShards> {
  const { plan, places, directory, count } = options
  // Which tests there are does not depend on the tree's kernel. Where the bundle is handed on, all of it is built.
  const kernelTree = directory === null || plan.face === 'cli' ? ({ kernelTree: 'leave' } as const) : {}
  // The shards take the bundle that counts, where that is a flake's.
  const counting = directory === null || plan.kernelTree !== undefined ? {} : countingOf(await aimCoverage(plan, places, ports))
  const { built } = await obtainBundle({ ...options, ...kernelTree, ...counting, runDirectory: null }, ports)
  const { selection, notes, catalogued } = await resolveSelection({ plan, built, places }, ports)
  const memory = directory === null ? null : await recall({ ...options, built }, ports)
  const times = memory === null ? guessedTimes(plan) : await learnedTimes(plan, built, memory, ports)
  const { promise, fits } = shareOutBundle({ built, selection, offered: catalogued, times, count })
  const identity = planIdentity(promise)
  let shared: SharedPlan | null = null
  if (directory !== null && memory !== null) {
    const { baseline, facts } = memory
    const { key, choice = 'it was named' } = facts
    const compared = baseline === null ? {} : { compared: { choice, ...(key === undefined ? {} : { key }) } }
    const recorded = wholePlan(options.recorded ?? plan)
    const artifacts = plan.face === 'cli' ? {} : { artifacts: artifactNames(recorded, { identity, built, memory }, options, ports) }
    shared = { version: 1, identity, plan: recorded, promise, ...artifacts, ...compared }
    await writeSharedPlan(directory, shared, memory, ports.files)
  }
  return { promise, identity, fits, notes, built, shared }
}

/** Of this plan, bundle and call alone: two of one workflow run keep apart. */
function artifactNames(
  plan: Plan,
  { identity, built, memory }: { readonly identity: string; readonly built: Built; readonly memory: Memory },
  { handsOverStore = false }: PlanShardsOptions,
  { runner }: Pick<Ports, 'runner'>,
): NonNullable<SharedPlan['artifacts']> {
  const { kernel = '', suite = '' } = memory.origin.images ?? {}
  const mark = comparableKey({ ...plan.comparable, identity, kernel, suite, bundle: built.bundlePath }).slice(0, 8)
  const prefix = `${plan.artifactName}-${mark}`
  const attempt = runner.env.GITHUB_RUN_ATTEMPT || '1'
  return { prefix, plan: `${prefix}-plan-${attempt}`, ...(handsOverStore ? { store: `${prefix}-store-${attempt}` } : {}) }
}

async function learnedTimes(plan: Plan, built: Built, { history, baseline }: Memory, ports: Ports): Promise<KnownTimes> {
  const { timeoutFactor } = await decideAccelerator(plan.accelerator, ports, {
    ...{ qemu: built.qemu, architecture: built.bundle.architecture, memory: 'use' },
    permissions: plan.face === 'action' ? 'fix' : 'leave',
    onCleanup: () => undefined,
  })
  return { history: testTimes(history), timeoutFactor, baseline }
}

/** The plan, and beside it what every shard and the whole are compared with. */
async function writeSharedPlan(directory: string, shared: SharedPlan, memory: Memory, files: Ports['files']): Promise<void> {
  await files.write(join(directory, SHARDS_FILE), `${JSON.stringify(shared)}\n`)
  await files.write(join(directory, HISTORY_FILE), JSON.stringify(memory.history))
  if (memory.baseline !== null) await files.write(join(directory, 'baseline', 'run.json'), JSON.stringify(withoutPlan(memory.baseline)))
}

/** A record of a run that was shared out itself need not say how. */
function withoutPlan({ shards: _shards, ...record }: RunRecord): Omit<RunRecord, 'shards'> {
  return record
}
