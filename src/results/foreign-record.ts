import type { KernelReport } from '../domain/kernel-report.js'
import { PLAN_VERSION, type Plan } from '../domain/plan.js'
import { type Attempt, RECORD_VERSION, type RunRecord, type TestRecord, type UnattributedReport } from '../domain/record.js'
import type { SuiteName, TestId, TestName } from '../domain/test.js'
import { testKey } from '../domain/test-key.js'
import { settle, weighReport, worst } from '../domain/verdict.js'
import type { ForeignResults, JudgedAttempt } from '../suites/index.js'
import { addReport, mergeEqual } from './attribute-reports.js'
import { conclude } from './conclude.js'
import type { ForeignConsole, ForeignStart } from './foreign-console.js'
import { judgedParts } from './judged-attempt.js'
import type { ReadContext } from './read-context.js'

export interface ForeignInput {
  readonly directory: string
  readonly context: ReadContext
  readonly suite: SuiteName
  readonly results: ForeignResults
  readonly console: ForeignConsole | null
}

interface Entry {
  readonly id: TestId
  readonly attempts: Attempt[]
  readonly isExpunged: boolean
  /** Its source, relative to the suite's tree; null where the results do not name it. */
  readonly file: string | null
}

/**
 * A record of results that were there already. Its plan is what the results show was run, and says so; host and guests are not known.
 * A test that started and left no verdict is `crashed` where the console shows the kernel's end under it, `notreached` otherwise.
 */
export function foreignRecord(input: ForeignInput): RunRecord {
  const { suite, results } = input
  const disagreements = results.disagreements.map((each) => ({ suite, ...each }))
  const placed = placeStarts(input)
  const entries = collectEntries(input, placed)
  const unattributedReports = attribute(input, entries, placed, disagreements)
  const tests = entries.map(toTestRecord)
  const starts = [...results.startedAt].sort()
  const ends = [...results.endedAt].sort()
  const record = {
    version: RECORD_VERSION,
    tool: { name: 'kernel-vmtest', version: input.context.toolVersion },
    runId: `results-${(starts[0] ?? input.context.now).replace(/[^0-9TZ]/g, '')}`,
    startedAt: starts[0] ?? input.context.now,
    endedAt: ends.at(-1) ?? input.context.now,
    plan: foreignPlan(input, tests),
    host: unknownHost(results.machine),
    accelerator: null,
    settings: {},
    revisions: {},
    sections: results.sections.map(({ section, ...guest }) => ({ ...section, ...guest })),
    tests,
    guests: [],
    unattributedReports,
    disagreements,
    problems: [
      `Made from results that were there already (${input.directory}): plan, host and guests are not known, and a test that left no trace is missing.`,
      ...results.problems,
    ],
    cache: [],
  } satisfies Omit<RunRecord, 'conclusion'>
  return { ...record, conclusion: conclude(record, null, 'any') }
}

function collectEntries(input: ForeignInput, starts: ReadonlyMap<ForeignStart, string>): Entry[] {
  const { suite, results } = input
  const entries = results.tests.map(({ section, name, file, attempts }): Entry => {
    const isExpunged = attempts.every((attempt) => attempt.status === 'expunged')
    return {
      id: { suite, section, name },
      attempts: isExpunged ? [] : attempts.map((attempt) => toAttempt(attempt, input)),
      isExpunged,
      file,
    }
  })
  const seen = new Set(entries.map(({ id }) => testKey(id)))
  for (const [{ name }, section] of starts) {
    const id = { suite, section, name }
    if (seen.has(testKey(id))) continue
    seen.add(testKey(id))
    entries.push(lostEntry(id, input))
  }
  return entries
}

/**
 * The section of every start in the kernel logs, which do not tell it: that of the test lines in the same order. Starts from before the
 * suite did are of another run.
 */
function placeStarts({ results, console }: ForeignInput): ReadonlyMap<ForeignStart, string> {
  const places = new Map<ForeignStart, string>()
  const lines = results.printed.length > 0 ? results.printed : results.tests
  const [since] = [...results.startedAtLocal].sort()
  for (const started of console?.started ?? []) {
    let next = 0
    for (const start of started) {
      if (since !== undefined && start.at !== null && start.at < since) continue
      const at = lines.findIndex((line, index) => index >= next && line.name === start.name)
      // Of one that has no line comes the section the suite was at.
      const line = at < 0 ? (lines[next - 1] ?? lines[0]) : lines[at]
      places.set(start, line?.section ?? firstSection(results))
      if (at >= 0) next = at + 1
    }
  }
  return places
}

/** A results tree has at least one section, named or not. */
function firstSection({ sections }: ForeignResults): string {
  return sections[0]?.section.name ?? 'default'
}

/** A test that the console names and nothing else tells of. */
function lostEntry(id: TestId, input: ForeignInput): Entry {
  const lost: JudgedAttempt = { status: 'notreached', seconds: null, message: 'it started and left no verdict', diff: null, files: [] }
  return { id, attempts: [toAttempt(lost, input)], isExpunged: false, file: null }
}

function toAttempt(found: JudgedAttempt, input: ForeignInput): Attempt {
  const logs: Record<string, string> = {}
  for (const file of found.files) logs[file.kind] = file.path.slice(input.directory.length + 1)
  const console = input.console?.paths[0]
  if (console !== undefined && !Object.values(logs).includes(console)) logs.console = console
  return { ...judgedParts(found, logs), durationSeconds: found.seconds, guest: null, startedAt: null }
}

/** Gives the console's reports to their tests; those no test owns come back, each with its section. */
function attribute(
  input: ForeignInput,
  entries: readonly Entry[],
  starts: ReadonlyMap<ForeignStart, string>,
  disagreements: RunRecord['disagreements'],
): UnattributedReport[] {
  const unattributed: UnattributedReport[] = []
  const [first] = starts.values()
  const sole = first ?? entries[0]?.id.section ?? firstSection(input.results)
  for (const { report, start } of input.console?.reports ?? []) {
    const section = start === null ? sole : starts.get(start)
    // What came under a test of an earlier run says nothing about this one.
    if (section === undefined) continue
    const owner = entries.find(({ id }) => id.name === start?.name && id.section === section)
    const last = owner?.attempts.at(-1)
    if (owner === undefined || last === undefined) {
      const phase = start === null ? 'set-up' : 'between'
      unattributed.push({ ...weighReport(report, null, null), suite: input.suite, section, phase })
    } else {
      const id = { suite: input.suite, section, test: owner.id.name }
      const weighed = weighReport(report, null, last.status)
      owner.attempts[owner.attempts.length - 1] = withEnd(last, addReport(last, weighed, id, disagreements), weighed)
    }
  }
  return mergeEqual(unattributed)
}

/** A test without a verdict under which the kernel died crashed. */
function withEnd(before: Attempt, attempt: Attempt, report: KernelReport): Attempt {
  if (before.status !== 'notreached' || !report.fatal) return attempt
  return { ...attempt, status: worst(attempt.status, 'crashed'), message: `the kernel died: ${report.title}` }
}

function toTestRecord({ id, attempts, isExpunged, file }: Entry): TestRecord {
  const settled = settle(attempts)
  const status = isExpunged ? 'expunged' : settled.status
  const saying = attempts.find((attempt) => attempt.status === status)
  const reason =
    status === 'expunged' ? 'excluded by a list' : status === 'notrun' || status === 'notreached' ? (saying?.message ?? null) : null
  return { ...id, ...(file === null ? {} : { file }), status, flaky: settled.flaky, reason, expectedFailure: null, attempts }
}

function foreignPlan(input: ForeignInput, tests: readonly TestRecord[]): Plan {
  const names: TestName[] = [...new Set(tests.map((test) => test.name))]
  return {
    version: PLAN_VERSION,
    face: 'cli',
    bundle: { kind: 'path', path: input.directory },
    kernel: null,
    suites: [input.suite],
    trees: {},
    localConfig: null,
    selection: { sections: [], groups: [], excludeGroups: [], tests: names, excludeFiles: [], expectationFiles: [] },
    accelerator: 'auto',
    vms: 1,
    memoryMiB: 'auto',
    cpusPerVm: 'auto',
    timeoutMinutes: 1,
    testTimeoutSeconds: 'auto',
    rerunFailed: 0,
    failOn: 'any',
    baseline: null,
    emulationTuning: false,
    keep: false,
    cache: false,
    upload: 'never',
    artifactName: '',
    outputDirectory: input.directory,
    reproduce: 'vmtest run @TESTS@',
  }
}

/** The host is not known; what the results say is of the machine the tests ran on. */
function unknownHost({ architecture, kernelRelease, cpus = 0, memoryMiB = 0 }: ForeignResults['machine']): RunRecord['host'] {
  return {
    os: 'unknown (results made elsewhere)',
    architecture: architecture ?? 'unknown',
    kernelRelease: kernelRelease ?? 'unknown',
    cpus: Math.max(1, Math.floor(cpus)),
    memoryMiB: Math.max(1, Math.floor(memoryMiB)),
  }
}
