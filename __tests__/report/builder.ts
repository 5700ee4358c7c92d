import type { KernelReport } from '../../src/domain/kernel-report.js'
import type { Attempt, RunRecord, SectionRecord, TestRecord } from '../../src/domain/record.js'
import type { Comparison } from '../../src/domain/stages.js'
import type { FstestsSettings } from '../../src/suites/fstests/index.js'

/** Records for tests: everything has a value, the test at hand changes what it is about. */

export function aSection(name: string, changes: Partial<SectionRecord> = {}): SectionRecord {
  return {
    suite: 'fstests',
    name,
    description: '',
    disks: [{ role: 'test', sizeMiB: 1024 }],
    environment: {},
    kernelOptions: [],
    settings: settings(),
    kernelRelease: '6.18.0-rc1',
    platform: 'Linux/x86_64 vmtest 6.18.0-rc1',
    couldNotTest: null,
    ...changes,
  }
}

/** What a section of fstests says. */
export function settings(changes: Partial<FstestsSettings> = {}): FstestsSettings {
  return { fstyp: 'xfs', mkfsOptions: '-b size=4096', mountOptions: '', ...changes }
}

export function anAttempt(changes: Partial<Attempt> = {}): Attempt {
  return {
    status: 'pass',
    durationSeconds: 2.5,
    guest: 1,
    startedAt: '2026-11-24T05:00:00.000Z',
    message: null,
    diff: null,
    reports: [],
    exit: null,
    logs: {},
    ...changes,
  }
}

export function aTest(name: string, changes: Partial<TestRecord> = {}): TestRecord {
  const status = changes.status ?? 'pass'
  const ran = !['notreached', 'expunged'].includes(status)
  return {
    suite: 'fstests',
    section: 'xfs_4k',
    name,
    file: `tests/${name}`,
    line: 11,
    status,
    flaky: false,
    reason: null,
    expectedFailure: null,
    attempts: ran ? [anAttempt({ status })] : [],
    ...changes,
  }
}

export function aReport(changes: Partial<KernelReport> = {}): KernelReport {
  return {
    kind: 'kasan',
    title: 'KASAN: slab-use-after-free Read in xfs_iget',
    fatal: false,
    firstLine: 1001,
    lastLine: 1010,
    test: 'generic/475',
    lines: ['BUG: KASAN: slab-use-after-free in xfs_iget+0x12/0x340', 'Call Trace:', ' xfs_iget+0x12/0x340'],
    frames: [
      { symbol: 'xfs_iget+0x12/0x340', function: 'xfs_iget_cache_hit', file: 'fs/xfs/xfs_icache.c', line: 512, inlined: true },
      { symbol: 'xfs_iget+0x12/0x340', function: 'xfs_iget', file: 'fs/xfs/xfs_icache.c', line: 788 },
      { symbol: 'xfs_lookup+0x99/0x200', function: 'xfs_lookup', file: 'fs/xfs/xfs_inode.c', line: 556 },
    ],
    provoked: false,
    ...changes,
  }
}

export function aRecord(tests: readonly TestRecord[], changes: Partial<RunRecord> = {}): RunRecord {
  const counts = { pass: 0, fail: 0, notrun: 0, expunged: 0, crashed: 0, timeout: 0, notreached: 0 }
  for (const test of tests) counts[test.status] += 1
  const bad = counts.fail + counts.crashed + counts.timeout + counts.notreached > 0
  return {
    version: 2,
    tool: { name: 'kernel-vmtest', version: '0.1.0' },
    runId: 'run-2',
    startedAt: '2026-11-24T05:00:00.000Z',
    endedAt: '2026-11-24T05:20:34.000Z',
    plan: {
      version: 2,
      face: 'action',
      bundle: { kind: 'flake', flake: '.', attribute: 'vmtest', impure: false },
      kernel: null,
      suites: ['fstests'],
      trees: {},
      localConfig: null,
      selection: { sections: [], groups: ['quick'], excludeGroups: [], tests: [], excludeFiles: [], expectationFiles: [] },
      accelerator: 'auto',
      vms: 'auto',
      memoryMiB: 'auto',
      cpusPerVm: 'auto',
      timeoutMinutes: 60,
      testTimeoutSeconds: 'auto',
      rerunFailed: 1,
      failOn: 'new',
      baseline: null,
      emulationTuning: true,
      keep: false,
      cache: true,
      upload: 'always',
      artifactName: 'vmtest-x86_64',
      outputDirectory: 'vmtest-results',
      reproduce: 'vmtest run @TESTS@',
    },
    host: { os: 'Debian GNU/Linux 13', architecture: 'x86_64', kernelRelease: '6.12.0', cpus: 4, memoryMiB: 16000 },
    accelerator: { requested: 'auto', accelerator: 'tcg', reason: '/dev/kvm never ran the probe guest.', timeoutFactor: 8 },
    settings: { norandmaps: '1' },
    revisions: { kernel: '5f3c1a2b9d8e7f60112233445566778899aabbcc', xfstests: 'v2026.11.10' },
    sections: [...new Set(tests.map((test) => test.section))].map((name) => aSection(name)),
    tests: [...tests],
    guests: [],
    unattributedReports: [],
    disagreements: [],
    problems: [],
    cache: [],
    conclusion: { kind: bad ? 'failed' : 'passed', reason: bad ? 'Tests failed.' : 'Every test passed.', counts },
    ...changes,
  }
}

/** A record to compare with: of another run, and of another kernel. */
export function aBaseline(tests: readonly TestRecord[], changes: Partial<RunRecord> = {}): RunRecord {
  const revisions = { kernel: '0d1e2f3a4b5c66778899aabbccddeeff00112233', xfstests: 'v2026.11.10' }
  return aRecord(tests, { runId: 'run-1', revisions, ...changes })
}

export function aComparison(changes: Partial<Comparison> = {}): Comparison {
  return {
    baselineRunId: 'run-1',
    commit: null,
    ref: null,
    address: null,
    choice: 'it was named',
    noExcuse: null,
    newFailures: [],
    knownFailures: [],
    fixed: [],
    vanished: [],
    newlyNotrun: [],
    lost: [],
    gone: [],
    otherSections: [],
    ...changes,
  }
}
