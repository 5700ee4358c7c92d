import { expect, test } from '@jest/globals'
import { BatchProgress } from '../../src/vm/batch-progress.js'

const parser = { feed: () => [], end: () => [] }
const place = { guest: 1, suite: 'fstests', section: 'xfs', directory: 'guests/1/batches/1', notes: [] }
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second))

test('the test whose time was over is what the guest died under, not the one that started meanwhile', () => {
  const tests = ['generic/001', 'generic/002', 'generic/003']
  const progress = new BatchProgress({ id: 1, tests, environment: {}, arguments: [] }, parser)
  progress.startTest('generic/001', at(0))
  progress.endTest(at(42))
  progress.startTest('generic/002', at(42))
  const exit = { kind: 'timeout', what: 'test', afterSeconds: 40, lastLine: '', test: 'generic/001' } as const
  expect(progress.finish(place, exit)).toMatchObject({
    died: { test: 'generic/001' },
    returned: ['generic/002'],
    timeline: [{ name: 'generic/001' }],
  })
})

test('a guest that is ended for nothing a test did gives nothing back', () => {
  const progress = new BatchProgress({ id: 1, tests: ['generic/001'], environment: {}, arguments: [] }, parser)
  progress.startTest('generic/001', at(0))
  const exit = { kind: 'timeout', what: 'run', afterSeconds: 40, lastLine: '' } as const
  expect(progress.finish(place, exit)).toMatchObject({ died: { test: 'generic/001' }, timeline: [{ name: 'generic/001' }] })
})

test('a test that was taken away, and that the guest came to all the same, is given back; one it did not come to is not told', () => {
  const tests = ['generic/001', 'generic/002', 'generic/003']
  const printed = { feed: (name: string) => [{ kind: 'start' as const, name }], end: () => [] }
  for (const [comesTo, reached] of [
    [(progress: BatchProgress) => progress.endByUs('generic/002'), ['generic/002']],
    [(progress: BatchProgress) => progress.output('generic/002'), ['generic/002']],
    [() => undefined, undefined],
  ] as const) {
    const progress = new BatchProgress({ id: 1, tests, environment: {}, arguments: [] }, printed)
    progress.startTest('generic/001', at(0))
    expect(progress.withdraw(['generic/002', 'generic/003'])).toEqual(['generic/002', 'generic/003'])
    progress.endTest(at(1))
    comesTo(progress)
    const batch = progress.finish(place, null)
    expect(batch).toMatchObject({ tests: ['generic/001'], timeline: [{ name: 'generic/001' }] })
    expect(batch.returned).toEqual(reached)
  }
})

test('a test whose output comes late has ended, and how it went is told when it comes, once', () => {
  const ends = { feed: (name: string) => [{ kind: 'end' as const, name, status: 'fail', seconds: 3 }], end: () => [] }
  const progress = new BatchProgress({ id: 1, tests: ['generic/001', 'generic/002'], environment: {}, arguments: [] }, ends)
  progress.startTest('generic/001', at(0))
  expect(progress.endTest(at(3))).toMatchObject({ status: 'ended' })
  progress.startTest('generic/002', at(3))
  expect(progress.output('generic/001')).toEqual([{ kind: 'test-word', name: 'generic/001', status: 'fail' }])
  // In time, and again: no news.
  expect(progress.output('generic/002')).toEqual([])
  expect(progress.endTest(at(6))).toMatchObject({ status: 'fail' })
  expect(progress.output('generic/001')).toEqual([])
})
