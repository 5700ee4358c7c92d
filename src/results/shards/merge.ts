import { UserError } from '../../domain/errors.js'
import { amended } from '../../domain/kept-aside.js'
import type { Plan } from '../../domain/plan.js'
import type { Attempt, HostFacts, RunRecord, TestRecord } from '../../domain/record.js'
import { type ShardPart, type ShardPromise, shardName } from '../../domain/shards.js'
import type { SectionId, TestId } from '../../domain/test.js'
import { sectionKey, testKey } from '../../domain/test-key.js'
import { settle } from '../../domain/verdict.js'
import { planIdentity, testsOfShard } from '../../plan/shards/index.js'
import { conclude, countStatuses } from '../conclude.js'
import { mergedReason, refuseUnlike } from '../merge.js'
import { type Content, contentsOf, withoutBefore } from './contents.js'
import { inOrder, troublesOf, untestedSections, whyAbsent } from './parts.js'
import { joinSurroundings, type Surroundings, surroundingsOf } from './surroundings.js'

/** What stands where no shard's record can be read. */
export interface Whole {
  readonly plan: Plan
  readonly promise: ShardPromise
  readonly identity: string
  readonly tool: RunRecord['tool']
  readonly host: HostFacts
  /** ISO 8601. */
  readonly now: string
}

/**
 * Joins the records of shards into one of the whole run: in whatever order they come, one by one or joined in part before, the same record
 * comes of them. Every promised test is in it once. What was promised and did not come is `notreached`, and the record says which shard
 * it was. Comparisons that shards made for themselves are left out: the whole is compared anew.
 */
export class ShardMerge {
  readonly #contents: Content[] = []
  readonly #problems = new Set<string>()
  #around: Surroundings | null = null

  /** @param whole the plan that was handed out; without it the first record says what was promised */
  constructor(private readonly whole: Whole | null = null) {}

  /**
   * Takes a record in.
   * @throws UserError where it is of another plan, kernel, suite or bundle, naming what differs
   */
  add(record: RunRecord): void {
    const { shards } = record
    if (shards === undefined)
      throw new UserError(
        `The record ${record.runId} is of no shard.`,
        'Merge records of `vmtest run --shard`, or those of whole runs, not both.',
      )
    const identity = this.whole?.identity ?? this.#around?.shards?.plan
    if (identity !== undefined && identity !== shards.plan)
      throw new UserError(
        `${describe(record)} is of plan ${shards.plan}, the others are of plan ${identity}.`,
        'Merge only shards of one plan: the same bundle, the same choice of tests, the same count.',
      )
    if (this.#around !== null) refuseUnlike({ ...this.#around, tests: [], guests: [] }, record)
    this.#contents.push(...contentsOf(record))
    for (const problem of problemsOf(record)) this.#problems.add(problem)
    const own = surroundingsOf(record)
    this.#around = this.#around === null ? own : joinSurroundings(this.#around, own)
  }

  /** A shard that came without a record that can be read. @param reason what became of it, without its name */
  addDamaged({ own, attempt }: { readonly own: number; readonly attempt: number }, runId: string, reason: string): void {
    const part: ShardPart = {
      ...{ shard: own, attempt, runId, startedAt: '', guestIds: 0, copies: 1, untested: [] },
      stopped: { kind: 'infrastructure', reason },
    }
    this.#contents.push({ part, tests: [], guests: [] })
  }

  /** Something that came and is no record: the run could not be tested whole then. @param problem a sentence that names it */
  note(problem: string): void {
    this.#problems.add(problem)
  }

  /** The record of the whole. @throws UserError where nothing says what was promised */
  finish(): RunRecord {
    const promise = this.whole?.promise ?? this.#around?.shards?.promise
    if (promise === undefined)
      throw new UserError(
        `There is no record of a shard, and no plan that says what was to come.${[...this.#problems].map((problem) => ` ${problem}`).join('')}`,
        'Name the directories of shards, or the plan by `--plan`.',
        { kind: 'could-not-test' },
      )
    const base = this.#around ?? this.#nothing()
    const contents = inOrder(this.#contents)
    const parts = contents.map(({ part }) => part)
    const record = { ...base, ...joinContents(contents, promise) }
    const stopped = troublesOf(parts, promise)
    const whole: RunRecord = {
      ...record,
      plan: this.whole?.plan ?? record.plan,
      problems: [...this.#problems].sort(),
      sections: joinSections(record.sections, parts, promise),
      ...(stopped === null ? {} : { stopped }),
      shards: { plan: planIdentity(promise), promise, parts },
    }
    return { ...whole, conclusion: conclude(whole, null, whole.plan.failOn) }
  }

  /** The record of a run of which nothing came. */
  #nothing(): Surroundings {
    if (this.whole === null) throw new Error('a merge of nothing')
    const { plan, tool, host, now } = this.whole
    return {
      ...{ version: 2, tool, runId: 'none', startedAt: now, endedAt: now, plan, host, accelerator: null },
      ...{ settings: {}, revisions: {}, sections: [], unattributedReports: [], disagreements: [], problems: [], cache: [] },
      conclusion: { kind: 'could-not-test', reason: '', counts: countStatuses([]) },
    }
  }
}

/** Joins shards' records. @throws UserError for unlike ones */
export function mergeShards(records: readonly RunRecord[], whole: Whole | null = null): RunRecord {
  const merge = new ShardMerge(whole)
  for (const record of records) merge.add(record)
  return merge.finish()
}

function describe({ shards, runId }: RunRecord): string {
  return shards?.own === undefined ? `The record ${runId}` : shardName({ number: shards.own, count: shards.promise.shards.length })
}

/** A shard's own sentences are told apart by its name; a merged record's have it already. What ended it is told anew. */
function problemsOf({ problems, shards }: RunRecord): readonly string[] {
  if (shards?.own === undefined) return problems
  const name = shardName({ number: shards.own, count: shards.promise.shards.length })
  const reasons = new Set(shards.parts.map(({ stopped }) => stopped?.reason))
  return problems.filter((problem) => !reasons.has(problem)).map((problem) => `${name}: ${problem}`)
}

/** In the run's order, those of shards that did not come too. */
function joinSections(known: RunRecord['sections'], parts: readonly ShardPart[], promise: ShardPromise): RunRecord['sections'] {
  const untested = untestedSections(parts, promise.shards.length)
  return promise.sections.map((section) => {
    const own = known.find(({ suite, name }) => suite === section.suite && name === section.name)
    const couldNotTest = untested.get(sectionKey({ suite: section.suite, section: section.name })) ?? null
    return { ...section, kernelRelease: own?.kernelRelease ?? null, platform: own?.platform ?? null, couldNotTest }
  })
}

/** Every promised test with all its attempts, and every guest, numbered on from part to part. */
function joinContents(contents: readonly Content[], promise: ShardPromise): Pick<RunRecord, 'tests' | 'guests'> {
  const guests: RunRecord['guests'] = []
  const found = new Map<string, FoundTest[]>()
  let offset = 0
  for (const content of contents) {
    guests.push(...content.guests.map((guest) => ({ ...guest, id: guest.id + offset })))
    for (const test of content.tests) {
      const key = testKey(test)
      const known = found.get(key)
      if (known === undefined) found.set(key, [{ test, offset }])
      else known.push({ test, offset })
    }
    offset += content.part.guestIds
  }
  const parts = contents.map(({ part }) => part)
  const tests: TestRecord[] = []
  for (const [index] of promise.shards.entries()) {
    const why = whyAbsent(index + 1, parts, promise.shards.length)
    for (const id of testsOfShard(promise, index + 1)) tests.push(joinTest(id, found.get(testKey(id)) ?? [], why))
  }
  return { tests: inRunOrder(tests, promise), guests }
}

/** A test of one part, and what its guests' numbers go on from. */
interface FoundTest {
  readonly test: TestRecord
  readonly offset: number
}

function shift(attempt: Attempt, offset: number): Attempt {
  return attempt.guest === null || offset === 0 ? attempt : amended(attempt, { guest: attempt.guest + offset })
}

/** @param why what is said of a test that nobody has a verdict on: by its shard alone, so that it is the same however records are joined */
function joinTest(id: TestId, all: readonly FoundTest[], why: (section: SectionId) => string): TestRecord {
  const found = all.map(({ test }) => test)
  const [first] = found
  if (first === undefined) return { ...id, status: 'notreached', flaky: false, reason: why(id), expectedFailure: null, attempts: [] }
  const attempts = all.flatMap(({ test, offset }) => test.attempts.map((attempt) => shift(attempt, offset)))
  const known = withoutBefore(first)
  const onBase = found.find((test) => test.onBase !== undefined)?.onBase
  if (attempts.length === 0) {
    const isExpunged = found.every((test) => test.status === 'expunged')
    return isExpunged ? { ...known, attempts } : { ...known, status: 'notreached', flaky: false, reason: why(id), attempts }
  }
  const { status, flaky } = settle(attempts)
  const reason = mergedReason(status, attempts, found)
  return { ...known, status, flaky, reason, attempts, ...(onBase === undefined ? {} : { onBase }) }
}

/** As one run has them: section by section, each suite in its own order. */
function inRunOrder(tests: TestRecord[], promise: ShardPromise): TestRecord[] {
  const sections = new Map(promise.sections.map(({ suite, name }, index) => [sectionKey({ suite, section: name }), index]))
  const names = new Map(promise.offered.map(({ suite, tests: all }) => [suite, new Map(all.map((name, index) => [name, index]))]))
  const keyed = tests.map((test) => ({
    test,
    section: sections.get(sectionKey(test)) ?? sections.size,
    name: names.get(test.suite)?.get(test.name) ?? 0,
  }))
  return keyed.sort((left, right) => left.section - right.section || left.name - right.name).map(({ test }) => test)
}
