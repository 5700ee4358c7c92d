import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { bundle } from '../../scripts/bundle.mjs'
import type { RunRecord } from '../../src/domain/record.js'
import type { Progress } from '../../src/domain/stages.js'
import { createFiles } from '../../src/ports/real/files.js'
import { type Lab, type LabRun, openLab } from '../lab/vm-lab.js'
import { qemuProcesses } from './processes.js'

// What happens when the world under a run breaks. Real QEMU, real guests, the real reader; some minutes.
const LIMIT = 1_900_000
const TESTS = ['generic/004', 'generic/007', 'generic/008', 'generic/009', 'generic/011', 'generic/012']
// A serial line carries about 140 kB/s under emulation: the whole 200 MB (`npm run faults:all`) take some 25 minutes.
const ALL = process.env.VMTEST_FAULTS === 'all'
const CONSOLE_BYTES = ALL ? 200_000_000 : 3_000_000
/** Against a hang only: a busy machine takes several times as long. */
const FLOOD_SECONDS = ALL ? 10_800 : 1700

let lab: Lab
beforeAll(async () => {
  lab = await openLab([
    {
      name: 'selftest/901',
      // Not /dev/kmsg, which the kernel would throttle: the serial line itself.
      script: `head -c ${CONSOLE_BYTES} /dev/zero | tr '\\0' x | fold -w 999 >/dev/console\necho done`,
      output: 'done',
    },
    {
      name: 'selftest/902',
      script: 'dd if=/dev/zero of="$full" bs=1M 2>/dev/null || true\nrm -f "$full"\necho made room\necho done',
      output: 'made room\ndone',
    },
  ])
}, LIMIT)
afterAll(() => lab?.close())

function statuses(record: RunRecord): Record<string, string> {
  return Object.fromEntries(record.tests.map(({ name, status }) => [name, status]))
}

function expectNothingLeft(): void {
  expect(qemuProcesses(lab.directory)).toEqual([])
  const disks = join(lab.directory, 'disks')
  expect(existsSync(disks) ? readdirSync(disks) : []).toEqual([])
}

/** A pass must rest on a start and an end that the guest reported and the host wrote down. */
function expectNoFalsePass({ record, vmRun }: LabRun): void {
  for (const { name } of record.tests.filter(({ status }) => status === 'pass')) {
    const entries = vmRun.batches.flatMap(({ timeline }) => timeline).filter((entry) => entry.name === name)
    expect([name, entries.length, entries[0]?.endedAt === null]).toEqual([name, 1, false])
  }
}

/** Kills QEMU a random time after something happened in the run. Clock time would miss a run that is faster than the last. */
class Killer {
  killed = 0
  /** Tests that the first guest was seen to start. */
  startedByFirst = 0
  private starts = 0

  constructor(private readonly moment: { readonly test: number | null; readonly withinSeconds: number }) {
    if (moment.test === null) this.soon()
  }

  readonly onProgress = (progress: Progress) => {
    if (progress.kind !== 'test-start') return
    if (progress.guest === 1) this.startedByFirst++
    if (this.starts++ === this.moment.test) this.soon()
  }

  private soon(): void {
    setTimeout(() => this.kill(), Math.random() * this.moment.withinSeconds * 1000)
  }

  private kill(): void {
    const found = qemuProcesses(lab.directory)
    for (const pid of found) process.kill(pid, 'SIGKILL')
    this.killed += found.length
    // The guest's images are still being made.
    if (found.length === 0 && this.starts === 0) setTimeout(() => this.kill(), 50)
  }
}

// Twice while it boots, eight times in or right after one of the tests (they take 0.3 to 2 s).
const MOMENTS = [
  ...[2, 4].map((withinSeconds) => ({ test: null, withinSeconds })),
  ...[0, 1, 2, 3, 4, 0, 1, 2].map((test) => ({ test, withinSeconds: 1 })),
]

test.each(MOMENTS)(
  'kill -9 of QEMU at a random moment: %o',
  async (moment) => {
    const killer = new Killer(moment)
    const run = await lab.run({ tests: TESTS, vms: 1, onProgress: killer.onProgress })
    const lost = run.vmRun.batches.flatMap(({ died }) => (died?.test == null ? [] : [died.test]))
    const found = statuses(run.record)
    console.log(
      `killed ${killer.killed}; lost: ${lost.join(' ') || 'no test'}; guests: ${run.vmRun.guests.map(({ exit }) => exit.kind).join(', ')}`,
    )
    expect(killer.killed).toBe(1)
    expect(run.vmRun).toMatchObject({ stopped: null, abandonedSections: [] })
    // Killed in its last test, the first guest left nothing for a second one.
    const second = killer.startedByFirst < TESTS.length ? ['poweroff'] : []
    expect(run.vmRun.guests.map(({ exit }) => exit.kind)).toEqual(['qemu-died', ...second])
    expect(lost.length).toBeLessThanOrEqual(1)
    for (const name of TESTS) expect([name, found[name]]).toEqual([name, lost.includes(name) ? 'crashed' : 'pass'])
    expect(run.record.conclusion.kind).toBe(lost.length > 0 ? 'failed' : 'passed')
    expectNoFalsePass(run)
    expectNothingLeft()
  },
  LIMIT,
)

test(
  `a guest that prints ${CONSOLE_BYTES / 1e6} MB to its console keeps its verdict, and the log is bounded`,
  async () => {
    const before = process.memoryUsage().rss
    const run = await lab.run({
      tests: ['selftest/901', 'generic/004'],
      vms: 1,
      testTimeoutSeconds: FLOOD_SECONDS,
      runSeconds: FLOOD_SECONDS,
    })
    const grown = Math.round((process.memoryUsage().rss - before) / 1024 ** 2)
    const log = statSync(join(run.directory, 'guests/1/console.log')).size
    console.log(`${run.seconds.toFixed(0)} s, console.log ${Math.round(log / 1e6)} MB, resident memory grew by ${grown} MiB`)
    expect(statuses(run.record)).toEqual({ 'selftest/901': 'pass', 'generic/004': 'pass' })
    expect(grown).toBeLessThan(300)
    expectNothingLeft()
  },
  FLOOD_SECONDS * 1000 + 200_000,
)

test(
  'a guest that fills its results goes on when there is room again',
  async () => {
    const run = await lab.run({ tests: ['selftest/902', 'generic/004'], vms: 1 })
    expect(statuses(run.record)).toEqual({ 'selftest/902': 'pass', 'generic/004': 'pass' })
    expectNothingLeft()
  },
  LIMIT,
)

const mayMount = process.getuid?.() === 0
if (!mayMount) console.warn('skipped: the full disk (needs root to mount a small file system)')
const asRoot = mayMount ? test : test.skip

asRoot(
  "a full disk on the host is the host's trouble, not a verdict",
  async () => {
    const small = join(lab.directory, 'small')
    mkdirSync(small)
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', small]).status).toBe(0)
    try {
      const files = createFiles()
      const hostTrouble = async () => ((await files.freeBytes(small)) < 4 * 1024 ** 2 ? 'the disk is full' : null)
      const run = await lab.run({ tests: ['generic/013', ...TESTS], vms: 1, diskDirectory: small, hostTrouble })
      console.log(
        run.vmRun.stopped,
        run.vmRun.guests.map(({ exit }) => exit),
        statuses(run.record),
      )
      expect(run.vmRun.stopped?.kind).toBe('infrastructure')
      expect(run.record.conclusion.kind).toBe('could-not-test')
      expectNoFalsePass(run)
      expect(qemuProcesses(lab.directory)).toEqual([])
    } finally {
      spawnSync('umount', ['-l', small])
      rmSync(small, { recursive: true, force: true })
    }
  },
  LIMIT,
)

test(
  'kill -9 of our own process leaves no QEMU',
  async () => {
    const outfile = join(lab.directory, 'one-run.mjs')
    await bundle({ entryPoints: [join(import.meta.dirname, 'one-run.ts')], outfile })
    const child = spawn(process.execPath, [outfile, ...TESTS], { stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const directory = String((await lines.next()).value)
    try {
      for (let line = await lines.next(); !line.done && !line.value.includes('"test-start"'); line = await lines.next());
      expect(qemuProcesses(directory).length).toBeGreaterThan(0)
      child.kill('SIGKILL')
      const deadline = Date.now() + 5000
      while (qemuProcesses(directory).length > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50))
      expect(qemuProcesses(directory)).toEqual([])
      expect(readFileSync(join(directory, '1/guests/1/console.log'), 'utf8')).toContain('vmtest: init')
    } finally {
      child.kill('SIGKILL')
      rmSync(directory, { recursive: true, force: true })
    }
  },
  LIMIT,
)
