import type { LostTest } from '../domain/compared.js'
import type { RunRecord, TestRecord } from '../domain/record.js'
import type { SectionId, TestId } from '../domain/test.js'
import { sectionKey, testKey } from '../domain/test-key.js'
import { isFailure } from '../domain/verdict.js'
import { testsAskedFor } from '../plan/asked.js'
import { revisionName } from '../suites/index.js'

/** What the run at hand knows beyond its record; a record read later knows none of it. */
export interface Offered {
  /** `offeredKey` of every test of the suites' catalogues. */
  readonly tests: ReadonlySet<string>
  /** `sectionKey` of every section that the flake or the file of sections has. */
  readonly sections: ReadonlySet<string>
}

/** A test of a suite, in whichever section. */
export function offeredKey({ suite, name }: Pick<TestId, 'suite' | 'name'>): string {
  return JSON.stringify([suite, name])
}

/** What is needed of a record to find what it lost, or lost against it. */
export type Losing = Pick<RunRecord, 'plan' | 'tests' | 'sections' | 'revisions' | 'suiteRevisions'>

/** Tests lost, and those that are only told of: their files went with a changed revision of the suite. */
export interface Losses {
  readonly lost: readonly LostTest[]
  readonly gone: readonly LostTest[]
}

/**
 * Tests that passed or failed there, that this run asks for by its own selection, and that have no verdict here: they decline now, their
 * suite has them no more, or the flake or the file of sections has no such section any more.
 *
 * Not lost: what this run did not ask for, what a list expunges, and a decline that a list expects.
 * @param isComparable false for a section that is defined otherwise there
 */
export function findLosses(here: Losing, there: Losing, offered: Offered | null, isComparable: (section: SectionId) => boolean): Losses {
  // Nothing was selected: the run ended before.
  if (here.tests.length === 0) return { lost: [], gone: [] }
  const now = new Map(here.tests.map((test) => [testKey(test), test]))
  const asked = askedTests(here, there, offered)
  const lost: LostTest[] = []
  const gone: LostTest[] = []
  for (const test of there.tests) {
    if (!hasVerdict(test)) continue
    const { suite, section, name } = test
    const current = now.get(testKey(test))
    if (current !== undefined) {
      if (current.status === 'notrun' && current.expectedNotrun === undefined && isComparable(test))
        lost.push({ suite, section, name, how: 'declines', reason: current.reason ?? 'it gives no reason' })
    } else if (asked.has(testKey(test))) {
      const how = hasSection(here, test) ? 'not-offered' : 'section-gone'
      if (how === 'section-gone') lost.push({ suite, section, name, how, reason: `there is no section ${section} any more` })
      else if (hasOtherSuite(suite, here, there))
        gone.push({ suite, section, name, how, reason: 'its file went with another revision of the suite' })
      else lost.push({ suite, section, name, how, reason: 'the suite has no such test any more' })
    }
  }
  return { lost, gone }
}

function hasVerdict({ status }: TestRecord): boolean {
  return status === 'pass' || isFailure(status)
}

/** Keys of the tests there that this run asks for and that are not to be had: what is to be had is planned here. */
function askedTests(here: Losing, there: Losing, offered: Offered | null): ReadonlySet<string> {
  const keys = new Set<string>()
  for (const section of there.sections) {
    const { suite } = section
    const id = { suite, section: section.name }
    if (!here.plan.suites.includes(suite) || !isSectionAsked(id, here, there, offered)) continue
    const tests = there.tests.filter((test) => sectionKey(test) === sectionKey(id))
    const names = testsAskedFor(here.plan.selection, { section, tests, request: there.plan.selection })
    for (const test of tests) {
      // A test that its suite still has was left out by its groups of today.
      const isLeftOut = hasSection(here, id) && offered?.tests.has(offeredKey(test)) === true
      if (names.has(test.name) && !isLeftOut) keys.add(testKey(test))
    }
  }
  return keys
}

/** One that runs here is; of others only what runs unasked: a section that was named is not there without being refused. */
function isSectionAsked(section: SectionId, here: Losing, there: Losing, offered: Offered | null): boolean {
  if (hasSection(here, section)) return true
  if (here.plan.selection.sections.length > 0 || there.plan.selection.sections.length > 0) return false
  // Again, another part of a plan: the section may well be there.
  if (here.plan.selection.only !== undefined || offered?.sections.has(sectionKey(section)) === true) return false
  return (here.plan.localConfig === null) === (there.plan.localConfig === null)
}

function hasSection({ sections }: Losing, id: SectionId): boolean {
  return sections.some(({ suite, name }) => suite === id.suite && name === id.section)
}

/** True where both are known and differ. */
function hasOtherSuite(suite: string, here: Losing, there: Losing): boolean {
  const of = ({ suiteRevisions, revisions }: Losing) => suiteRevisions?.[suite] ?? revisions[revisionName(suite)]
  const [ours, theirs] = [of(here), of(there)]
  return ours !== undefined && theirs !== undefined && ours !== theirs
}
