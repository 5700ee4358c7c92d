import type { Plan } from '../domain/plan.js'
import type { Section } from '../domain/section.js'
import type { SuiteName, TestName } from '../domain/test.js'
import { suiteOf } from '../suites/index.js'
import { globMatcher, isGlob } from './glob.js'
import { indexCatalogue, testsOfGroup } from './select-names.js'

type Request = Plan['selection']

/** Tests of one section as another run's record has them. */
export interface SectionThere {
  readonly section: Pick<Section, 'suite' | 'name' | 'settings'>
  /** `groups` is absent where the record did not keep them. */
  readonly tests: readonly { readonly name: TestName; readonly groups?: readonly string[] | undefined }[]
  /** What that run asked for. */
  readonly request: Request
}

/** Which of another run's tests of a section this run's own request asks for, had its suite them. */
export function testsAskedFor(request: Request, there: SectionThere): ReadonlySet<TestName> {
  const { tests, section } = there
  const { suite } = section
  const { choice } = suiteOf(suite)
  const asked = new Set(
    tests.filter(({ name }) => request.tests.some((word) => isNamed(name, choice.normalize(word)))).map(({ name }) => name),
  )
  const index = indexCatalogue(
    { suite, tests: tests.map(({ name, groups = [] }) => ({ name, groups: [...groups], file: '', line: 1 })) },
    choice,
  )
  for (const group of groupsOf(request, suite)) for (const name of testsOfGroup(group, section, index)) asked.add(name)
  // Without its groups only a request that holds all of the other one is known to ask for a test.
  if (covers(request, there)) for (const { name, groups } of tests) if (groups === undefined) asked.add(name)
  for (const group of request.excludeGroups) for (const name of testsOfGroup(group, section, index)) asked.delete(name)
  const { only } = request
  if (only === undefined) return asked
  return new Set(
    [...asked].filter((name) => only.some((test) => test.suite === suite && test.section === section.name && test.name === name)),
  )
}

function isNamed(name: TestName, word: string): boolean {
  return word === name || (isGlob(word) && globMatcher(word)(name))
}

function groupsOf({ groups, tests }: Request, suite: SuiteName): readonly string[] {
  return groups.length > 0 || tests.length > 0 ? groups : [suiteOf(suite).choice.usualGroup]
}

function covers(request: Request, { request: other, section: { suite } }: SectionThere): boolean {
  const groups = groupsOf(request, suite)
  return (
    groupsOf(other, suite).every((group) => groups.includes(group)) &&
    other.tests.every((word) => request.tests.includes(word)) &&
    request.excludeGroups.every((group) => other.excludeGroups.includes(group))
  )
}
