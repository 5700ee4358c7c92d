import { spawnSync } from 'node:child_process'
import { createReadStream, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import type { TestRecord } from '../src/domain/record.js'
import { createFiles } from '../src/ports/real/files.js'
import { writeReport } from '../src/report/index.js'
import { keepTest, keptAside } from '../src/results/index.js'
import { aRun } from './report-record.js'

/**
 * All renderings of a run with 50 000 failing testcases and 200 MB of diffs and kernel logs, written to a disk, and of two
 * smaller ones to see how the cost grows. Each has a process of its own, so that its peak is its own. The peak holds everything:
 * Node, the record in memory, the renderings. Limits: 10 s, 300 MiB, an exponent near 1.
 *
 * `--old DIR`: the whole size three times, in turns with the same benchmark of another build's checkout (DIR, its packages installed);
 * medians, and their ratio as `oursOverOld`.
 */
const TESTS = 50_000
const LOG_BYTES = 200_000_000
const SHARES = [0.25, 0.5, 1]

interface Measured {
  readonly seconds: number
  /** Of these, what it took to keep the evidence while the record was made; absent of builds that did not. */
  readonly keepingSeconds?: number
  readonly peakMiB: number
}

const ROUNDS = 3
const OURS = [process.argv[1] ?? '']

const { values: options, positionals } = parseArgs({ allowPositionals: true, options: { old: { type: 'string' } } })
const [asked] = positionals
if (asked !== undefined) await measure(Number(asked))
else if (options.old !== undefined) besideOld(options.old)
else compare()

/** Runs the benchmark of one size in a process of its own. */
function measured(script: readonly string[], share: number, label: string): Measured {
  const child = spawnSync(process.execPath, [...script, String(share)], { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' })
  if (child.status !== 0) throw new Error(`a run of the benchmark ended with ${child.status ?? child.signal}`)
  const lines = child.stdout.trim().split('\n')
  console.log(`${label}${lines.slice(0, -1).join('\n')}`)
  return JSON.parse(lines.at(-1) ?? '') as Measured
}

function besideOld(directory: string): void {
  const script = join(directory, 'scripts/bench.mjs')
  if (!existsSync(script)) throw new Error(`${directory} is no checkout of this project: it has no scripts/bench.mjs.`)
  const rounds = Array.from({ length: ROUNDS }, () => ({
    old: measured([script, 'report'], 1, 'old  '),
    ours: measured(OURS, 1, 'ours '),
  }))
  const seconds = median(rounds.map((round) => round.ours.seconds))
  const oldSeconds = median(rounds.map((round) => round.old.seconds))
  const keepingSeconds = median(rounds.map((round) => round.ours.keepingSeconds ?? 0))
  const peakMiB = median(rounds.map((round) => round.ours.peakMiB))
  const rounded = { seconds: round(seconds), keepingSeconds: round(keepingSeconds), oldSeconds: round(oldSeconds) }
  console.log(JSON.stringify({ ...rounded, peakMiB, oursOverOld: round(seconds / oldSeconds) }))
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function compare(): void {
  const results = SHARES.map((share) => measured(OURS, share, ''))
  const last = results.at(-1)
  const exponent = slope(
    SHARES,
    results.map((each) => each.seconds),
  )
  console.log(JSON.stringify({ seconds: round(last?.seconds ?? Number.NaN), peakMiB: last?.peakMiB, exponent: round(exponent) }))
}

async function measure(share: number): Promise<void> {
  const tests = Math.round(TESTS * share)
  const directory = mkdtempSync(join(tmpdir(), 'vmtest-bench-report-'))
  try {
    const files = createFiles()
    const aside = keptAside(directory, files)
    let keeping = 0
    // As a run's record keeps what it read of a batch: that is part of what the report costs.
    const keep = (test: TestRecord): TestRecord => {
      const start = performance.now()
      const kept = keepTest(test, aside)
      keeping += performance.now() - start
      return kept
    }
    const { record, comparison } = aRun({ tests, logCharacters: LOG_BYTES * share, vms: 8, verdicts: 'all-fail', keep })
    const before = peak()
    const start = performance.now()
    const report = await writeReport(record, comparison, { directory }, { files })
    const seconds = (keeping + performance.now() - start) / 1000
    const peakMiB = peak()
    const sizes = [report.junitPath, report.summaryPath, report.htmlPath, report.recordPath].map(
      (path) => `${(statSync(path).size / 1e6).toFixed(1)} MB`,
    )
    console.log(
      `${tests} tests: ${seconds.toFixed(2)} s, ${(keeping / 1000).toFixed(2)} s of them to keep the evidence, peak ${peakMiB} MiB (${before} MiB with the record alone); JUnit ${sizes[0]}, summary ${sizes[1]}, HTML ${sizes[2]}, record ${sizes[3]}`,
    )
    const written = await countTestcases(report.junitPath)
    if (written !== tests) throw new Error(`JUnit holds ${written} of ${tests} testcases`)
    console.log(JSON.stringify({ seconds, keepingSeconds: keeping / 1000, peakMiB } satisfies Measured))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function peak(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024)
}

async function countTestcases(path: string): Promise<number> {
  let count = 0
  for await (const line of createInterface({ input: createReadStream(path) })) if (line.startsWith('<testcase ')) count += 1
  return count
}

/** The exponent of a power law through the points, by least squares of the logarithms. */
function slope(sizes: readonly number[], values: readonly number[]): number {
  const x = sizes.map(Math.log)
  const y = values.map(Math.log)
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0) / numbers.length
  const [mx, my] = [mean(x), mean(y)]
  const over = x.reduce((sum, each, index) => sum + (each - mx) * ((y[index] ?? my) - my), 0)
  return over / x.reduce((sum, each) => sum + (each - mx) ** 2, 0)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
