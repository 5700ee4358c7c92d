import { mergeCoverage } from '../coverage/index.js'
import { UserError } from '../domain/errors.js'
import { amended } from '../domain/kept-aside.js'
import type { Plan } from '../domain/plan.js'
import type { Attempt, RunRecord, SectionRecord, TestRecord } from '../domain/record.js'
import { sectionKey, testKey } from '../domain/test-key.js'
import { settle, worst } from '../domain/verdict.js'
import type { GuestRun } from '../domain/vm-run.js'
import { mergeEqual } from './attribute-reports.js'
import { comparisonOf } from './compare.js'
import { conclude } from './conclude.js'
import { mergeCompared, mergeOrigins } from './merge-compared.js'

/**
 * One record of two: of sections, shards, or a run and its re-run. Pure and associative; the left one comes first where order matters,
 * and its verdicts with it. Guests of the right one are numbered on. Log paths must not clash: see `relocateRecord`.
 * @throws UserError where the two are not of one plan: another suite, kernel, bundle, choice of groups or revision
 */
export function mergeRecords(left: RunRecord, right: RunRecord): RunRecord {
  refuseUnlike(left, right)
  const shifted = shiftGuests(right, Math.max(0, ...left.guests.map((guest) => guest.id)))
  const stopped = left.stopped ?? right.stopped
  const compared = mergeCompared(left.compared, right.compared)
  const merged: RunRecord = {
    version: left.version,
    tool: left.tool,
    runId: uniqueOf(left.runId.split('+'), right.runId.split('+')).join('+'),
    startedAt: [left.startedAt, right.startedAt].sort()[0] ?? left.startedAt,
    endedAt: [left.endedAt, right.endedAt].sort()[1] ?? left.endedAt,
    plan: mergePlans(left.plan, right.plan),
    host: left.host,
    accelerator: slower(left.accelerator, right.accelerator),
    settings: { ...right.settings, ...left.settings },
    revisions: { ...right.revisions, ...left.revisions },
    sections: joinBy(
      left.sections,
      right.sections,
      (section) => sectionKey({ suite: section.suite, section: section.name }),
      mergeSections,
    ),
    tests: joinBy(left.tests, shifted.tests, testKey, mergeTests),
    guests: [...left.guests, ...shifted.guests],
    unattributedReports: mergeEqual([...left.unattributedReports, ...right.unattributedReports]),
    disagreements: [...left.disagreements, ...right.disagreements],
    problems: uniqueOf(left.problems, right.problems),
    ...mergeOrigins(left, right),
    ...(compared === null ? {} : { compared }),
    ...(stopped === undefined ? {} : { stopped }),
    ...coverageOfBoth(left, right),
    cache: [...left.cache, ...right.cache],
    conclusion: left.conclusion,
  }
  return { ...merged, conclusion: conclude(merged, comparisonOf(merged), merged.plan.failOn) }
}

function coverageOfBoth({ coverage: ours }: RunRecord, { coverage: theirs }: RunRecord): Pick<RunRecord, 'coverage'> {
  const coverage = ours === undefined ? theirs : theirs === undefined ? ours : mergeCoverage(ours, theirs)
  return coverage === undefined ? {} : { coverage }
}

/** Several records as one, in order. @throws UserError for none, or unlike ones */
export function mergeAll(records: readonly RunRecord[]): RunRecord {
  const [first, ...rest] = records
  if (first === undefined) throw new UserError('there is no record to merge.', 'Name at least one run.json.')
  return rest.reduce(mergeRecords, first)
}

/** The record as seen from a directory above its own: every path gets the prefix (`shard-2`). */
export function relocateRecord(record: RunRecord, prefix: string): RunRecord {
  const move = (path: string): string => `${prefix}/${path}`
  const moveLogs = (attempt: Attempt): Attempt => {
    const logs: Record<string, string> = {}
    for (const [kind, path] of Object.entries(attempt.logs)) logs[kind] = move(path)
    return amended(attempt, { logs })
  }
  return {
    ...record,
    guests: record.guests.map((guest) => ({
      ...guest,
      consolePath: move(guest.consolePath),
      directory: move(guest.directory),
      ...(guest.memoryDump === undefined ? {} : { memoryDump: move(guest.memoryDump) }),
    })),
    tests: record.tests.map((test) => ({
      ...test,
      attempts: test.attempts.map(moveLogs),
      ...(test.onBase === undefined ? {} : { onBase: { ...test.onBase, attempts: test.onBase.attempts.map(moveLogs) } }),
    })),
  }
}

/**
 * Which parts of a plan must be the same for two records to be of one run. Every part is here: the type sees to it. What may differ says
 * how the tests were run, not what was tested; of the choice, sections and tests may be shared out.
 */
const planParts: Readonly<Record<Exclude<keyof Plan, 'selection'>, 'same' | 'may-differ'>> = {
  version: 'same',
  face: 'may-differ',
  bundle: 'same',
  kernel: 'same',
  kernelTree: 'same',
  suites: 'same',
  trees: 'same',
  kselftestTargets: 'same',
  localConfig: 'same',
  shard: 'may-differ',
  accelerator: 'same',
  vms: 'may-differ',
  memoryMiB: 'may-differ',
  diskSizeMiB: 'same',
  retentionDays: 'may-differ',
  cpusPerVm: 'may-differ',
  timeoutMinutes: 'may-differ',
  testTimeoutSeconds: 'may-differ',
  rerunFailed: 'may-differ',
  failOn: 'may-differ',
  lostTests: 'may-differ',
  acceptFailures: 'may-differ',
  comparable: 'may-differ',
  baseline: 'may-differ',
  abProof: 'may-differ',
  baseBundle: 'may-differ',
  emulationTuning: 'may-differ',
  keep: 'may-differ',
  keepGoing: 'may-differ',
  dump: 'may-differ',
  coverage: 'same',
  changedTests: 'same',
  dumpWhen: 'may-differ',
  dumpArtifact: 'may-differ',
  cache: 'may-differ',
  upload: 'may-differ',
  artifactName: 'may-differ',
  outputDirectory: 'may-differ',
  reproduce: 'may-differ',
}

const selectionParts: Readonly<Record<keyof Plan['selection'], 'same' | 'may-differ'>> = {
  sections: 'may-differ',
  groups: 'same',
  byChange: 'same',
  excludeGroups: 'same',
  tests: 'may-differ',
  excludeFiles: 'same',
  expectationFiles: 'same',
  only: 'may-differ',
}

/** What must be the same for two records to be of one run. */
function identityOf(plan: Plan): Readonly<Record<string, unknown>> {
  return { ...samePartsOf(plan, planParts), ...samePartsOf(plan.selection, selectionParts) }
}

function samePartsOf(whole: object, parts: Readonly<Record<string, 'same' | 'may-differ'>>): Record<string, unknown> {
  const known = new Map(Object.entries(whole))
  return Object.fromEntries(Object.keys(parts).flatMap((name) => (parts[name] === 'same' ? [[name, known.get(name) ?? null]] : [])))
}

/** @throws UserError where two records are not of one run, naming what differs */
export function refuseUnlike(left: RunRecord, right: RunRecord): void {
  const ours = identityOf(left.plan)
  const theirs = identityOf(right.plan)
  const unlike = Object.keys(ours).filter((key) => JSON.stringify(ours[key]) !== JSON.stringify(theirs[key]))
  for (const [name, revision] of Object.entries(left.revisions)) {
    if ((right.revisions[name] ?? revision) !== revision) unlike.push(`revision of ${name}`)
  }
  for (const name of ['kernel', 'suite'] as const) {
    const [ours, theirs] = [left.images?.[name], right.images?.[name]]
    if (ours !== undefined && theirs !== undefined && ours !== theirs) unlike.push(`${name} image`)
  }
  for (const [name, revision] of Object.entries(left.suiteRevisions ?? {})) {
    if ((right.suiteRevisions?.[name] ?? revision) !== revision) unlike.push(`revision of the suite ${name}`)
  }
  if ((left.commit ?? right.commit) !== (right.commit ?? left.commit)) unlike.push('commit')
  if ((left.bundlePath ?? right.bundlePath) !== (right.bundlePath ?? left.bundlePath)) unlike.push('bundle path')
  for (const section of left.sections) {
    const other = right.sections.find(({ suite, name }) => suite === section.suite && name === section.name)
    if (other !== undefined && !isSameSection(section, other)) unlike.push(`section ${section.name}`)
  }
  if (unlike.length === 0) return
  throw new UserError(
    `the records ${left.runId} and ${right.runId} are not of one plan: they differ in ${unlike.join(', ')}.`,
    'Merge only records of the same kernel, suite and choice of groups; use a comparison for the others.',
  )
}

function isSameSection(left: SectionRecord, right: SectionRecord): boolean {
  const configured = ({ kernelRelease: _release, platform: _platform, couldNotTest: _reason, ...rest }: SectionRecord) =>
    JSON.stringify(rest)
  const release = left.kernelRelease === null || right.kernelRelease === null || left.kernelRelease === right.kernelRelease
  return release && configured(left) === configured(right)
}

function mergePlans(left: Plan, right: Plan): Plan {
  // An empty list of sections means all of them: it takes the others in. Tests named in one shard only stay named.
  const sections =
    left.selection.sections.length === 0 || right.selection.sections.length === 0
      ? []
      : uniqueOf(left.selection.sections, right.selection.sections)
  return { ...left, selection: { ...left.selection, sections, tests: uniqueOf(left.selection.tests, right.selection.tests) } }
}

function slower(left: RunRecord['accelerator'], right: RunRecord['accelerator']): RunRecord['accelerator'] {
  if (left === null || right === null) return left ?? right
  return right.timeoutFactor > left.timeoutFactor ? right : left
}

function mergeSections(left: SectionRecord, right: SectionRecord): SectionRecord {
  return {
    ...left,
    kernelRelease: left.kernelRelease ?? right.kernelRelease,
    platform: left.platform ?? right.platform,
    couldNotTest: left.couldNotTest ?? right.couldNotTest,
  }
}

function mergeTests(left: TestRecord, right: TestRecord): TestRecord {
  const attempts = [...left.attempts, ...right.attempts]
  const settled = attempts.length > 0 ? settle(attempts) : { status: withoutAttempts(left, right), flaky: false }
  const file = left.file ?? right.file
  const line = left.line ?? right.line
  const onBase = left.onBase ?? right.onBase
  const before = left.before ?? right.before
  const expectedNotrun = left.expectedNotrun ?? right.expectedNotrun
  const groups = left.groups ?? right.groups
  return {
    suite: left.suite,
    section: left.section,
    name: left.name,
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    status: settled.status,
    flaky: settled.flaky,
    reason: mergedReason(settled.status, attempts, [left, right]),
    expectedFailure: left.expectedFailure ?? right.expectedFailure,
    ...(expectedNotrun === undefined ? {} : { expectedNotrun }),
    ...(groups === undefined ? {} : { groups }),
    attempts,
    ...(before === undefined ? {} : { before }),
    ...(onBase === undefined ? {} : { onBase }),
  }
}

/** `notreached` says nothing: the other side's word counts. */
function withoutAttempts(left: TestRecord, right: TestRecord): TestRecord['status'] {
  if (left.status === 'notreached') return right.status
  return right.status === 'notreached' ? left.status : worst(left.status, right.status)
}

/** Why a test has no verdict: an attempt's word, else the first record's that has the status. */
export function mergedReason(status: TestRecord['status'], attempts: readonly Attempt[], tests: readonly TestRecord[]): string | null {
  if (attempts.length > 0) {
    return status === 'notrun' || status === 'notreached' ? (attempts.find((attempt) => attempt.status === status)?.message ?? null) : null
  }
  const saying = tests.filter((test) => test.status === status)
  return saying.find((test) => test.reason !== null)?.reason ?? null
}

function shiftGuests(record: RunRecord, by: number): Pick<RunRecord, 'guests' | 'tests'> {
  const guests: GuestRun[] = record.guests.map((guest) => ({ ...guest, id: guest.id + by }))
  const shift = (attempt: Attempt): Attempt => amended(attempt, { guest: attempt.guest === null ? null : attempt.guest + by })
  return { guests, tests: record.tests.map((test) => ({ ...test, attempts: test.attempts.map(shift) })) }
}

function joinBy<T>(left: readonly T[], right: readonly T[], keyOf: (item: T) => string, merge: (left: T, right: T) => T): T[] {
  const joined = new Map(left.map((item) => [keyOf(item), item]))
  for (const item of right) {
    const known = joined.get(keyOf(item))
    joined.set(keyOf(item), known === undefined ? item : merge(known, item))
  }
  return [...joined.values()]
}

export function uniqueOf(left: readonly string[], right: readonly string[]): string[] {
  return [...new Set([...left, ...right])]
}
