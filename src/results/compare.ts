import type { Compared, EarlierVerdict } from '../domain/compared.js'
import { earlierVerdict, excuses, excusesOnBase, isSameSection } from '../domain/excuse.js'
import { whyNoExcuse } from '../domain/origin.js'
import type { RunRecord, TestRecord } from '../domain/record.js'
import type { ComparedTest, Comparison } from '../domain/stages.js'
import type { SectionId, TestId } from '../domain/test.js'
import { onlyThese, sectionKey, testKey } from '../domain/test-key.js'
import { countsAsFailure, isFailure, isSevere, isStaleExpectation, reportKey } from '../domain/verdict.js'
import { findLosses, type Offered } from './lost.js'

/** What is needed of the record a run is compared with. */
export type Baseline = Pick<
  RunRecord,
  | 'runId'
  | 'unattributedReports'
  | 'plan'
  | 'tests'
  | 'sections'
  | 'revisions'
  | 'suiteRevisions'
  | 'commit'
  | 'kernelCommit'
  | 'workflow'
  | 'images'
>

/** What the run at hand knows of a comparison beyond the two records. */
export interface ComparisonFacts {
  /** What there is to be selected; absent where a record is read later. */
  readonly offered?: Offered | null
  /** The first commit since which a test has not passed. */
  readonly since?: (test: TestId) => string | null
  /** Why this record, in words. */
  readonly choice?: string
  /** The record's entry in the workflow's cache. */
  readonly key?: string
}

/**
 * The record with all that the other one says of it: from then on it can be concluded from and rendered without that.
 * - new: counts as a failure here, and nothing there excuses it
 * - known: counts as a failure here, and failed there at least as badly (`excuses`), or does when run again on the base's bundle
 * - fixed: failed there for good and passes here; one that passes against its expectation is stale instead
 * - vanished: planned there, not planned here, in a section that both have
 * - newly notrun: passed or failed there and declines here
 * - lost: see `findLosses`
 */
export function withCompared(record: RunRecord, given: Baseline, facts: ComparisonFacts = {}): RunRecord & { readonly compared: Compared } {
  const there = ofShard(record, given)
  const before = new Map(there.tests.map((test) => [testKey(test), test]))
  const otherSections = sectionsDefinedOtherwise(record, there)
  const otherKeys = new Set(otherSections.map(sectionKey))
  const comparable = (section: SectionId): boolean => !otherKeys.has(sectionKey(section))
  const earlier = (test: TestId): TestRecord | undefined => (comparable(test) ? before.get(testKey(test)) : undefined)
  const tests = record.tests.map(({ before: _stale, ...test }): TestRecord => {
    const there = isFailure(test.status) ? earlier(test) : undefined
    return there === undefined ? test : { ...test, before: withSince(earlierVerdict(there), facts.since?.(test) ?? null) }
  })
  const compared: Compared = {
    runId: there.runId,
    ...whence(there),
    ...(facts.key === undefined ? {} : { key: facts.key }),
    choice: facts.choice ?? 'it was named',
    noExcuse: whyNoExcuse(record, there),
    ...mutable(findLosses(record, there, facts.offered ?? null, comparable)),
    fixed: tests
      .filter((test) => test.status === 'pass' && !isStaleExpectation(test))
      .filter((test) => isFailureForGood(earlier(test)))
      .map(toId),
    vanished: vanished(record, there, comparable),
    knownReports: [...new Set(there.unattributedReports.filter(isSevere).map(reportKey))],
    newlyNotrun: tests.filter((test) => test.status === 'notrun' && ran(earlier(test))).map(toId),
    otherSections: [...otherSections],
  }
  return { ...record, tests, compared }
}

/** What a shard did not have to run is nothing that it lost: of the whole, the merged record says it. */
function ofShard({ shards, tests }: RunRecord, there: Baseline): Baseline {
  return shards?.own === undefined ? there : { ...there, tests: onlyThese(there.tests, tests) }
}

/** What a record came to against the one it is compared with; null where it is compared with none. */
export function comparisonOf({ compared, tests }: Pick<RunRecord, 'compared' | 'tests'>): Comparison | null {
  return compared === undefined ? null : comparison(tests, compared)
}

/** Holds a record against another one. */
export function compareRecords(current: RunRecord, baseline: Baseline): Comparison {
  const { tests, compared } = withCompared(current, baseline)
  return comparison(tests, compared)
}

function comparison(tests: readonly TestRecord[], compared: Compared): Comparison {
  const { runId, commit = null, ref = null, address = null, knownReports, ...rest } = compared
  const failures = tests.filter(countsAsFailure)
  return {
    ...rest,
    baselineRunId: runId,
    commit,
    ref,
    address,
    knownReports: compared.noExcuse === null ? knownReports : [],
    newFailures: failures.filter((test) => !isKnown(test, compared)).map(toId),
    knownFailures: failures.filter((test) => isKnown(test, compared)).map(toId),
  }
}

function isKnown(test: TestRecord, { noExcuse }: Compared): boolean {
  const { before, onBase } = test
  if (noExcuse === null && before !== undefined && excuses(before, test)) return true
  return onBase !== undefined && excusesOnBase(onBase, test)
}

function sectionsDefinedOtherwise(here: Pick<RunRecord, 'sections'>, there: Pick<RunRecord, 'sections'>): readonly SectionId[] {
  const others = new Map(there.sections.map((section) => [keyOfSection(section), section]))
  return here.sections.flatMap((section) => {
    const other = others.get(keyOfSection(section))
    return other === undefined || isSameSection(section, other) ? [] : [{ suite: section.suite, section: section.name }]
  })
}

function keyOfSection({ suite, name }: RunRecord['sections'][number]): string {
  return sectionKey({ suite, section: name })
}

function withSince(verdict: EarlierVerdict, since: string | null): EarlierVerdict {
  return since === null ? verdict : { ...verdict, since }
}

function whence({ commit, workflow }: Baseline): Pick<Compared, 'commit' | 'ref' | 'address'> {
  return {
    ...(commit === undefined ? {} : { commit }),
    ...(workflow === undefined ? {} : { ref: workflow.ref, ...(workflow.address === null ? {} : { address: workflow.address }) }),
  }
}

function vanished(here: RunRecord, there: Baseline, comparable: (section: SectionId) => boolean): ComparedTest[] {
  const now = new Set(here.tests.map(testKey))
  const sections = new Set(here.sections.map(keyOfSection))
  return there.tests
    .filter((test) => sections.has(sectionKey(test)) && comparable(test) && test.status !== 'expunged' && !now.has(testKey(test)))
    .map(toId)
}

function isFailureForGood(test: TestRecord | undefined): boolean {
  return test !== undefined && isFailure(test.status) && !test.flaky
}

function ran(test: TestRecord | undefined): boolean {
  return test !== undefined && (test.status === 'pass' || isFailure(test.status))
}

function toId({ suite, section, name }: TestRecord): ComparedTest & { suite: string; section: string; name: string } {
  return { suite, section, name }
}

function mutable({ lost, gone }: ReturnType<typeof findLosses>): Pick<Compared, 'lost' | 'gone'> {
  return { lost: [...lost], gone: [...gone] }
}
