import fc from 'fast-check'
import type { Attempt, RunRecord, TestRecord } from '../../../src/domain/record.js'
import type { ShardPromise } from '../../../src/domain/shards.js'
import type { TestStatus } from '../../../src/domain/test.js'
import { settle } from '../../../src/domain/verdict.js'
import { planIdentity, testsOfShard } from '../../../src/plan/shards/index.js'
import { conclude, ownShards } from '../../../src/results/index.js'
import { anAttempt, aRecord, aReport, aSection, aTest } from '../../report/builder.js'
import { aGuest } from '../fixtures.js'

/** Shards of a small run: six tests in two sections, shared out over three. */

const NAMES = ['g/001', 'g/002', 'g/003']
const definition = (name: string) => {
  const { kernelRelease: _release, platform: _platform, couldNotTest: _reason, ...section } = aSection(name)
  return section
}

export const promise: ShardPromise = {
  sections: [definition('xfs_4k'), definition('ext4_4k')],
  offered: [{ suite: 'fstests', tests: NAMES, sections: ['xfs_4k', 'ext4_4k'] }],
  shards: [
    { seconds: 3, tests: [{ suite: 'fstests', section: 'xfs_4k', names: ['g/001', 'g/003'] }] },
    {
      seconds: 3,
      tests: [
        { suite: 'fstests', section: 'xfs_4k', names: ['g/002'] },
        { suite: 'fstests', section: 'ext4_4k', names: ['g/002'] },
      ],
    },
    { seconds: 3, tests: [{ suite: 'fstests', section: 'ext4_4k', names: ['g/003', 'g/001'] }] },
  ],
}

export interface ShardShape {
  readonly shard: number
  readonly attempt?: number
  readonly runId?: string
  /** By name, of the test in this shard; absent: it passes. */
  readonly attempts?: Readonly<Record<string, readonly Partial<Attempt>[]>>
  readonly changes?: Partial<RunRecord>
  readonly stopped?: RunRecord['stopped']
  readonly guests?: number
}

/** A shard's own record, as a run writes it. */
export function aShard(shape: ShardShape): RunRecord {
  const { shard, attempt = 1, runId = `run-${shard}-${attempt}`, stopped } = shape
  const tests = testsOfShard(promise, shard).map(({ section, name }): TestRecord => {
    const attempts = (shape.attempts?.[name] ?? [{}]).map((changes) => anAttempt(changes))
    if (attempts.length === 0) return aTest(name, { section, status: 'notreached', reason: stopped?.reason ?? 'no guest got to it' })
    const { status, flaky } = settle(attempts)
    const reason =
      status === 'notrun' || status === 'notreached' ? (attempts.find((each) => each.status === status)?.message ?? null) : null
    return aTest(name, { section, attempts, status, flaky, reason })
  })
  const guests = Array.from({ length: shape.guests ?? 2 }, (_, index) => aGuest(index + 1))
  const base = aRecord(tests, { guests, runId, ...(stopped === undefined ? {} : { stopped }), ...shape.changes })
  const vmRun = { guests, batches: [], stopped: stopped ?? null }
  const shards = ownShards({ plan: planIdentity(promise), own: shard, promise, attempt }, base, vmRun)
  const record = { ...base, shards }
  return { ...record, conclusion: conclude(record, null, record.plan.failOn) }
}

const someAttempts: fc.Arbitrary<Partial<Attempt>[]> = fc.array(
  fc.record({
    status: fc.constantFrom<TestStatus>('pass', 'pass', 'pass', 'fail', 'notrun', 'notreached', 'crashed', 'timeout'),
    guest: fc.constantFrom(1, 2),
    message: fc.constantFrom(null, 'one', 'two'),
    reports: fc.constantFrom([], [], [aReport()]),
  }),
  { maxLength: 3 },
)

/** Any shard, any attempt, in any state. */
export const anyShard: fc.Arbitrary<RunRecord> = fc
  .record({
    shard: fc.constantFrom(1, 2, 3),
    attempt: fc.constantFrom(1, 1, 2),
    guests: fc.constantFrom(2, 3),
    tests: fc.tuple(someAttempts, someAttempts),
    minute: fc.integer({ min: 10, max: 50 }),
    stopped: fc.constantFrom(undefined, undefined, 'deadline' as const, 'cancelled' as const, 'build-failed' as const),
    problems: fc.subarray(['p1', 'p2']),
    release: fc.constantFrom(null, '6.18.0'),
    couldNotTest: fc.constantFrom(null, null, 'mkfs failed'),
    factor: fc.constantFrom(1, 10),
    report: fc.constantFrom(null, { ...aReport({ test: null }), suite: 'fstests', section: 'xfs_4k', phase: 'set-up' as const }),
  })
  .map(({ shard, attempt, guests, tests, minute, stopped, problems, release, couldNotTest, factor, report }) => {
    const [first, second] = [...new Set(testsOfShard(promise, shard).map(({ name }) => name))]
    const base = aRecord([])
    return aShard({
      ...{ shard, attempt, guests, attempts: { [first ?? '']: tests[0], [second ?? first ?? '']: tests[1] } },
      // A run of its own wherever its contents are.
      runId: `run-${shard}-${attempt}-${minute}-${JSON.stringify([tests, stopped, problems, release, couldNotTest, factor, report, guests]).length}-${hash([tests, stopped, problems, release, couldNotTest, factor, report, guests])}`,
      ...(stopped === undefined ? {} : { stopped: { kind: stopped, reason: `it was ${stopped}` } }),
      changes: {
        startedAt: `2026-11-24T05:${minute}:00.000Z`,
        endedAt: `2026-11-24T06:${minute}:00.000Z`,
        sections: [...new Set(testsOfShard(promise, shard).map(({ section }) => section))].map((name) =>
          aSection(name, { kernelRelease: release, couldNotTest }),
        ),
        problems: [...problems],
        accelerator: base.accelerator === null ? null : { ...base.accelerator, timeoutFactor: factor },
        unattributedReports: report === null ? [] : [report],
      },
    })
  })

function hash(value: unknown): number {
  return [...JSON.stringify(value)].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 1_000_003, 7)
}
