import { createHash } from 'node:crypto'
import type { Plan, PlannedTest, Selection } from '../../domain/plan.js'
import type { ShardPromise } from '../../domain/shards.js'
import type { SectionId, TestId } from '../../domain/test.js'
import { sectionKey, testKey } from '../../domain/test-key.js'
import { balanceShards } from './balance.js'
import { fewestShards } from './count.js'
import type { FixedCost, Shard } from './shard.js'

/** How many shards, or what decides that. */
export type ShardCount = { readonly kind: 'count'; readonly count: number } | { readonly kind: 'within'; readonly seconds: number }

export interface SharingOut {
  readonly selection: Selection
  /** Everything there was to choose from. */
  readonly offered: ShardPromise['offered']
  /** What a test is taken to last, in seconds. */
  readonly expectedSeconds: (test: TestId) => number
  readonly fixed: FixedCost
  readonly count: ShardCount
}

/**
 * Shares a selection out: every planned test in exactly one shard. The same selection with the same times gives the same shards, on every
 * machine. With a given count there are so many, the last ones empty where there are fewer tests.
 * @returns the promise, and whether each shard is taken to end within its time
 */
export function shareOut({ selection, offered, expectedSeconds, fixed, count }: SharingOut): {
  readonly promise: ShardPromise
  readonly fits: boolean
} {
  const timed = selection.tests
    .filter(({ expunged }) => expunged === undefined)
    .map(({ suite, section, name }) => ({ suite, section, name, seconds: expectedSeconds({ suite, section, name }) }))
  const { shards, fits } =
    count.kind === 'count' ? { shards: balanceShards(timed, fixed, count.count), fits: true } : fewestShards(timed, fixed, count.seconds)
  const rest = selection.tests.filter(({ expunged }) => expunged !== undefined)
  const whole = withRest(shards.length === 0 ? [{ tests: [], seconds: 0 }] : shards, rest)
  const empty = count.kind === 'count' ? Math.max(0, count.count - whole.length) : 0
  const grouped = [...whole, ...Array.from({ length: empty }, (): Shard => ({ tests: [], seconds: 0 }))].map((shard) => ({
    seconds: shard.seconds,
    tests: bySection(shard.tests),
  }))
  return { promise: { sections: selection.sections, offered: [...offered], shards: grouped }, fits }
}

/** Tests that are not run, with the first shard of their section: they cost nothing. */
function withRest(shards: readonly Shard[], rest: readonly PlannedTest[]): readonly Shard[] {
  const added = shards.map(({ tests }) => [...tests])
  const firsts = new Map<string, number>()
  if (rest.length > 0)
    for (const [index, { tests }] of shards.entries())
      for (const test of tests) if (!firsts.has(sectionKey(test))) firsts.set(sectionKey(test), index)
  for (const { suite, section, name } of rest) added[firsts.get(sectionKey({ suite, section })) ?? 0]?.push({ suite, section, name })
  return shards.map(({ seconds }, index) => ({ tests: added[index] ?? [], seconds }))
}

function bySection(tests: Shard['tests']): ShardPromise['shards'][number]['tests'] {
  const sections = new Map<string, SectionId & { readonly names: string[] }>()
  for (const { suite, section, name } of tests) {
    const known = sections.get(sectionKey({ suite, section }))
    if (known === undefined) sections.set(sectionKey({ suite, section }), { suite, section, names: [name] })
    else known.names.push(name)
  }
  return [...sections.values()]
}

/** The tests of one shard, by number from 1. */
export function testsOfShard(promise: ShardPromise, number: number): readonly TestId[] {
  const tests = promise.shards[number - 1]?.tests ?? []
  return tests.flatMap(({ suite, section, names }) => names.map((name) => ({ suite, section, name })))
}

/** Every promised test's shard. */
export function shardsByTest(promise: ShardPromise): ReadonlyMap<string, number> {
  return new Map(promise.shards.flatMap((_shard, index) => testsOfShard(promise, index + 1).map((test) => [testKey(test), index + 1])))
}

/** A name for a promise, of 16 hexadecimal digits: two machines that have it account for the same. */
export function planIdentity({ sections, shards }: ShardPromise): string {
  const definitions = sections.map(({ description: _description, ...section }) => section)
  const text = JSON.stringify([definitions, shards.map(({ tests }) => tests)])
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** The plan without what makes it a shard's. */
export function wholePlan({ shard: _shard, ...plan }: Plan): Plan {
  return plan
}

/** The shards in the form `vmtest plan --json` prints. */
export function plainShards(promise: ShardPromise): readonly Shard[] {
  return promise.shards.map(({ seconds }, index) => ({ tests: testsOfShard(promise, index + 1), seconds }))
}
