import type { KernelReport } from '../domain/kernel-report.js'
import { PLAN_VERSION, type Plan } from '../domain/plan.js'
import {
  type Attempt,
  RECORD_VERSION,
  type RunRecord,
  type SectionRecord,
  type TestRecord,
  type UnattributedReport,
} from '../domain/record.js'
import type { TestId, TestName } from '../domain/test.js'
import { testKey } from '../domain/test-key.js'
import { settle, weighReport, worst } from '../domain/verdict.js'
import type { EvidenceAttempt, EvidenceVerdict, FstestsVerdicts } from '../suites/fstests/index.js'
import { addReport, mergeEqual } from './attribute-reports.js'
import type { BareConsole, BareStart } from './bare-console.js'
import { conclude } from './conclude.js'
import type { ReadContext } from './read-context.js'
import { capDiff } from './unified-diff.js'

export interface BareInput {
  readonly directory: string
  readonly context: ReadContext
  readonly verdicts: FstestsVerdicts
  readonly times: readonly {
    readonly startedAt: string | null
    readonly writtenAt: string | null
    readonly startedAtLocal: string | null
  }[]
  readonly console: BareConsole | null
}

/** The name of the one section of a tree without sections. */
const soleSection = 'default'

const SUITE = 'fstests'

interface Entry {
  readonly id: TestId
  readonly attempts: Attempt[]
  readonly isExpunged: boolean
}

/**
 * A record of results that were there already. Its plan is what the results show was run, and says so; host and guests are not known.
 * A test that started and left no verdict is `crashed` where the console shows the kernel's end under it, `notreached` otherwise.
 */
export function bareRecord(input: BareInput): RunRecord {
  const disagreements = input.verdicts.disagreements.map((one) => ({ suite: SUITE, ...one, section: sectionName(one.section) }))
  const placed = placeStarts(input)
  const entries = collectEntries(input, placed)
  const unattributedReports = attribute(input, entries, placed, disagreements)
  const tests = entries.map(toTestRecord)
  const sections = collectSections(input, entries)
  const starts = input.times.flatMap((time) => time.startedAt ?? []).sort()
  const ends = input.times.flatMap((time) => time.writtenAt ?? []).sort()
  const record = {
    version: RECORD_VERSION,
    tool: { name: 'kernel-vmtest', version: input.context.toolVersion },
    runId: `results-${(starts[0] ?? input.context.now).replace(/[^0-9TZ]/g, '')}`,
    startedAt: starts[0] ?? input.context.now,
    endedAt: ends.at(-1) ?? input.context.now,
    plan: barePlan(input, tests),
    host: unknownHost(input.verdicts.properties),
    accelerator: null,
    settings: {},
    revisions: {},
    sections,
    tests,
    guests: [],
    unattributedReports,
    disagreements,
    problems: [
      `Made from results that were there already (${input.directory}): plan, host and guests are not known, and a test that left no trace is missing.`,
      ...input.verdicts.problems,
    ],
    cache: [],
  } satisfies Omit<RunRecord, 'conclusion'>
  return { ...record, conclusion: conclude(record, null, 'any') }
}

function sectionName(section: string | null): string {
  return section === null || section === '' ? soleSection : section.replace(/[^A-Za-z0-9_-]/g, '_')
}

function collectEntries(input: BareInput, starts: ReadonlyMap<BareStart, string>): Entry[] {
  const entries = input.verdicts.verdicts.map((verdict) => toEntry(verdict, input))
  const seen = new Set(entries.map(({ id }) => testKey(id)))
  for (const [{ name }, section] of starts) {
    const id = { suite: SUITE, section, name }
    if (seen.has(testKey(id))) continue
    seen.add(testKey(id))
    entries.push(lostEntry(id, 'it started and left no verdict', input))
  }
  return entries
}

/**
 * The section of every start in the kernel logs, which do not tell it: that of the test lines in the same order. Starts from before check
 * did are of another run.
 */
function placeStarts({ verdicts, console, times }: BareInput): ReadonlyMap<BareStart, string> {
  const places = new Map<BareStart, string>()
  const lines = verdicts.printed.length > 0 ? verdicts.printed : verdicts.verdicts
  const since = times.flatMap(({ startedAtLocal }) => startedAtLocal ?? []).sort()[0]
  for (const started of console?.started ?? []) {
    let next = 0
    for (const start of started) {
      if (since !== undefined && start.at < since) continue
      const at = lines.findIndex((line, index) => index >= next && line.name === start.name)
      // Of one that has no line comes the section check was at.
      const line = at < 0 ? (lines[next - 1] ?? lines[0]) : lines[at]
      places.set(start, sectionName(line?.section ?? null))
      if (at >= 0) next = at + 1
    }
  }
  return places
}

function lostEntry(id: TestId, message: string, input: BareInput): Entry {
  const attempt: EvidenceAttempt = {
    status: 'notreached',
    seconds: null,
    message,
    diff: null,
    isDiffWhole: false,
    files: [],
    isRerun: false,
  }
  return { id, attempts: [toAttempt(attempt, input)], isExpunged: false }
}

function toEntry(verdict: EvidenceVerdict, input: BareInput): Entry {
  const isExpunged = verdict.attempts.every((attempt) => attempt.status === 'expunged')
  return {
    id: { suite: SUITE, section: sectionName(verdict.section), name: verdict.name },
    attempts: isExpunged ? [] : verdict.attempts.map((attempt) => toAttempt(attempt, input)),
    isExpunged,
  }
}

function toAttempt(found: EvidenceAttempt, input: BareInput): Attempt {
  const logs: Record<string, string> = {}
  if (input.console !== null) logs.console = input.console.paths[0] ?? ''
  for (const file of found.files) logs[file.kind] = file.path.slice(input.directory.length + 1)
  return {
    status: found.status,
    durationSeconds: found.seconds,
    guest: null,
    startedAt: null,
    message: found.message,
    diff: found.diff === null ? null : capDiff(found.diff, logs.outBad ?? null),
    reports: [],
    exit: null,
    ...(found.isRerun ? { rerun: true } : {}),
    logs,
  }
}

/** Gives the console's reports to their tests; those no test owns come back, each with its section. */
function attribute(
  input: BareInput,
  entries: readonly Entry[],
  starts: ReadonlyMap<BareStart, string>,
  disagreements: RunRecord['disagreements'],
): UnattributedReport[] {
  const unattributed: UnattributedReport[] = []
  const [first] = starts.values()
  const sole = first ?? entries[0]?.id.section ?? sectionName(input.verdicts.sections[0]?.name ?? null)
  for (const { report, start } of input.console?.reports ?? []) {
    const section = start === null ? sole : starts.get(start)
    // What came under a test of an earlier run says nothing about this one.
    if (section === undefined) continue
    const owner = entries.find(({ id }) => id.name === start?.name && id.section === section)
    const last = owner?.attempts.at(-1)
    if (owner === undefined || last === undefined) {
      const phase = start === null ? 'set-up' : 'between'
      unattributed.push({ ...weighReport(report, null, null), suite: SUITE, section, phase })
    } else {
      const id = { suite: SUITE, section, test: owner.id.name }
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

function toTestRecord({ id, attempts, isExpunged }: Entry): TestRecord {
  const settled = settle(attempts)
  const status = isExpunged ? 'expunged' : settled.status
  const saying = attempts.find((attempt) => attempt.status === status)
  const reason =
    status === 'expunged' ? 'excluded by a list' : status === 'notrun' || status === 'notreached' ? (saying?.message ?? null) : null
  return { ...id, file: `tests/${id.name}`, status, flaky: settled.flaky, reason, expectedFailure: null, attempts }
}

function collectSections(input: BareInput, entries: readonly Entry[]): SectionRecord[] {
  const names = new Set([...entries.map((entry) => entry.id.section), ...input.verdicts.sections.map((one) => sectionName(one.name))])
  if (names.size === 0) names.add(soleSection)
  const { properties } = input.verdicts
  return [...names].map((name) => {
    const printed = input.verdicts.sections.find((one) => sectionName(one.name) === name)
    return {
      suite: SUITE,
      name,
      description: `as found in ${input.directory}`,
      disks: [],
      environment: {},
      kernelOptions: [],
      settings: {
        fstyp: (printed?.fstyp ?? properties.FSTYP ?? 'unknown').replace(/[^a-z0-9_-]/g, '') || 'unknown',
        mkfsOptions: printed?.mkfsOptions ?? properties.MKFS_OPTIONS ?? '',
        mountOptions: printed?.mountOptions ?? properties.MOUNT_OPTIONS ?? '',
      },
      kernelRelease: properties.KERNEL ?? releaseOf(printed?.platform ?? null),
      platform: printed?.platform ?? null,
      couldNotTest: doubtOf(name, input),
    }
  })
}

/** What speaks against taking the section's verdicts for the whole truth, as a sentence; null where nothing does. */
function doubtOf(section: string, { verdicts }: BareInput): string | null {
  const doubts = verdicts.doubts.filter((doubt) => doubt.section === null || sectionName(doubt.section) === section)
  return doubts.length === 0 ? null : `${[...new Set(doubts.map(({ reason }) => reason))].join('; ')}.`
}

/** `Linux/x86_64 host 6.12.4 #1 SMP …` */
function releaseOf(platform: string | null): string | null {
  return platform === null ? null : (platform.split(' ')[2] ?? null)
}

function barePlan(input: BareInput, tests: readonly TestRecord[]): Plan {
  const names: TestName[] = [...new Set(tests.map((test) => test.name))]
  return {
    version: PLAN_VERSION,
    face: 'cli',
    bundle: { kind: 'path', path: input.directory },
    kernel: null,
    suites: [SUITE],
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

/** The host is not known; what result.xml says is of the machine the tests ran on. */
function unknownHost(properties: Readonly<Record<string, string>>): RunRecord['host'] {
  const atLeastOne = (text: string | undefined): number => Math.max(1, Math.floor(Number(text ?? 0) || 0))
  return {
    os: 'unknown (results made elsewhere)',
    architecture: properties.ARCH ?? 'unknown',
    kernelRelease: properties.KERNEL ?? 'unknown',
    cpus: atLeastOne(properties.CPUS),
    memoryMiB: atLeastOne(String(Number(properties.MEM_KB ?? 0) / 1024)),
  }
}
