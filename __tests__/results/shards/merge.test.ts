import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { UserError } from '../../../src/domain/errors.js'
import { type RunRecord, runRecordSchema } from '../../../src/domain/record.js'
import { testKey } from '../../../src/domain/test-key.js'
import { exitCode, isFailure } from '../../../src/domain/verdict.js'
import { testsOfShard } from '../../../src/plan/shards/index.js'
import { mergeShards, withCompared } from '../../../src/results/index.js'
import { aBaseline, aReport, aTest } from '../../report/builder.js'
import { anyShard, aShard, promise } from './shard-world.js'

const all = () => [1, 2, 3].map((shard) => aShard({ shard }))
const statuses = ({ tests }: RunRecord) => Object.fromEntries(tests.map(({ section, name, status }) => [`${section} ${name}`, status]))

describe('whatever comes, in whatever order', () => {
  test('merging is associative and commutative', () => {
    fc.assert(
      fc.property(anyShard, anyShard, anyShard, (a, b, c) => {
        const whole = mergeShards([a, b, c])
        expect(mergeShards([c, a, b])).toEqual(whole)
        expect(mergeShards([mergeShards([a, b]), c])).toEqual(whole)
        expect(mergeShards([a, mergeShards([c, b])])).toEqual(whole)
        expect(runRecordSchema.safeParse(whole).error).toBeUndefined()
      }),
      { numRuns: 300 },
    )
  })

  test('every promised test is there once, no failure is lost, and nothing is green that did not all come', () => {
    fc.assert(
      fc.property(fc.array(anyShard, { minLength: 1, maxLength: 5 }), (records) => {
        const whole = mergeShards(records)
        const keys = whole.tests.map(testKey)
        expect(keys).toHaveLength(6)
        expect(new Set(keys)).toEqual(new Set([1, 2, 3].flatMap((number) => testsOfShard(promise, number).map(testKey))))
        const merged = new Map(whole.tests.map((each) => [testKey(each), each.status]))
        for (const { tests } of records)
          for (const each of tests.filter(({ status }) => isFailure(status)))
            expect(isFailure(merged.get(testKey(each)) ?? 'pass')).toBe(true)
        if (whole.conclusion.kind === 'passed') {
          const came = records.map(({ shards }) => `${shards?.own}-${shards?.parts[0]?.attempt}`)
          expect(new Set(came.map((each) => each.split('-')[0]))).toEqual(new Set(['1', '2', '3']))
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('a whole of three shards', () => {
  test('all came: it passes, in the order of one run, with guests numbered on', () => {
    const whole = mergeShards(all())
    expect(whole.conclusion.kind).toBe('passed')
    expect(whole.tests.map(({ section, name }) => `${section} ${name}`)).toEqual(
      ['xfs_4k', 'ext4_4k'].flatMap((section) => ['g/001', 'g/002', 'g/003'].map((name) => `${section} ${name}`)),
    )
    expect(whole.guests.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6])
    expect(whole.shards).not.toHaveProperty('own')
  })

  test('one never came: its tests are not reached, and it is named', () => {
    const whole = mergeShards(all().slice(0, 2))
    expect(whole.conclusion).toMatchObject({ kind: 'could-not-test', reason: expect.stringContaining('shard 3/3 left no record') })
    expect(statuses(whole)).toMatchObject({ 'ext4_4k g/001': 'notreached', 'ext4_4k g/003': 'notreached', 'ext4_4k g/002': 'pass' })
  })

  test('one came twice: what passed in it is not believed, what failed is', () => {
    const double = aShard({ shard: 3, attempts: { 'g/003': [{ status: 'fail' }] } })
    const whole = mergeShards([...all().slice(0, 2), double, double])
    expect(whole.conclusion).toMatchObject({ kind: 'failed', untested: expect.stringContaining('shard 3/3 came more than once') })
    expect(statuses(whole)).toMatchObject({ 'ext4_4k g/003': 'fail', 'ext4_4k g/001': 'notreached' })
    const other = aShard({ shard: 3, runId: 'another' })
    expect(mergeShards([...all(), other]).conclusion).toMatchObject({
      kind: 'could-not-test',
      reason: expect.stringContaining('shard 3/3 came more than once'),
    })
  })

  test('one was cancelled, or ran out of disk: could not test, by its name', () => {
    const stopped = { kind: 'cancelled', reason: 'The run was interrupted.' } as const
    const cancelled = aShard({ shard: 2, stopped, attempts: { 'g/002': [] } })
    const whole = mergeShards([...all().slice(0, 1), cancelled, ...all().slice(2)])
    expect(whole.conclusion).toMatchObject({ kind: 'could-not-test', reason: expect.stringContaining('shard 2/3 was cancelled') })
    const full = aShard({ shard: 2, stopped: { kind: 'infrastructure', reason: 'The disk is full.' }, attempts: { 'g/002': [] } })
    expect(mergeShards([...all().slice(0, 1), full, ...all().slice(2)]).conclusion.reason).toContain(
      'shard 2/3 could not test: The disk is full',
    )
  })

  test('tests missing from a record that came are not reached', () => {
    const [first, second, third] = all() as [RunRecord, RunRecord, RunRecord]
    const whole = mergeShards([first, second, { ...third, tests: third.tests.slice(1) }])
    expect(whole.conclusion.kind).toBe('could-not-test')
    expect(whole.tests.find(({ status }) => status === 'notreached')?.reason).toBe('shard 3/3 has no verdict on it')
  })

  test('a record that holds tests of others is not believed whole', () => {
    const [first, second, third] = all() as [RunRecord, RunRecord, RunRecord]
    const whole = mergeShards([first, second, { ...third, tests: [...third.tests, aTest('g/001', { section: 'xfs_4k' })] }])
    expect(whole.conclusion).toMatchObject({ kind: 'could-not-test', reason: expect.stringContaining('shard 3/3') })
  })
})

describe('further attempts', () => {
  test('a test that failed in attempt 1 and passes in attempt 2 is flaky and does not count', () => {
    const first = aShard({ shard: 2, attempts: { 'g/002': [{ status: 'fail' }] } })
    const again = aShard({ shard: 2, attempt: 2 })
    const [one, , three] = all() as [RunRecord, RunRecord, RunRecord]
    for (const order of [
      [one, first, again, three],
      [again, three, first, one],
    ]) {
      const whole = mergeShards(order)
      expect(whole.conclusion.kind).toBe('passed')
      expect(whole.tests.filter(({ flaky }) => flaky).map(({ section, name }) => `${section} ${name}`)).toEqual([
        'xfs_4k g/002',
        'ext4_4k g/002',
      ])
    }
  })

  test.each([
    ['a crash', [{ status: 'crashed' as const }]],
    ['a kernel report', [{ status: 'fail' as const, reports: [aReport()] }]],
  ])('after %s it does count', (_what, attempts) => {
    const [one, , three] = all() as [RunRecord, RunRecord, RunRecord]
    const whole = mergeShards([one, three, aShard({ shard: 2, attempts: { 'g/002': attempts } }), aShard({ shard: 2, attempt: 2 })])
    expect(whole.conclusion.kind).toBe('failed')
  })

  test('a lost shard that came in attempt 2 makes the whole good', () => {
    const stopped = { kind: 'infrastructure', reason: 'The disk is full.' } as const
    const first = aShard({ shard: 2, stopped, attempts: { 'g/002': [] } })
    const whole = mergeShards([...all().filter(({ shards }) => shards?.own !== 2), first, aShard({ shard: 2, attempt: 2 })])
    expect(whole.conclusion.kind).toBe('passed')
    expect(whole.stopped).toBeUndefined()
  })
})

describe('refusals', () => {
  const [first, second] = all() as [RunRecord, RunRecord]
  test.each<[string, Partial<RunRecord>, RegExp]>([
    ['another plan', { shards: { ...second.shards, plan: 'other' } as RunRecord['shards'] }, /shard 2\/3 is of plan other/],
    ['another kernel', { revisions: { ...second.revisions, kernel: 'other' } }, /revision of kernel/],
    ['another kernel image', { images: { kernel: 'b', suite: 's' } }, /kernel image/],
    ['other fstests', { revisions: { ...second.revisions, xfstests: 'other' } }, /revision of xfstests/],
    ['another bundle', { bundlePath: '/nix/store/b' }, /bundle path/],
    ['another commit', { commit: 'b' }, /commit/],
    ['no shard', { shards: undefined }, /is of no shard/],
  ])('%s', (_what, changes, message) => {
    const left = { ...first, images: { kernel: 'a', suite: 's' }, bundlePath: '/nix/store/a', commit: 'a' }
    for (const order of [
      [left, { ...second, ...changes }],
      [{ ...second, ...changes }, left],
    ]) {
      expect(() => mergeShards(order)).toThrow(UserError)
      if (changes.shards === undefined || !('shards' in changes)) expect(() => mergeShards(order)).toThrow(message)
    }
    expect(() => mergeShards([left, { ...second, ...changes }])).toThrow(message)
  })
})

describe('a shard by itself', () => {
  test('what other shards run is not lost to it', () => {
    const shard = aShard({ shard: 1 })
    const baseline = aBaseline(
      ['xfs_4k', 'ext4_4k'].flatMap((section) => ['g/001', 'g/002', 'g/003'].map((name) => aTest(name, { section }))),
    )
    expect(withCompared(shard, baseline, {}).compared).toMatchObject({ lost: [], gone: [], vanished: [] })
  })

  test('it is judged by its own tests: one that declines makes it no failure', () => {
    const shard = aShard({ shard: 1, attempts: { 'g/001': [{ status: 'notrun' }], 'g/003': [{ status: 'notrun' }] } })
    expect(exitCode(shard.conclusion, 'new')).toBe(0)
    const failing = aShard({ shard: 1, attempts: { 'g/001': [{ status: 'fail' }] } })
    expect(exitCode(failing.conclusion, 'new')).toBe(1)
    expect(exitCode(failing.conclusion, 'never')).toBe(0)
    expect(exitCode(aShard({ shard: 1, attempts: { 'g/001': [] } }).conclusion, 'never')).toBe(69)
  })
})
