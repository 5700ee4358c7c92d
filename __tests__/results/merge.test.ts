import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { UserError } from '../../src/domain/errors.js'
import type { KernelReport } from '../../src/domain/kernel-report.js'
import { type Attempt, type RunRecord, runRecordSchema, type TestRecord } from '../../src/domain/record.js'
import { type TestStatus, testStatusSchema } from '../../src/domain/test.js'
import { settle } from '../../src/domain/verdict.js'
import { conclude, mergeAll, mergeRecords, relocateRecord, testsToRerun } from '../../src/results/index.js'
import { anAttempt, aRecord, aReport, aSection, aTest, settings } from '../report/builder.js'
import { aGuest } from './fixtures.js'

/** A record as buildRecord makes it: what a test's status says follows from its attempts. */
function sound(record: RunRecord): RunRecord {
  return { ...record, conclusion: conclude(record, null, record.plan.failOn) }
}

const attempts: fc.Arbitrary<Attempt[]> = fc.array(
  fc
    .record({
      status: fc.constantFrom<TestStatus>(...testStatusSchema.options.filter((status) => status !== 'expunged')),
      guest: fc.constantFrom(1, 2),
      message: fc.option(fc.constantFrom('one', 'two')),
      reports: fc.constantFrom<KernelReport[]>([], [], [aReport()], [aReport({ kind: 'hung-task' })]),
    })
    .map((changes) => anAttempt(changes)),
  { maxLength: 3 },
)

const testRecord = (section: string, name: string): fc.Arbitrary<TestRecord> =>
  fc.tuple(attempts, fc.boolean(), fc.option(fc.constantFrom('r1', 'r2'))).map(([list, expunged, reason]) => {
    if (list.length === 0) return aTest(name, { section, status: expunged ? 'expunged' : 'notreached', reason })
    const { status, flaky } = settle(list)
    const said = status === 'notrun' || status === 'notreached' ? (list.find((one) => one.status === status)?.message ?? null) : null
    return aTest(name, { section, status, flaky, reason: said, attempts: list })
  })

const record: fc.Arbitrary<RunRecord> = fc
  .record({
    names: fc.uniqueArray(fc.constantFrom('g/001', 'g/002', 'g/003'), { maxLength: 3 }),
    sections: fc.uniqueArray(fc.constantFrom('xfs_4k', 'ext4_4k'), { minLength: 1 }),
    runId: fc.constantFrom('a', 'b', 'c', 'd'),
    guests: fc.constantFrom(0, 1, 2),
    minute: fc.integer({ min: 10, max: 50 }),
    stopped: fc.constantFrom(null, null, 'deadline' as const, 'cancelled' as const),
    asked: fc.constantFrom([], ['xfs_4k'], ['ext4_4k']),
    problems: fc.subarray(['p1', 'p2', 'p3']),
    release: fc.constantFrom(null, '6.18.0'),
  })
  .chain((shape) =>
    fc.tuple(...shape.sections.flatMap((section) => shape.names.map((name) => testRecord(section, name)))).map((tests) => {
      const base = aRecord(tests)
      return sound({
        ...base,
        runId: shape.runId,
        startedAt: `2026-11-24T05:${shape.minute}:00.000Z`,
        endedAt: `2026-11-24T06:${shape.minute}:00.000Z`,
        sections: shape.sections.map((name) => aSection(name, { kernelRelease: shape.release })),
        plan: { ...base.plan, selection: { ...base.plan.selection, sections: [...shape.asked] } },
        guests: Array.from({ length: shape.guests }, (_, index) => aGuest(index + 1)),
        problems: shape.problems,
        ...(shape.stopped === null ? {} : { stopped: { kind: shape.stopped, reason: shape.stopped } }),
      })
    }),
  )

describe('mergeRecords', () => {
  test('is associative, keeps every test and attempt, and gives a record', () => {
    fc.assert(
      fc.property(record, record, record, (a, b, c) => {
        const merged = mergeRecords(mergeRecords(a, b), c)
        expect(merged).toEqual(mergeRecords(a, mergeRecords(b, c)))
        expect(runRecordSchema.safeParse(merged).success).toBe(true)
        const all = [a, b, c].flatMap((one) => one.tests)
        const keys = merged.tests.map((one) => `${one.section} ${one.name}`)
        expect(new Set(keys)).toEqual(new Set(all.map((one) => `${one.section} ${one.name}`)))
        expect(keys).toHaveLength(new Set(keys).size)
        const count = (tests: readonly TestRecord[]) => tests.reduce((sum, one) => sum + one.attempts.length, 0)
        expect(count(merged.tests)).toBe(count(all))
        expect(merged.guests.map((guest) => guest.id)).toEqual(merged.guests.map((_, index) => index + 1))
      }),
      { numRuns: 200 },
    )
  })

  test('never makes a failure better', () => {
    fc.assert(
      fc.property(record, record, (a, b) => {
        const merged = new Map(mergeRecords(a, b).tests.map((one) => [`${one.section} ${one.name}`, one]))
        for (const one of [...a.tests, ...b.tests]) {
          if (!['fail', 'crashed', 'timeout'].includes(one.status)) continue
          expect(merged.get(`${one.section} ${one.name}`)?.status).toMatch(/fail|crashed|timeout/)
        }
      }),
    )
  })

  test('a shard that did not reach a test says nothing about it; a re-run makes it flaky', () => {
    const guests = { guests: [aGuest(1)] }
    const left = aRecord([aTest('g/001', { status: 'notreached', reason: 'other shard' }), aTest('g/002', { status: 'fail' })], guests)
    const right = aRecord([aTest('g/001'), aTest('g/002')], guests)
    expect(mergeAll([left, right]).tests).toMatchObject([
      { name: 'g/001', status: 'pass', reason: null },
      { name: 'g/002', status: 'fail', flaky: true, attempts: [{ status: 'fail' }, { status: 'pass' }] },
    ])
  })

  test('numbers the guests of the second on, and moves logs where asked', () => {
    const one = aRecord([aTest('g/001', { attempts: [anAttempt({ guest: 1, logs: { full: 'guests/1/x' } })] })], { guests: [aGuest(1)] })
    const two = relocateRecord(
      aRecord([aTest('g/002', { attempts: [anAttempt({ guest: 1, logs: { full: 'guests/1/x' } })] })], { guests: [aGuest(1)] }),
      'shard-2',
    )
    const merged = mergeRecords(one, two)
    expect(merged.guests.map((guest) => [guest.id, guest.consolePath])).toEqual([
      [1, 'guests/1/console.log'],
      [2, 'shard-2/guests/1/console.log'],
    ])
    expect(merged.tests[1]?.attempts[0]).toMatchObject({ guest: 2, logs: { full: 'shard-2/guests/1/x' } })
  })

  test('refuses unlike plans, naming what differs', () => {
    const base = aRecord([aTest('g/001')])
    const unlike = (changes: Partial<RunRecord>) => () => mergeRecords(base, { ...base, ...changes })
    expect(unlike({ plan: { ...base.plan, suites: ['smoke'] } })).toThrow(UserError)
    expect(unlike({ plan: { ...base.plan, selection: { ...base.plan.selection, groups: ['auto'] } } })).toThrow(/differ in groups/)
    expect(unlike({ plan: { ...base.plan, kernelTree: { directory: '/k', config: null, kconfig: [] } } })).toThrow(/differ in kernelTree/)
    expect(unlike({ revisions: { kernel: 'other' } })).toThrow(/revision of kernel/)
    expect(unlike({ sections: [aSection('xfs_4k', { settings: settings({ mkfsOptions: '-f' }) })] })).toThrow(/section xfs_4k/)
    expect(unlike({ sections: [aSection('xfs_4k', { kernelRelease: '5.10' })] })).toThrow(/section xfs_4k/)
    expect(unlike({ plan: { ...base.plan, outputDirectory: 'elsewhere', vms: 3 } })).not.toThrow()
    expect(() => mergeAll([])).toThrow(UserError)
  })
})

describe('testsToRerun', () => {
  const failing = aTest('g/001', { status: 'fail' })
  const names = (tests: readonly TestRecord[], policy?: Parameters<typeof testsToRerun>[1]) =>
    testsToRerun(aRecord(tests), policy).map((one) => one.name)

  test('takes what failed, crashed or hung, and never passed', () => {
    expect(
      names([
        ...[
          failing,
          aTest('g/002'),
          aTest('g/003', { status: 'crashed' }),
          aTest('g/004', { status: 'timeout' }),
          aTest('g/005', { status: 'notrun' }),
        ],
        aTest('g/006', { status: 'notreached' }),
        aTest('g/007', { status: 'fail', flaky: true, attempts: [anAttempt({ status: 'fail' }), anAttempt()] }),
        aTest('g/008', { status: 'fail', expectedFailure: { reason: 'known' } }),
        aTest('g/009', { status: 'crashed', expectedFailure: { reason: 'known' } }),
      ]),
    ).toEqual(['g/001', 'g/003', 'g/004', 'g/009'])
  })

  test('keeps to its budget, and gives up on a change that breaks everything', () => {
    const long = aTest('g/002', { status: 'fail', attempts: [anAttempt({ status: 'fail', durationSeconds: 500 })] })
    expect(names([long, failing], { mostTests: 9, budgetSeconds: 100 })).toEqual(['g/001'])
    expect(names([long, failing], { mostTests: 1, budgetSeconds: null })).toEqual([])
  })
})
