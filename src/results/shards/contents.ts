import { amended } from '../../domain/kept-aside.js'
import type { RunRecord, TestRecord } from '../../domain/record.js'
import type { ShardPart } from '../../domain/shards.js'
import { testKey } from '../../domain/test-key.js'
import type { GuestRun } from '../../domain/vm-run.js'
import { shardsByTest, testsOfShard } from '../../plan/shards/index.js'

/** What one attempt of one shard brought, with its guests numbered from 1. */
export interface Content {
  readonly part: ShardPart
  readonly tests: readonly TestRecord[]
  readonly guests: readonly GuestRun[]
}

/** The parts of a record, each by itself again: of a shard's own record the one, of a merged one all that went into it. */
export function contentsOf(record: RunRecord): readonly Content[] {
  const { shards } = record
  if (shards === undefined) return []
  const [own] = shards.parts
  if (shards.own !== undefined) return own === undefined ? [] : [ownContent(own, record)]
  const byTest = shardsByTest(shards.promise)
  const starts: number[] = []
  let next = 0
  for (const { guestIds } of shards.parts) {
    starts.push(next)
    next += guestIds
  }
  const partOf = (guest: number) => starts.findLastIndex((start) => guest > start)
  const tests: TestRecord[][] = shards.parts.map(() => [])
  for (const test of record.tests) {
    const number = byTest.get(testKey(test))
    if (number === undefined || isStandIn(test)) continue
    for (const [index, part] of shards.parts.entries()) {
      if (part.shard !== number) continue
      const start = starts[index] ?? 0
      const attempts = test.attempts
        .filter(({ guest }) => guest === null || partOf(guest) === index)
        .map((attempt) => (attempt.guest === null ? attempt : amended(attempt, { guest: attempt.guest - start })))
      // A test without a verdict of this part is told by the others, or by nothing.
      if (attempts.length > 0 || test.attempts.length === 0) tests[index]?.push({ ...test, attempts })
    }
  }
  return shards.parts.map((part, index) => {
    const start = starts[index] ?? 0
    const guests = record.guests.filter(({ id }) => id > start && id <= start + part.guestIds)
    return { part, tests: tests[index] ?? [], guests: guests.map((guest) => ({ ...guest, id: guest.id - start })) }
  })
}

/** A test that stands for nothing but what was promised: it is told anew. */
function isStandIn(test: TestRecord): boolean {
  const { attempts, status, expectedFailure, file, line, groups, expectedNotrun } = test
  const known = [file, line, groups, expectedNotrun].some((value) => value !== undefined) || expectedFailure !== null
  return attempts.length === 0 && status === 'notreached' && !known
}

/** What a comparison of the shard's own found. */
export function withoutBefore(test: TestRecord): TestRecord {
  if (test.before === undefined) return test
  const { before: _before, ...rest } = test
  return rest
}

/** A shard is believed of what it was to run, and of nothing else. */
function ownContent(part: ShardPart, { tests, guests, shards }: RunRecord): Content {
  const promised = new Set(shards === undefined ? [] : testsOfShard(shards.promise, part.shard).map(testKey))
  const own = tests.filter((test) => promised.has(testKey(test)))
  const strange = tests.length - own.length
  const reason = `its record holds ${strange} tests that were not its own`
  return {
    part: strange === 0 ? part : { ...part, stopped: part.stopped ?? { kind: 'infrastructure', reason } },
    tests: own.map(withoutBefore),
    guests,
  }
}
