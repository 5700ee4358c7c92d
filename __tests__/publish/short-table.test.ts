import { expect, test } from '@jest/globals'
import { showsSummary } from '../../src/domain/servers.js'
import type { Report } from '../../src/domain/stages.js'
import type { Runner } from '../../src/ports/index.js'
import { showReport } from '../../src/publish/index.js'
import { shortTable } from '../../src/publish/short-table.js'

const tested = (section: string, name: string, status: string, reason?: string) => ({
  ...{ suite: 'fstests', section, name, status, expectedFailure: null, flaky: false },
  ...(reason === undefined ? {} : { reason }),
})

function report(tests: readonly object[], counts: Record<string, number>): Report {
  const conclusion = { kind: 'failed', reason: '1 new failure: xfs generic/002 (fail).', counts }
  return { record: { tests, conclusion }, comparison: null, summaryMarkdown: '# all' } as unknown as Report
}

test('counts, and one line for each test that failed or was not reached', () => {
  const tests = [
    tested('xfs', 'generic/001', 'pass'),
    tested('xfs', 'generic/002', 'fail', 'output mismatch\n+more'),
    tested('ext4_4k', 'generic/475', 'notreached', 'the guest was lost'),
  ]
  expect(shortTable(report(tests, { pass: 1, fail: 1, notreached: 1, notrun: 0 }))).toBe(
    [
      'failed: 1 new failure: xfs generic/002 (fail).',
      '  1 pass, 1 fail, 1 notreached',
      '  xfs generic/002      fail  output mismatch',
      '  ext4_4k generic/475  notreached  the guest was lost',
    ].join('\n'),
  )
})

test('a thousand failures do not bury the end of the log', () => {
  const tests = Array.from({ length: 1000 }, (_, number) => tested('xfs', `generic/${number}`, 'fail'))
  const lines = shortTable(report(tests, { fail: 1000 })).split('\n')
  expect(lines.length).toBeLessThan(40)
  expect(lines.at(-1)).toBe('  … and 970 more; the report has all')
})

test.each([
  [{ GITHUB_STEP_SUMMARY: '/s' }, true],
  [{ GITHUB_STEP_SUMMARY: '/s', GITEA_ACTIONS: 'true' }, false],
  [{ GITHUB_STEP_SUMMARY: '/s', FORGEJO_ACTIONS: 'true' }, false],
  [{}, false],
])('with %j a summary is shown: %s', async (env, shown) => {
  expect(showsSummary(env)).toBe(shown)
  const printed: string[] = []
  const runner = { env, writeSummary: async () => undefined, untrusted: (text: string) => printed.push(text) } as unknown as Runner
  await showReport(report([], {}), { runner })
  // What a guest says is never printed bare.
  expect(printed).toHaveLength(shown ? 0 : 1)
})
