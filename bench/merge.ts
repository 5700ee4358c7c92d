import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { RunRecord, TestRecord } from '../src/domain/record.js'
import type { ShardPromise } from '../src/domain/shards.js'
import { onlyThese } from '../src/domain/test-key.js'
import { mergeRuns } from '../src/pipeline/merge-run.js'
import { planIdentity, shareOut, testsOfShard } from '../src/plan/shards/index.js'
import type { Ports } from '../src/ports/index.js'
import { createClock } from '../src/ports/real/clock.js'
import { createExec } from '../src/ports/real/exec.js'
import { createFiles } from '../src/ports/real/files.js'
import { recordJson } from '../src/report/index.js'
import { ownShards } from '../src/results/index.js'
import { aRun } from './report-record.js'

/**
 * `npm run bench:merge`: 64 shards with 50 000 tests, a bad day's failures among them, joined from their directories into one record with all its
 * renderings. The records are made in another process, so that the peak is the merge's own. Limits: 10 s, 500 MiB.
 */
const TESTS = 50_000
const SHARDS = 64
const LOG_CHARACTERS = 20_000_000

const [made] = process.argv.slice(2)
if (made === undefined) bench()
else if (process.argv[3] === 'make') make(made)
else await merge(made)

function bench(): void {
  const directory = mkdtempSync(join(tmpdir(), 'vmtest-bench-merge-'))
  try {
    for (const what of ['make', 'merge']) {
      const child = spawnSync(process.execPath, [process.argv[1] ?? '', directory, what], { stdio: 'inherit' })
      if (child.status !== 0) throw new Error(`${what} ended with ${child.status ?? child.signal}`)
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function make(directory: string): void {
  const { record } = aRun({ tests: TESTS, logCharacters: LOG_CHARACTERS, vms: SHARDS, verdicts: 'mixed' })
  const promise = promiseOf(record)
  for (const [index] of promise.shards.entries()) {
    const own = join(directory, `shard-${index + 1}`)
    mkdirSync(own)
    writeFileSync(join(own, 'run.json'), [...recordJson(shardOf(record, promise, index + 1))].join(''))
  }
}

function promiseOf({ sections, tests }: RunRecord): ShardPromise {
  const offered = [...new Set(tests.map(({ suite }) => suite))].map((suite) => {
    const names = tests.filter((test) => test.suite === suite).map(({ name }) => name)
    return { suite, tests: [...new Set(names)], sections: sections.map(({ name }) => name) }
  })
  const definitions = sections.map(({ kernelRelease: _release, platform: _platform, couldNotTest: _reason, ...section }) => section)
  const seconds = new Map(tests.map((test) => [test, test.attempts[0]?.durationSeconds ?? 1]))
  const bySame = new Map(tests.map((test) => [JSON.stringify([test.section, test.name]), seconds.get(test) ?? 1]))
  const { promise } = shareOut({
    selection: { sections: definitions, tests: tests.map(({ suite, section, name }) => ({ suite, section, name })) },
    offered,
    expectedSeconds: ({ section, name }) => bySame.get(JSON.stringify([section, name])) ?? 1,
    fixed: { guestSeconds: 3, startSeconds: 1 },
    count: { kind: 'count', count: SHARDS },
  })
  return promise
}

function shardOf(record: RunRecord, promise: ShardPromise, number: number): RunRecord {
  const tests = onlyThese(record.tests, testsOfShard(promise, number)).map((test: TestRecord) => ({
    ...test,
    attempts: test.attempts.map((attempt) => ({ ...attempt, guest: attempt.guest === null ? null : 1 })),
  }))
  const guests = record.guests.slice(0, 1).map((guest) => ({ ...guest, id: 1 }))
  const { unattributedReports: _reports, ...rest } = record
  const own = { ...rest, runId: `shard-${number}`, tests, guests, unattributedReports: number === 1 ? record.unattributedReports : [] }
  const shards = ownShards({ plan: planIdentity(promise), own: number, promise, attempt: 1 }, own, { guests, batches: [], stopped: null })
  return { ...own, shards }
}

async function merge(directory: string): Promise<void> {
  const start = performance.now()
  const github = { available: () => false, changedFiles: async () => null }
  const ports = { files: createFiles(), clock: createClock(), exec: createExec(), github } as unknown as Ports
  const { report } = await mergeRuns(
    {
      ...{ paths: [directory], output: join(directory, 'whole'), plan: null, baseline: null, failOn: null },
      ...{ artifactName: null, toolVersion: 'bench', onNote: (message: string) => console.log(message) },
    },
    ports,
  )
  const mergeSeconds = Math.round((performance.now() - start) / 10) / 100
  const { tests, conclusion } = report.record
  console.log(`${SHARDS} shards, ${tests.length} tests: ${conclusion.kind}, ${conclusion.reason.slice(0, 100)}`)
  if (tests.length !== TESTS) throw new Error(`${tests.length} tests of ${TESTS}`)
  const { user, system } = process.cpuUsage()
  console.log(JSON.stringify({ mergeSeconds, cpuSeconds: Math.round((user + system) / 10_000) / 100, peakMiB: peak() }))
}

/** The most this process has held, by the kernel's own count. */
function peak(): number {
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return Math.round(Number(kilobytes) / 1024)
}
