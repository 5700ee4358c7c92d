import { aComparison, anAttempt, aRecord, aReport, aSection, aTest, settings } from '../__tests__/report/builder.js'
import type { KernelReport } from '../src/domain/kernel-report.js'
import type { Attempt, RunRecord, TestRecord } from '../src/domain/record.js'
import type { Comparison } from '../src/domain/stages.js'
import type { TestStatus } from '../src/domain/test.js'

/** A made-up run of any size, the same for the same arguments: for the benchmark and for looking at the page. */
export interface RunShape {
  readonly tests: number
  /** Characters of diffs and kernel logs, over all tests. */
  readonly logCharacters: number
  readonly vms: number
  /** `mixed`: as a bad day. `all-fail`: every test carries its share of the logs into every rendering. */
  readonly verdicts: 'mixed' | 'all-fail'
  /** What is done to each test as soon as it is there; absent: nothing. */
  readonly keep?: (test: TestRecord) => TestRecord
}

const SECTIONS = ['xfs_4k', 'xfs_1k_rmap', 'ext4_1k', 'btrfs_default'] as const
const REASONS = [
  'requires reflink',
  'fail_make_request not supported',
  'this test requires a valid $SCRATCH_LOGDEV',
  'fsverity utility required, skipped this test',
]
const TITLES = [
  'KASAN: slab-use-after-free Read in xfs_iget',
  'WARNING in xfs_inode_to_log_dinode',
  'possible deadlock in jbd2_log_do_checkpoint',
  'INFO: task hung in xfs_buf_lock',
]

/** Numbers that look random and are the same every time (an LCG). */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

export function aRun({ tests, logCharacters, vms, verdicts, keep = (test) => test }: RunShape): {
  record: RunRecord
  comparison: Comparison
} {
  const roll = dice(42)
  const perTest = Math.floor(logCharacters / tests)
  const start = Date.parse('2026-11-24T05:00:00.000Z')
  const clocks = Array.from({ length: vms }, () => 9000)
  const records: TestRecord[] = []
  for (let index = 0; index < tests; index += 1) {
    const guest = clocks.indexOf(Math.min(...clocks))
    const seconds = Math.round((0.4 + roll() ** 6 * 90) * 10) / 10
    const startedAt = new Date(start + (clocks[guest] ?? 0)).toISOString()
    clocks[guest] = (clocks[guest] ?? 0) + seconds * 1000 + 300
    records.push(keep(oneTest(index, tests, { roll, verdicts, characters: perTest, seconds, startedAt, guest: guest + 1 })))
  }
  const failed = records.filter(
    (test) => ['fail', 'crashed', 'timeout'].includes(test.status) && !test.flaky && test.expectedFailure === null,
  )
  const known = failed.filter((_, index) => index % 3 === 2)
  const record = aRecord(records, {
    sections: SECTIONS.map((name) =>
      aSection(name, {
        settings: settings({ fstyp: name.split('_')[0] ?? 'xfs', mkfsOptions: name === 'btrfs_default' ? '' : '-b size=4096' }),
      }),
    ),
    endedAt: new Date(start + Math.max(...clocks) + 2000).toISOString(),
    guests: clocks.map((end, index) => ({
      id: index + 1,
      suite: 'fstests',
      section: SECTIONS[0] ?? '',
      startedAt: new Date(start).toISOString(),
      endedAt: new Date(start + end).toISOString(),
      exit: index === 1 ? { kind: 'panic' as const, line: 'Kernel panic - not syncing: Fatal exception' } : { kind: 'poweroff' as const },
      boot: { kernelSeconds: 0.9, initSeconds: 4.1, readySeconds: 8.2, firstTestSeconds: 9 },
      consolePath: `guests/${index + 1}/console.log`,
      directory: `guests/${index + 1}`,
      argv: ['qemu-system-x86_64'],
      release: '6.18.0-rc1',
      reports: [],
    })),
    problems: ['VM 2 died of a kernel panic; a fresh one went on with its queue.'],
    conclusion: { ...aRecord(records).conclusion, reason: `${failed.length - known.length} tests fail that pass on the base branch.` },
  })
  const comparison = aComparison({
    newFailures: failed.filter((test) => !known.includes(test)),
    knownFailures: known,
    fixed: records.filter((test) => test.status === 'pass').slice(5, 7),
    newlyNotrun: records.filter((test) => test.status === 'notrun').slice(0, 1),
  })
  return { record, comparison }
}

interface Draw {
  readonly verdicts: RunShape['verdicts']
  readonly roll: () => number
  readonly characters: number
  readonly seconds: number
  readonly startedAt: string
  readonly guest: number
}

function oneTest(index: number, total: number, draw: Draw): TestRecord {
  const section = SECTIONS[Math.min(SECTIONS.length - 1, Math.floor((index * SECTIONS.length) / total))] ?? 'xfs_4k'
  const family = index % 3 === 0 ? (section.split('_')[0] ?? 'xfs') : 'generic'
  const name = `${family}/${String(index % Math.max(1000, total / SECTIONS.length)).padStart(3, '0')}`
  const chance = draw.verdicts === 'mixed' ? draw.roll() : draw.roll() * 0.037
  const status: TestStatus =
    chance < 0.03
      ? 'fail'
      : chance < 0.034
        ? 'crashed'
        : chance < 0.037
          ? 'timeout'
          : chance < 0.12
            ? 'notrun'
            : chance < 0.13
              ? 'expunged'
              : 'pass'
  if (status === 'expunged') return aTest(name, { section, status, reason: 'kills the host file system' })
  const attempt = anAttempt({
    status,
    durationSeconds: status === 'timeout' ? 300 : draw.seconds,
    guest: draw.guest,
    startedAt: draw.startedAt,
    ...evidence(index, status, draw),
    logs: {
      full: `batches/${draw.guest}/results/${name}.full`,
      ...(status === 'pass' || status === 'notrun' ? {} : { console: `guests/${draw.guest}/console.log` }),
    },
  })
  if (status === 'notrun') return aTest(name, { section, status, reason: REASONS[index % REASONS.length] ?? null, attempts: [attempt] })
  if (status === 'fail' && index % 7 === 0)
    return aTest(name, {
      section,
      status,
      flaky: true,
      attempts: [
        attempt,
        anAttempt({
          status: 'pass',
          durationSeconds: draw.seconds,
          guest: draw.guest,
          startedAt: new Date(Date.parse(draw.startedAt) + draw.seconds * 1000).toISOString(),
        }),
      ],
    })
  if (status === 'fail' && index % 5 === 0)
    return aTest(name, { section, status, expectedFailure: { reason: 'known upstream, fix is queued' }, attempts: [attempt] })
  if (status === 'pass' && chance > 0.999)
    return aTest(name, { section, expectedFailure: { reason: 'fails before 6.18' }, attempts: [attempt] })
  return aTest(name, { section, status, attempts: [attempt] })
}

function evidence(index: number, status: TestStatus, draw: Draw): Partial<Attempt> {
  if (status === 'fail' && index % 2 === 0) return { message: '- output mismatch', diff: diffText(index, draw.characters) }
  if (status === 'pass' || status === 'notrun') return {}
  return {
    message:
      status === 'timeout'
        ? 'no end within 300 s'
        : status === 'crashed'
          ? 'the guest died under this test'
          : '_check_dmesg: something found in dmesg',
    reports: [report(index, draw.characters)],
    exit: status === 'crashed' ? { kind: 'panic', line: 'Kernel panic - not syncing: Fatal exception' } : null,
  }
}

/** Text in one piece, as a file that was read. */
const flat = (lines: readonly string[]): string => Buffer.from(lines.join('\n')).toString('latin1')

function diffText(index: number, characters: number): string {
  const lines = [`--- tests/generic/${index}.out`, `+++ results/generic/${index}.out.bad`, '@@ -1,6 +1,7 @@', ' QA output created by fsx']
  let length = 120
  for (let line = 0; length < characters; line += 1) {
    const text = `${line % 4 === 1 ? '-' : line % 4 === 2 ? '+' : ' '}read ${index * 4096 + line} bytes at offset ${line * 512}: ${line % 4 === 2 ? 'data differs' : 'ok'}`
    lines.push(text)
    length += text.length + 1
  }
  return flat(lines)
}

function report(index: number, characters: number): KernelReport {
  const lines = [
    `BUG: KASAN: slab-use-after-free in xfs_iget+0x12/0x340`,
    `Read of size 8 at addr ffff8881${index.toString(16).padStart(8, '0')} by task fsstress/${1000 + index}`,
  ]
  let length = 140
  for (let line = 0; length < characters; line += 1) {
    const text = ` ? __pfx_xfs_iget_${line}+0x10/0x10 [xfs] RIP: 0033:0x7f${(index * 7919 + line * 104729).toString(16).padStart(10, '0')}`
    lines.push(text)
    length += text.length + 1
  }
  return aReport({
    title: TITLES[index % TITLES.length] ?? 'WARNING',
    lines: flat(lines).split('\n'),
    firstLine: 1000 + index * 10,
    lastLine: 1000 + index * 10 + lines.length,
  })
}
