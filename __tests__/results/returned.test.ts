import { expect, test } from '@jest/globals'
import { aBatch, aGuest, aSelection, aVmRun, build } from './fixtures.js'

test('a test that passed while its guest was being ended for it timed out; the one that had started then has no attempt', async () => {
  const tests = ['generic/001', 'generic/002']
  const exit = { kind: 'timeout', what: 'test', afterSeconds: 40, lastLine: '', test: 'generic/001' } as const
  const timeline = [{ name: 'generic/001', startedAt: '2026-11-24T05:01:00.000Z', endedAt: '2026-11-24T05:01:42.000Z', seconds: 42 }]
  const batch = aBatch(1, tests, { timeline, died: { exit, test: 'generic/001' }, returned: ['generic/002'] })
  const output = 'FSTYP         -- xfs\n\ngeneric/001        42s\ngeneric/002        '
  const vmRun = aVmRun({ guests: [aGuest(1, { exit })], batches: [batch] })
  const record = await build({ [`/run/${batch.directory}/check.stdout`]: output }, vmRun, aSelection(tests))
  expect(record.tests.map(({ name, status, attempts }) => [name, status, attempts.length])).toEqual([
    ['generic/001', 'timeout', 1],
    ['generic/002', 'notreached', 0],
  ])
  expect(record.tests[0]?.attempts[0]?.message).toMatch(/did not end within 40 s.*came to its end and passed/)
})

test('a test that check had named when the host ended its batch is not said to have run unasked', async () => {
  const ended = aBatch(1, ['generic/001'], {
    timeline: [{ name: 'generic/001', startedAt: '2026-11-24T05:01:00.000Z', endedAt: '2026-11-24T05:01:02.000Z', seconds: 2 }],
    endedByUs: true,
    endedAfter: 'generic/001',
    returned: ['generic/002'],
  })
  const rest = aBatch(2, ['generic/002'], {
    timeline: [{ name: 'generic/002', startedAt: '2026-11-24T05:03:00.000Z', endedAt: '2026-11-24T05:03:01.000Z', seconds: 1 }],
  })
  const vmRun = aVmRun({ guests: [aGuest(1), aGuest(2)], batches: [ended, rest] })
  const files = {
    [`/run/${ended.directory}/check.stdout`]: 'FSTYP         -- xfs\n\ngeneric/001        2s\ngeneric/002        Interrupted!\n',
    [`/run/${rest.directory}/check.stdout`]: 'FSTYP         -- xfs\n\ngeneric/002        1s\nRan: generic/002\nPassed all 1 tests\n',
  }
  const record = await build(files, vmRun, aSelection(['generic/001', 'generic/002']))
  expect(record.tests.map(({ name, status, attempts }) => [name, status, attempts.length])).toEqual([
    ['generic/001', 'pass', 1],
    ['generic/002', 'pass', 1],
  ])
  expect(JSON.stringify(record)).not.toContain('not asked for')
})
