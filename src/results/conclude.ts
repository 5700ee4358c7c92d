import type { FailOn } from '../domain/inputs.js'
import { type ReportPhase, titleInFull } from '../domain/kernel-report.js'
import type { Conclusion, ConclusionKind, RunRecord, TestRecord, UnattributedReport } from '../domain/record.js'
import type { Comparison } from '../domain/stages.js'
import { type SectionId, type TestStatus, testStatusSchema } from '../domain/test.js'
import { sectionKey, sectionName, testKey } from '../domain/test-key.js'
import { countingReports, countsAsFailure, isFailure, reportKey } from '../domain/verdict.js'

/** What is needed of a record to conclude from it. */
export type Concludable = Pick<RunRecord, 'plan' | 'tests' | 'sections' | 'stopped' | 'unattributedReports'> &
  Partial<Pick<RunRecord, 'workflow' | 'shards'>>

/**
 * What the run as a whole says. Never `passed` by default: a test must have passed in every section, and every planned test must have ended.
 *
 * Failures come first: they were found whatever happened to the rest. `fail-on: new` leaves out those the compared record excuses; `never`
 * changes nothing here, only what follows from it (`exitCode` in src/domain/verdict.ts, by what the conclusion says in `untested`). Lost
 * tests count like new failures, unless the plan has them as a warning.
 * @param comparison null without a baseline: then `new` means every failure
 */
export function conclude(record: Concludable, comparison: Comparison | null, failOn: FailOn): Conclusion {
  const counts = countStatuses(record.tests)
  const of = (kind: ConclusionKind, reason: string): Conclusion => ({ kind, reason, counts })
  if (record.stopped?.kind === 'build-failed') return of('build-failed', record.stopped.reason)
  const failures = record.tests.filter(countsAsFailure)
  const counted = failOn === 'new' && comparison !== null ? onlyNew(failures, comparison) : failures
  const reports = failOn === 'new' ? withoutKnown(countingReports(record), comparison) : countingReports(record)
  if (record.stopped?.kind === 'cancelled') return of('cancelled', cancelledReason(record, counted))
  const untested = whyUntested(record, withoutFailures(record))
  const failed = (reason: string): Conclusion => ({ ...of('failed', reason), ...(untested === null ? {} : { untested }) })
  const found: Found = { counted, failures, reports, lost: record.plan.lostTests === 'warn' ? [] : (comparison?.lost ?? []), comparison }
  // Of a section's tests a shard has some: whether any of all passed, the whole says.
  const barren = isShard(record) ? null : whyBarren(record)
  if (counted.length > 0 || reports.length > 0 || found.lost.length > 0) {
    const reason = failedReason(found, record)
    if (record.plan.acceptFailures !== true || barren !== null || whyUntested(record, record.tests) !== null) return failed(reason)
    return of('passed', acceptedReason(reason, record))
  }
  if (barren !== null) return failed(barren)
  const why = whyUntested(record, record.tests)
  return why === null ? of('passed', passedReason(record, counts, failures)) : of('could-not-test', why)
}

/** A part of a run, which is judged by its tests alone. */
function isShard({ shards }: Concludable): boolean {
  return shards?.own !== undefined
}

/** What speaks against a run. */
interface Found {
  /** Failures that count under `fail-on`. */
  readonly counted: readonly TestRecord[]
  /** All that are neither flaky nor expected. */
  readonly failures: readonly TestRecord[]
  /** Kernel reports no test owns that count under `fail-on`. */
  readonly reports: readonly UnattributedReport[]
  /** Lost tests, where they count. */
  readonly lost: Comparison['lost']
  readonly comparison: Comparison | null
}

/** Why the run is failed although no failure counts: in some section tests failed and none passed. Null where there is no such section. */
function whyBarren(record: Concludable): string | null {
  const tests = bySection(record.tests)
  for (const section of record.sections) {
    const own = tests(section)
    const failed = own.filter((test) => isFailure(test.status)).length
    if (failed > 0 && !own.some(hasPassed))
      return `Section ${heading(section, record)}: none of its tests passed, and ${count(failed, 'test')} failed, known or expected.`
  }
  return null
}

function heading({ suite, name: section }: Concludable['sections'][number], record: Concludable): string {
  return sectionName({ suite, section }, record)
}

/** Tests of each section, looked through once: there may be hundreds of sections. */
function bySection(tests: readonly TestRecord[]): (section: Concludable['sections'][number]) => readonly TestRecord[] {
  const groups = new Map<string, TestRecord[]>()
  for (const test of tests) {
    const key = sectionKey(test)
    const known = groups.get(key)
    if (known === undefined) groups.set(key, [test])
    else known.push(test)
  }
  return ({ suite, name: section }) => groups.get(sectionKey({ suite, section })) ?? []
}

/** A flaky test did pass. */
function hasPassed({ status, flaky }: TestRecord): boolean {
  return status === 'pass' || flaky
}

function acceptedReason(reason: string, { workflow }: Concludable): string {
  const where = workflow?.address == null ? '' : ` in ${workflow.address}`
  return `Accepted by hand${where}: ${reason}`
}

/** Counts by status, every status present. */
export function countStatuses(tests: readonly Pick<TestRecord, 'status'>[]): Record<TestStatus, number> {
  const counts = Object.fromEntries(testStatusSchema.options.map((status) => [status, 0])) as Record<TestStatus, number>
  for (const test of tests) counts[test.status] += 1
  return counts
}

function onlyNew(failures: readonly TestRecord[], comparison: Comparison): readonly TestRecord[] {
  // A failure the comparison does not know of counts: it may be of another record.
  const known = new Set(comparison.knownFailures.map(testKey))
  return failures.filter((test) => !known.has(testKey(test)))
}

function withoutKnown(reports: readonly UnattributedReport[], comparison: Comparison | null): readonly UnattributedReport[] {
  const known = new Set(comparison?.knownReports)
  return reports.filter((report) => !known.has(reportKey(report)))
}

const phases: Readonly<Record<ReportPhase, string>> = {
  boot: 'while booting',
  'set-up': 'before the first test',
  between: 'between tests',
  end: 'after the tests',
}

function nameReports(reports: readonly UnattributedReport[], record: Concludable): string {
  const shown = reports.slice(0, 3).map(({ suite, section, phase, ...report }) => {
    const title = titleInFull(report)
    const named = suite === undefined || section === undefined ? section : sectionName({ suite, section }, record)
    const where = [...(named === undefined ? [] : [named]), ...(phase === undefined ? [] : [phases[phase]])].join(' ')
    return where === '' ? title : `${where}: ${title}`
  })
  return reports.length > shown.length ? `${shown.join(', ')}, …` : shown.join(', ')
}

function failedReason({ counted, failures, reports, lost, comparison }: Found, record: Concludable): string {
  const known = failures.length - counted.length
  const word = comparison === null ? '' : 'new '
  const parts: string[] = []
  if (lost.length > 0) parts.push(`${count(lost.length, 'test')} lost: ${nameLost(lost, record)}`)
  if (counted.length > 0) parts.push(`${count(counted.length, `${word}failure`)}: ${name(counted, record)}`)
  if (reports.length > 0) parts.push(`${count(reports.length, `${word}kernel report`)} outside any test: ${nameReports(reports, record)}`)
  if (known > 0) parts.push(`${known} more known`)
  const missing = record.tests.filter((test) => test.status === 'notreached').length
  if (missing > 0) parts.push(`${count(missing, 'test')} not reached`)
  return `${parts.join('; ')}.`
}

function nameLost(lost: Comparison['lost'], record: Concludable): string {
  const shown = lost.slice(0, 3).map((test) => `${labelOf(test, record)} (${test.reason})`)
  return lost.length > shown.length ? `${shown.join(', ')}, …` : shown.join(', ')
}

/** A test for a reader. */
function labelOf(test: SectionId & { readonly name: string }, record: Concludable): string {
  return `${sectionName(test, record)} ${test.name}`
}

function name(tests: readonly TestRecord[], record: Concludable): string {
  const since = ({ before }: TestRecord) => (before?.since === undefined ? '' : `, not passed since ${before.since.slice(0, 12)}`)
  const shown = tests.slice(0, 3).map((test) => `${labelOf(test, record)} (${test.status}${since(test)})`)
  return tests.length > shown.length ? `${shown.join(', ')}, …` : shown.join(', ')
}

function cancelledReason(record: Concludable, failures: readonly TestRecord[]): string {
  const found = failures.length > 0 ? ` Until then: ${count(failures.length, 'failure')}, ${name(failures, record)}.` : ''
  return `${record.stopped?.reason ?? 'cancelled'}${found}`
}

/** The tests of a run whose failures are forgiven: they show no more that something was tested than that something was wrong. */
function withoutFailures(record: Concludable): readonly TestRecord[] {
  return record.tests.filter((test) => !countsAsFailure(test))
}

/**
 * Why nothing can be said, or null where every planned test ended and something was tested.
 * @param tests those of the record that bear witness
 */
function whyUntested(record: Concludable, tests: readonly TestRecord[]): string | null {
  const counts = countStatuses(tests)
  // What stopped the run before it could plan says more than that nothing was planned.
  if (record.tests.length === 0) return record.stopped === undefined ? 'No test was planned.' : sentence(record.stopped.reason)
  if (tests.length === 0) return isShard(record) ? null : 'Every test failed.'
  if (counts.expunged === tests.length && !isShard(record)) return 'Every test is expunged: nothing was tested.'
  if (record.stopped !== undefined)
    return `${sentence(record.stopped.reason)}${counts.notreached > 0 ? ` ${count(counts.notreached, 'test')} not reached.` : ''}`
  const given = record.sections.find((section) => section.couldNotTest !== null)
  if (given !== undefined) return `Section ${heading(given, record)} could not be tested: ${given.couldNotTest}`
  if (counts.notreached > 0) return `${count(counts.notreached, 'test')} not reached: ${notreachedReason(tests, record)}`
  return isShard(record) ? null : whyNothingRan(record, tests, counts)
}

function notreachedReason(tests: readonly TestRecord[], record: Concludable): string {
  const first = tests.find((test) => test.status === 'notreached')
  return sentence(first === undefined ? '' : `${labelOf(first, record)}: ${first.reason ?? 'no verdict'}`)
}

function whyNothingRan(record: Concludable, tests: readonly TestRecord[], counts: Readonly<Record<TestStatus, number>>): string | null {
  if (counts.notrun + counts.expunged === tests.length) return 'Every test declined to run (notrun): nothing was tested.'
  const ownOf = bySection(tests)
  for (const section of record.sections) {
    const own = ownOf(section)
    if (own.some(hasPassed)) continue
    const planned = own.filter((test) => test.status !== 'expunged')
    if (planned.length === 0) return `Section ${heading(section, record)}: no test ran.`
    if (planned.every((test) => test.status === 'notrun'))
      return `Section ${heading(section, record)}: every test declined to run (notrun), nothing was tested.`
    return `Section ${heading(section, record)}: no test passed.`
  }
  return null
}

function passedReason(record: Concludable, counts: Readonly<Record<TestStatus, number>>, failures: readonly TestRecord[]): string {
  const parts = [`${counts.pass} passed`]
  if (counts.notrun > 0) parts.push(`${counts.notrun} not run`)
  if (counts.expunged > 0) parts.push(`${counts.expunged} expunged`)
  if (failures.length > 0) parts.push(`${count(failures.length, 'known failure')}: ${name(failures, record)}`)
  // None of them counted: all are known.
  const reports = countingReports(record)
  if (reports.length > 0) parts.push(`${count(reports.length, 'known kernel report')} outside any test: ${nameReports(reports, record)}`)
  const excused = counts.fail + counts.timeout + counts.crashed - failures.length
  if (excused > 0) parts.push(`${count(excused, 'failure')} expected or flaky`)
  return `${parts.join(', ')}.`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
