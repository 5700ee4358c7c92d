import * as z from 'zod'
import { describeError } from '../domain/errors.js'
import type { RunRecord, TestRecord } from '../domain/record.js'
import { suiteNameSchema, type TestId, type TestStatus, testStatusSchema } from '../domain/test.js'
import { testKey } from '../domain/test-key.js'
import { upgradeHistory } from '../domain/upgrade/index.js'
import { isFailure } from '../domain/verdict.js'
import type { TestHistory } from '../vm/watchdog/history.js'

export const HISTORY_VERSION = 2

/** Bounds: the file is kept in a cache and read before every run. */
export const mostRuns = 60
export const mostSamplesPerTest = 20

const runSchema = z.object({
  id: z.string(),
  startedAt: z.string(),
  kernelRelease: z.string().nullable(),
  /** The run's `accelerator.timeoutFactor`: 1 under KVM. */
  timeoutFactor: z.number().positive(),
  /** Absent where it is not known, and in files of versions that did not keep it. */
  commit: z.string().optional(),
})

/** One run of one test: index into `runs`, status, seconds (null: it left no time), 1 where it was flaky. */
const sampleSchema = z.tuple([
  z.number().int().nonnegative(),
  testStatusSchema,
  z.number().nonnegative().nullable(),
  z.union([z.literal(0), z.literal(1)]),
])

const historySchema = z.object({
  version: z.literal(HISTORY_VERSION),
  /** Oldest first. */
  runs: z.array(runSchema),
  tests: z.array(z.object({ suite: suiteNameSchema, section: z.string(), name: z.string(), samples: z.array(sampleSchema) })),
})
/** Verdicts and times of the last runs, bounded, in one file beside the baseline. */
export type History = z.infer<typeof historySchema>
type Sample = z.infer<typeof sampleSchema>

export const emptyHistory: History = { version: HISTORY_VERSION, runs: [], tests: [] }

/** Reads a history file. A damaged one is an empty history and a problem: it only ever makes things better. */
export function parseHistory(text: string): { readonly history: History; readonly problem: string | null } {
  try {
    const history = historySchema.parse(upgradeHistory(JSON.parse(text)))
    const isSound = history.tests.every((test) => test.samples.every(([run]) => run < history.runs.length))
    if (isSound) return { history, problem: null }
    return { history: emptyHistory, problem: 'The history is not used: it names runs it does not have.' }
  } catch (error) {
    return { history: emptyHistory, problem: `The history is not used: ${describeError(error)}` }
  }
}

/** Takes a run in. The same run again takes its place; the oldest runs and samples go. */
export function addToHistory(
  history: History,
  record: Pick<RunRecord, 'runId' | 'startedAt' | 'accelerator' | 'sections' | 'tests' | 'commit'>,
): History {
  const kept = history.runs.filter((run) => run.id !== record.runId).slice(-(mostRuns - 1))
  const runs = [...kept, describeRun(record)]
  const places = new Map(runs.map((run, place) => [run.id, place]))
  const tests = new Map<string, TestId & { samples: Sample[] }>()
  for (const { suite, section, name, samples } of history.tests) {
    const moved = samples.flatMap((sample): Sample[] => {
      const id = history.runs[sample[0]]?.id
      const place = id === undefined || id === record.runId ? undefined : places.get(id)
      return place === undefined ? [] : [[place, sample[1], sample[2], sample[3]]]
    })
    tests.set(testKey({ suite, section, name }), { suite, section, name, samples: moved })
  }
  for (const test of record.tests) {
    // What did not run says nothing about the test.
    if (test.status === 'expunged' || test.status === 'notreached') continue
    const known = tests.get(testKey(test)) ?? { suite: test.suite, section: test.section, name: test.name, samples: [] }
    known.samples.push([runs.length - 1, test.status, firstSeconds(test), test.flaky ? 1 : 0])
    tests.set(testKey(test), known)
  }
  const bounded = [...tests.values()].map((test) => ({ ...test, samples: test.samples.slice(-mostSamplesPerTest) }))
  return { version: HISTORY_VERSION, runs, tests: bounded.filter((test) => test.samples.length > 0) }
}

function describeRun(record: Pick<RunRecord, 'runId' | 'startedAt' | 'accelerator' | 'sections' | 'commit'>): History['runs'][number] {
  return {
    id: record.runId,
    startedAt: record.startedAt,
    kernelRelease: record.sections.find((section) => section.kernelRelease !== null)?.kernelRelease ?? null,
    timeoutFactor: record.accelerator?.timeoutFactor ?? 1,
    ...(record.commit === undefined ? {} : { commit: record.commit }),
  }
}

function firstSeconds(test: TestRecord): number | null {
  const seconds = test.attempts.find((attempt) => attempt.status === test.status)?.durationSeconds ?? null
  return seconds === null ? null : Math.round(seconds * 10) / 10
}

/** Statuses of a test that came to its own end, so that its time is its length. */
const ended: ReadonlySet<TestStatus> = new Set(['pass', 'fail'])

/** The times the watchdog learns from. */
export function testTimes(history: History): TestHistory {
  return history.tests.map(({ suite, section, name, samples }) => ({
    suite,
    section,
    name,
    samples: samples.flatMap(([run, status, seconds]) =>
      seconds === null || !ended.has(status) ? [] : [{ seconds, timeoutFactor: history.runs[run]?.timeoutFactor ?? 1 }],
    ),
  }))
}

/** One earlier verdict of a test. */
export interface PastVerdict {
  readonly status: TestStatus
  /** It failed, then passed when run again. */
  readonly flaky: boolean
  /** Null where the test left no time, or one under another accelerator: the two do not compare. */
  readonly seconds: number | null
  /** The run it is of: the same object for every test of that run. */
  readonly run: History['runs'][number]
}

/** The run whose report is made: what is of it, or of a later one, is no past. */
export interface Viewpoint {
  /** Its `accelerator.timeoutFactor`. */
  readonly timeoutFactor: number
  readonly runId?: string
  /** ISO 8601. */
  readonly startedAt?: string
}

/** Looks up a test's earlier verdicts, newest last, as a run sees them. */
export function pastVerdicts(history: History, { timeoutFactor, runId, startedAt }: Viewpoint): (test: TestId) => readonly PastVerdict[] {
  const byName = new Map(history.tests.map((test) => [testKey(test), test.samples]))
  const isPast = (run: History['runs'][number]) => run.id !== runId && (startedAt === undefined || run.startedAt < startedAt)
  return (test) =>
    (byName.get(testKey(test)) ?? []).flatMap(([place, status, seconds, flaky]) => {
      const run = history.runs[place]
      if (run === undefined || !isPast(run)) return []
      return [{ status, flaky: flaky === 1, seconds: run.timeoutFactor === timeoutFactor ? seconds : null, run }]
    })
}

/**
 * Looks up the first commit since which a test has not passed, as far as the history goes back; null where that is not known.
 * In a run in which it was flaky it did pass.
 */
export function notPassedSince(history: History): (test: TestId) => string | null {
  const byKey = new Map(history.tests.map((test) => [testKey(test), test.samples]))
  return (test) => {
    const samples = byKey.get(testKey(test)) ?? []
    const lastPass = samples.findLastIndex(([, status, , flaky]) => status === 'pass' || flaky === 1)
    const first = samples.slice(lastPass + 1).find(([, status]) => isFailure(status))
    return first === undefined ? null : (history.runs[first[0]]?.commit ?? null)
  }
}
