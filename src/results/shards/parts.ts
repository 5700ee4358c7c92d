import type { Attempt, RunRecord, TestRecord } from '../../domain/record.js'
import { type ShardPart, type ShardPromise, shardName } from '../../domain/shards.js'
import type { SectionId } from '../../domain/test.js'
import { sectionKey } from '../../domain/test-key.js'
import { isFailure, isSevere } from '../../domain/verdict.js'
import { sortedByText } from './by-text.js'
import type { Content } from './contents.js'

/**
 * Contents in their one order (shard, attempt, run), each once. What came twice for one attempt of a shard is not believed where it says that
 * something is well: its failures alone are left.
 */
export function inOrder(contents: readonly Content[]): readonly Content[] {
  const byRun = new Map<string, Content[]>()
  for (const content of contents) {
    const { shard, attempt, runId } = content.part
    const key = JSON.stringify([shard, attempt, runId])
    byRun.set(key, [...(byRun.get(key) ?? []), content])
  }
  const merged = [...byRun.values()].map((same) => {
    const copies = same.reduce((sum, { part }) => sum + part.copies, 0)
    const variants = copies > 1 ? same.map(onlyFailures) : same
    const [first] = variants.length < 2 ? variants : sortedByText(variants)
    return first === undefined ? [] : [{ ...first, part: { ...first.part, copies } }]
  })
  const all = merged.flat().sort((left, right) => compareParts(left.part, right.part))
  const parts = all.map(({ part }) => part)
  return all.map((content) => (isVoid(content.part, parts) ? onlyFailures(content) : content))
}

function compareParts(left: ShardPart, right: ShardPart): number {
  return left.shard - right.shard || left.attempt - right.attempt || (left.runId < right.runId ? -1 : left.runId > right.runId ? 1 : 0)
}

/** True where one attempt of a shard came more than once: which of them is to be believed nobody knows. */
function isVoid(part: ShardPart, parts: readonly ShardPart[]): boolean {
  const same = parts.filter(({ shard, attempt }) => shard === part.shard && attempt === part.attempt)
  return same.length > 1 || part.copies > 1
}

function onlyFailures(content: Content): Content {
  const tests = content.tests.map((test): TestRecord => {
    if (test.attempts.length === 0) return test
    const attempts = test.attempts.filter(isBad)
    // What it is of is still known; what became of it is not.
    return attempts.length === 0 ? { ...test, status: 'notreached', flaky: false, reason: null, attempts } : { ...test, attempts }
  })
  return { ...content, tests }
}

function isBad(attempt: Attempt): boolean {
  return isFailure(attempt.status) || attempt.reports.some(isSevere)
}

/** The attempt of a shard that counts for whether it came through: its last one that came once; null where there is none. */
export function believed(number: number, parts: readonly ShardPart[]): ShardPart | null {
  return parts.filter((part) => part.shard === number && !isVoid(part, parts)).at(-1) ?? null
}

/** What stands against the whole, each shard by name; null where every one that had tests came through. */
export function troublesOf(parts: readonly ShardPart[], promise: ShardPromise): RunRecord['stopped'] | null {
  const count = promise.shards.length
  const owing = promise.shards.flatMap(({ tests }, index) => (tests.length === 0 ? [] : [index + 1]))
  const troubles = owing.flatMap((number) => {
    const trouble = troubleOf(number, parts)
    return trouble === null ? [] : [{ ...trouble, reason: `${shardName({ number, count })} ${trouble.reason}` }]
  })
  if (troubles.length === 0) return null
  const failedAll = troubles.length === owing.length && troubles.every(({ kind }) => kind === 'build-failed')
  const shown = troubles.slice(0, MOST_NAMED).map(({ reason }) => reason)
  const left = troubles.length - shown.length
  const reason = `${shown.map((text) => text.replace(/\.$/, '')).join('; ')}${left > 0 ? `; and ${left} more` : ''}.`
  return { kind: failedAll ? 'build-failed' : 'infrastructure', reason }
}

/** Shards named in one sentence. */
const MOST_NAMED = 10

function troubleOf(number: number, parts: readonly ShardPart[]): NonNullable<RunRecord['stopped']> | null {
  const own = parts.filter(({ shard }) => shard === number)
  const part = believed(number, parts)
  if (part === null) return { kind: 'infrastructure', reason: own.length === 0 ? 'left no record' : 'came more than once' }
  if (part.stopped === undefined) return null
  const { kind, reason } = part.stopped
  return { kind, reason: kind === 'cancelled' ? `was cancelled (${reason})` : `could not test: ${reason}` }
}

/** Sections that a shard could not test in the attempt that counts, by key, with its name. */
export function untestedSections(parts: readonly ShardPart[], count: number): ReadonlyMap<string, string> {
  const untested = new Map<string, string>()
  for (let number = count; number > 0; number -= 1) {
    for (const { suite, section, reason } of believed(number, parts)?.untested ?? [])
      untested.set(sectionKey({ suite, section }), `${shardName({ number, count })}: ${reason}`)
  }
  return untested
}

/** Why a test of a shard has no verdict: what kept the shard from its section, or from going on, or that it is not there. */
export function whyAbsent(number: number, parts: readonly ShardPart[], count: number): (section: SectionId) => string {
  const name = shardName({ number, count })
  const part = believed(number, parts)
  if (part === null) return () => (parts.some(({ shard }) => shard === number) ? `${name} came more than once` : `${name} left no record`)
  const general = part.stopped === undefined ? `${name} has no verdict on it` : `${name}: ${part.stopped.reason}`
  return ({ suite, section }) => {
    const own = part.untested.find((each) => each.suite === suite && each.section === section)
    return own === undefined ? general : `${name}: ${own.reason}`
  }
}
