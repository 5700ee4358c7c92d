import type { RunRecord } from '../../src/domain/record.js'
import type { Comparison } from '../../src/domain/stages.js'
import { aComparison, anAttempt, aRecord, aReport, aSection, aTest, settings } from './builder.js'

const DIFF = `--- tests/generic/013.out
+++ results/generic/013.out.bad
@@ -1,4 +1,5 @@
 QA output created by 013
-brevity is wit...
+fsck: 3 errors
+brevity is w1t...
`

/** Two runs of one story: a regression, a known failure, a flaky, a fixed, a newly notrun, a stale and a kept expected failure. */
export function aStory(): { record: RunRecord; baseline: RunRecord; comparison: Comparison } {
  const failing = { status: 'fail' as const, attempts: [anAttempt({ status: 'fail', message: '- output mismatch', diff: DIFF })] }
  const crash = anAttempt({
    status: 'crashed',
    durationSeconds: 17.25,
    message: 'the guest died under this test',
    reports: [aReport({ fatal: true })],
    exit: { kind: 'panic', line: 'Kernel panic - not syncing: KASAN: panic_on_warn set ...' },
    logs: { console: 'guests/1/console.log', full: 'batches/1/results/generic/475.full', dmesg: 'batches/1/results/generic/475.dmesg' },
  })
  const tests = [
    aTest('generic/001'),
    aTest('generic/013', {
      ...failing,
      attempts: [anAttempt({ ...failing.attempts[0], logs: { outBad: 'batches/1/results/generic/013.out.bad' } })],
    }),
    aTest('generic/019', { status: 'notrun', reason: 'fail_make_request not supported' }),
    aTest('generic/020', { ...failing }),
    aTest('generic/070', {
      status: 'fail',
      flaky: true,
      attempts: [anAttempt({ status: 'fail', message: 'fsstress exited 1' }), anAttempt({ status: 'pass', guest: 2 })],
    }),
    aTest('generic/100'),
    aTest('generic/475', { status: 'crashed', attempts: [crash] }),
    aTest('generic/476', { status: 'notreached', reason: 'the run ended before' }),
    aTest('xfs/073', {
      status: 'fail',
      expectedFailure: { reason: 'needs xfsprogs 6.18', link: 'https://bugs.example/73' },
      attempts: failing.attempts,
    }),
    aTest('xfs/074', { expectedFailure: { reason: 'fixed upstream' } }),
    aTest('xfs/191', { status: 'expunged', reason: 'kills the mount point' }),
    aTest('generic/001', { section: 'ext4_1k' }),
    aTest('generic/002', { section: 'ext4_1k', status: 'notrun', reason: 'requires reflink' }),
    aTest('generic/003', {
      section: 'ext4_1k',
      status: 'timeout',
      attempts: [
        anAttempt({
          status: 'timeout',
          durationSeconds: 600,
          exit: { kind: 'timeout', what: 'test', afterSeconds: 600, lastLine: 'run fstests generic/003' },
        }),
      ],
    }),
  ]
  const record = aRecord(tests, {
    sections: [aSection('xfs_4k'), aSection('ext4_1k', { settings: settings({ fstyp: 'ext4', mkfsOptions: '-b 1024' }) })],
    conclusion: {
      kind: 'failed',
      reason: 'Three tests fail that pass on the base branch.',
      counts: { pass: 4, fail: 4, notrun: 2, expunged: 1, crashed: 1, timeout: 1, notreached: 1 },
    },
    problems: ['guest 1 died; a fresh one went on'],
    disagreements: [
      {
        suite: 'fstests',
        section: 'xfs_4k',
        test: 'generic/100',
        sources: { stdout: 'pass', 'result.xml': 'fail' },
        resolution: 'The test line says pass.',
      },
    ],
    cache: [
      {
        layer: 'store',
        key: 'vmtest-store-ab12',
        outcome: 'hit',
        detail: 'exact',
        bytes: 734003200,
        restoreSeconds: 14.2,
        saveSeconds: null,
        savedSeconds: 1260,
      },
    ],
  })
  const baseline = aRecord(
    [
      aTest('generic/001'),
      aTest('generic/020', { ...failing }),
      aTest('generic/100', { ...failing }),
      aTest('generic/019'),
      aTest('generic/999'),
    ],
    { runId: 'run-1' },
  )
  const at = (section: string, name: string) => ({ suite: 'fstests', section, name })
  const comparison = aComparison({
    newFailures: [at('xfs_4k', 'generic/013'), at('xfs_4k', 'generic/475'), at('ext4_1k', 'generic/003')],
    knownFailures: [at('xfs_4k', 'generic/020')],
    fixed: [at('xfs_4k', 'generic/100')],
    vanished: [at('xfs_4k', 'generic/999')],
    newlyNotrun: [at('xfs_4k', 'generic/019')],
  })
  return { record, baseline, comparison }
}
