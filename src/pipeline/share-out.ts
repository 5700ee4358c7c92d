import { join } from 'node:path'
import { UserError } from '../domain/errors.js'
import { median } from '../domain/median.js'
import type { Plan, Selection } from '../domain/plan.js'
import type { RunRecord } from '../domain/record.js'
import { type ShardPromise, shardName } from '../domain/shards.js'
import { type SharedPlan, sharedPlanSchema } from '../domain/shared-plan.js'
import type { Built } from '../domain/stages.js'
import { onlyThese, testKey } from '../domain/test-key.js'
import { selectionOf } from '../plan/select.js'
import { type FixedCost, planIdentity, type ShardCount, shareOut, testsOfShard } from '../plan/shards/index.js'
import type { Ports } from '../ports/index.js'
import type { OwnShard } from '../results/index.js'
import { suiteOf } from '../suites/index.js'
import { createExpectation, PACE, type TestHistory, TimeTable } from '../vm/index.js'

/** In a run's directory: which shard it is. In a plan's directory: the plan. */
export const SHARDS_FILE = 'shards.json'

/** What is known of times where a run is shared out. */
export interface KnownTimes {
  readonly history: TestHistory
  readonly timeoutFactor: number
  /** A record whose guests say what a boot and a start took; null: none. */
  readonly baseline: RunRecord | null
}

/** A guest and a start of the suite, as measured on a quiet machine (docs/performance.md). */
const FIXED: Readonly<Record<'kvm' | 'tcg', FixedCost>> = {
  kvm: { guestSeconds: 3, startSeconds: 1 },
  tcg: { guestSeconds: 30, startSeconds: 12 },
}

/** Nothing is known but what the suites guess: the same on every machine. */
export function guessedTimes(plan: Pick<Plan, 'accelerator'>): KnownTimes {
  return { history: [], timeoutFactor: PACE[plan.accelerator === 'tcg' ? 'tcg' : 'kvm'].timeoutFactor, baseline: null }
}

export interface ShareOutRequest {
  readonly built: Pick<Built, 'bundle' | 'suites'>
  readonly selection: Selection
  /** `sectionKey`s aside: the names of every section there is, by suite. */
  readonly offered: ShardPromise['offered']
  readonly times: KnownTimes
  readonly count: ShardCount
}

/** Shares a bundle's selection out. */
export function shareOutBundle({ built, selection, offered, times, count }: ShareOutRequest): ReturnType<typeof shareOut> {
  const expectedSeconds = createExpectation({
    catalogues: built.suites.map(({ catalogue }) => catalogue),
    times: new TimeTable(times.history, times.timeoutFactor),
    timeoutFactor: times.timeoutFactor,
    guess: (suite, test) => suiteOf(suite).expectedSeconds(test),
  })
  return shareOut({ selection, offered, expectedSeconds, fixed: fixedCost(times), count })
}

/** What a record's guests took to boot and to start the suite, in the middle; the measured usual where it does not say. */
function fixedCost({ baseline, timeoutFactor }: KnownTimes): FixedCost {
  const usual = FIXED[timeoutFactor > 1 ? 'tcg' : 'kvm']
  if (baseline === null || baseline.accelerator?.timeoutFactor !== timeoutFactor) return usual
  const boots = baseline.guests.map(({ boot }) => boot)
  const ready = boots.flatMap(({ readySeconds }) => readySeconds ?? [])
  const starts = boots.flatMap(({ readySeconds, firstTestSeconds }) =>
    readySeconds === null || firstTestSeconds === null ? [] : [Math.max(0, firstTestSeconds - readySeconds)],
  )
  return { guestSeconds: median(ready) ?? usual.guestSeconds, startSeconds: median(starts) ?? usual.startSeconds }
}

export interface OwnShardRequest extends Omit<ShareOutRequest, 'times' | 'count'> {
  readonly plan: Plan
  /** Which attempt of the workflow run it is; 1 elsewhere. */
  readonly attempt: number
}

/**
 * The shard a plan asks for, and its part of the selection; null where it asks for the whole.
 * @throws UserError where the plan that was handed out is of other tests, or has no such shard
 */
export async function takeShard(
  request: OwnShardRequest,
  ports: Pick<Ports, 'files'>,
): Promise<{ readonly shard: OwnShard; readonly selection: Selection } | null> {
  const { plan, selection, attempt } = request
  if (plan.shard === undefined) return null
  const { number, count, planDirectory } = plan.shard
  const promise = planDirectory === undefined ? computed(request, count) : (await readSharedPlan(planDirectory, ports.files)).promise
  const name = shardName(plan.shard)
  if (promise.shards.length !== count) {
    const has = `${promise.shards.length} ${promise.shards.length === 1 ? 'shard' : 'shards'}`
    throw new UserError(`There is no ${name}: the plan has ${has}.`, `Give \`shard\` as one of 1/${promise.shards.length} and so on.`)
  }
  const own = testsOfShard(promise, number)
  if (own.length === 0)
    throw new UserError(`${name} has no test: there are fewer tests than shards.`, 'Ask for fewer shards; nothing is missed in the merge.')
  const planned = new Set(selection.tests.map(testKey))
  const missing = own.find((test) => !planned.has(testKey(test)))
  if (missing !== undefined) {
    throw new UserError(
      `${name} is to run ${missing.section} ${missing.name}, which is not among the tests selected here.`,
      'Give every shard the inputs and the bundle that the plan was made with.',
      { kind: 'could-not-test' },
    )
  }
  const shard = { plan: planIdentity(promise), own: number, promise, attempt }
  return { shard, selection: selectionOf(selection, onlyThese(selection.tests, own)) }
}

function computed(request: OwnShardRequest, count: number): ShardPromise {
  return shareOutBundle({ ...request, times: guessedTimes(request.plan), count: { kind: 'count', count } }).promise
}

/**
 * Reads a plan that was handed out.
 * @param path the file, or its directory
 * @throws UserError where there is none, or it is damaged
 */
export async function readSharedPlan(path: string, files: Ports['files']): Promise<SharedPlan> {
  const file = (await files.stat(path))?.kind === 'directory' ? join(path, SHARDS_FILE) : path
  if ((await files.stat(file)) === null)
    throw new UserError(`There is no plan of shards at ${path}.`, 'Make one with `vmtest plan --shards N --output DIRECTORY`.')
  let value: unknown
  try {
    value = JSON.parse(await files.readText(file))
  } catch (cause) {
    throw damaged(file, 'it is no JSON', cause)
  }
  const parsed = sharedPlanSchema.safeParse(value)
  if (!parsed.success) throw damaged(file, `${parsed.error.issues[0]?.path.join('.')}: ${parsed.error.issues[0]?.message}`)
  if (planIdentity(parsed.data.promise) !== parsed.data.identity) throw damaged(file, 'its shards are not those of its identity')
  return parsed.data
}

function damaged(file: string, what: string, cause?: unknown): UserError {
  return new UserError(
    `The plan of shards ${file} is damaged: ${what}.`,
    'Make it again with `vmtest plan --shards N --output DIRECTORY`.',
    {
      kind: 'could-not-test',
      ...(cause === undefined ? {} : { cause }),
    },
  )
}
