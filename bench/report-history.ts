import { anAttempt, aRecord, aReport, aSection, aTest, settings } from '../__tests__/report/builder.js'
import type { RunRecord, TestRecord } from '../src/domain/record.js'
import { type Baseline, comparisonOf, conclude, withCompared } from '../src/results/index.js'

/** A made-up branch of runs, the same every time: for looking at the page, the index and the mail. */

const DAY = 24 * 60 * 60 * 1000
const FIRST = Date.parse('2026-11-05T05:00:00.000Z')
const SUBJECTS = [
  'xfs: fix a use-after-free in the inode cache',
  'xfs: do not flush the log twice on unmount',
  'iomap: keep the length of a short write',
  'ext4: journal the block bitmap before it is used',
  'mm: count large folios once',
]

const commitOf = (run: number): string => `${(0xa1b2c3d4 + run * 7919).toString(16)}${'e5f6a7b8c9d0a1b2c3d4e5f6a7b8c9d0'}`

const diffOf = (name: string, extra: string): string =>
  `--- tests/${name}.out\n+++ results/${name}.out.bad\n@@ -1,3 +1,4 @@\n QA output created by ${name.split('/')[1]}\n+${extra}\n Silence is golden\n`

function failed(name: string, extra: string, changes: Partial<TestRecord> = {}): TestRecord {
  const attempt = anAttempt({
    status: 'fail',
    durationSeconds: 4,
    message: `- output mismatch (see results/${name}.out.bad)`,
    diff: diffOf(name, extra),
    logs: {
      outBad: `guests/1/batches/1/results/${name}.out.bad`,
      full: `guests/1/batches/1/results/${name}.full`,
      console: 'guests/1/console.log',
    },
  })
  return aTest(name, { status: 'fail', attempts: [attempt], ...changes })
}

const passed = (name: string, seconds: number, changes: Partial<TestRecord> = {}): TestRecord =>
  aTest(name, { attempts: [anAttempt({ durationSeconds: seconds })], ...changes })

/** The last of twenty runs: three failures with one cause, a crash, a flaky test, a known failure, and what is as it should be. */
function testsOf(run: number, last: number): TestRecord[] {
  const isLast = run === last
  const tests: TestRecord[] = Array.from({ length: 46 }, (_, index) =>
    passed(`generic/${String(index + 1).padStart(3, '0')}`, 1 + (index % 7)),
  )
  const put = (test: TestRecord) => {
    const at = tests.findIndex(({ name, section }) => name === test.name && section === test.section)
    if (at < 0) tests.push(test)
    else tests[at] = test
  }
  if (isLast) for (const name of ['generic/013', 'generic/027', 'generic/044']) put(failed(name, '+fsck: 3 errors'.slice(1)))
  if (run >= last - 6) put(failed('generic/020', 'attribute limit 65536 is not kept'))
  if (run % 6 === 2 || isLast) {
    const first = failed('generic/038', 'fstrim: /mnt/scratch: the discard operation is not supported').attempts
    put(aTest('generic/038', { status: 'fail', flaky: true, attempts: [...first, anAttempt({ guest: 2 })] }))
  }
  if (isLast) put(crashed())
  put(aTest('generic/019', { status: 'notrun', reason: 'fail_make_request not supported', attempts: [anAttempt({ status: 'notrun' })] }))
  for (const name of ['generic/001', 'generic/002', 'generic/003']) put(passed(name, 3, { section: 'ext4_1k' }))
  return tests
}

function crashed(): TestRecord {
  const lines = [
    'BUG: KASAN: slab-use-after-free in xfs_iget+0x12/0x340 [xfs]',
    'Read of size 8 at addr ffff888112345678 by task fsstress/1234',
    'CPU: 1 UID: 0 PID: 1234 Comm: fsstress Not tainted 6.18.0-rc1 #1 PREEMPT(voluntary)',
    'Call Trace:',
    ' <TASK>',
    ' kasan_report+0xc6/0x100',
    ' xfs_iget+0x12/0x340 [xfs]',
    ' xfs_lookup+0x99/0x200 [xfs]',
    ' </TASK>',
    'Kernel panic - not syncing: KASAN: panic_on_warn set ...',
  ]
  return aTest('generic/040', {
    status: 'crashed',
    attempts: [
      anAttempt({
        status: 'crashed',
        durationSeconds: 17.25,
        message: 'the kernel panicked: Kernel panic - not syncing: KASAN: panic_on_warn set ...',
        reports: [aReport({ fatal: true, lines, firstLine: 4711, lastLine: 4720, test: 'generic/040' })],
        exit: { kind: 'panic', line: 'Kernel panic - not syncing: KASAN: panic_on_warn set ...' },
        logs: { console: 'guests/1/console.log', full: 'guests/1/batches/1/results/generic/040.full' },
      }),
    ],
  })
}

/** Runs of one branch, oldest first, each compared with the one before it. */
export function someRuns(count: number): readonly RunRecord[] {
  const records: RunRecord[] = []
  for (let run = 0; run < count; run += 1) {
    const started = FIRST + run * DAY
    const commit = commitOf(run)
    const record = aRecord(testsOf(run, count - 1), {
      runId: `run-${run + 1}`,
      startedAt: new Date(started).toISOString(),
      endedAt: new Date(started + 19 * 60_000 + run * 3000).toISOString(),
      commit,
      kernelCommit: commit,
      revisions: { kernel: commit, xfstests: 'v2026.11.10', xfsprogs: '6.17.0', e2fsprogs: '1.47.3' },
      suiteRevisions: { fstests: 'v2026.11.10' },
      workflow: {
        runId: String(7000 + run),
        attempt: '1',
        event: 'push',
        ref: 'refs/heads/for-next',
        address: `https://github.example/fs/linux/actions/runs/${7000 + run}`,
      },
      tested: {
        tree: 'fs/linux',
        branch: 'for-next',
        subject: SUBJECTS[run % SUBJECTS.length] ?? '',
        describe: `v6.18-rc1-${120 + run}-g${commit.slice(0, 12)}`,
        ...(run === count - 1 ? { pullRequest: PULL_REQUEST } : {}),
      },
      sections: [
        aSection('xfs_4k', { kernelRelease: `6.18.0-rc1-${120 + run}` }),
        aSection('ext4_1k', { kernelRelease: `6.18.0-rc1-${120 + run}`, settings: settings({ fstyp: 'ext4', mkfsOptions: '-b 1024' }) }),
      ],
    })
    records.push(judged(record, records.at(-1) ?? null))
  }
  return records
}

const PULL_REQUEST = {
  number: 42,
  title: 'xfs: keep inodes out of the cache while they are reclaimed',
  address: 'https://github.example/fs/linux/pull/42',
  branch: 'reclaim',
  into: 'for-next',
}

function judged(record: RunRecord, before: Baseline | null): RunRecord {
  const compared = before === null ? record : withCompared(record, before, { choice: 'the record of the commit it is based on' })
  return { ...compared, conclusion: conclude(compared, comparisonOf(compared), 'new') }
}
