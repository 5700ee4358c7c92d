import type { Section } from '../domain/section.js'
import type { Catalogue, CatalogueTest, TestName } from '../domain/test.js'
import type { SuiteChoice } from '../suites/suite.js'
import { globMatcher, isGlob } from './glob.js'
import { didYouMean } from './suggest.js'

/** Tests by name, directory and group, made once per selection. */
export interface CatalogueIndex {
  readonly tests: readonly CatalogueTest[]
  readonly byName: ReadonlyMap<TestName, CatalogueTest>
  readonly collections: ReadonlySet<string>
  readonly choice: SuiteChoice
  readonly groups: ReadonlySet<string>
}

export function indexCatalogue(catalogue: Catalogue, choice: SuiteChoice): CatalogueIndex {
  return {
    tests: catalogue.tests,
    byName: new Map(catalogue.tests.map((test) => [test.name, test])),
    collections: new Set(catalogue.tests.map((test) => choice.collectionOf(test.name))),
    choice,
    groups: new Set(catalogue.tests.flatMap((test) => test.groups)),
  }
}

/** Tests a name or glob stands for, or the problem with it. */
export function findTests(word: string, index: CatalogueIndex): readonly TestName[] | string {
  const name = index.choice.normalize(word)
  if (index.byName.has(name)) return [name]
  if (isGlob(name)) {
    const matches = globMatcher(name)
    const found = index.tests.filter((test) => matches(test.name)).map((test) => test.name)
    return found.length > 0 ? found : `no test matches \`${word}\`.`
  }
  return `unknown test \`${word}\`${suggestTest(name, index)}.`
}

function suggestTest(name: string, index: CatalogueIndex): string {
  const inside = index.tests.find((test) => index.choice.collectionOf(test.name) === name)
  if (inside !== undefined) return ` (a directory: did you mean \`${name}${inside.name.charAt(name.length)}*\`?)`
  if (index.groups.has(name)) return ` (a group: did you mean \`-g ${name}\`?)`
  const same = index.tests.filter((test) => test.name.slice(index.choice.collectionOf(test.name).length + 1) === name)
  const [first] = same
  const meant = same.find((test) => index.choice.collectionOf(test.name) === index.choice.mainCollection) ?? first
  if (meant !== undefined) return ` (did you mean \`${meant.name}\`?)`
  return didYouMean(name, [...index.byName.keys()])
}

/** Tests of a group in a section, as the suite has them, or of one collection for `DIR/GROUP`. `all` is every test. */
export function testsOfGroup(word: string, section: Pick<Section, 'name' | 'settings'>, index: CatalogueIndex): readonly TestName[] {
  const { directory, name: group } = splitGroup(word, index)
  const { choice, collections } = index
  const isReached = (collection: string) =>
    directory === null ? choice.reaches(collection, { group, section, collections }) : collection === directory
  return index.tests
    .filter((test) => isReached(choice.collectionOf(test.name)) && (group === 'all' || test.groups.includes(group)))
    .map((test) => test.name)
}

function splitGroup(group: string, index: CatalogueIndex): { directory: string | null; name: string } {
  const at = index.groups.has(group) ? -1 : group.indexOf('/')
  const directory = at < 0 ? null : group.slice(0, at)
  return directory !== null && index.collections.has(directory)
    ? { directory, name: group.slice(at + 1) }
    : { directory: null, name: group }
}

/**
 * The problem with a group's name, or null where some test carries it.
 * @param otherwise what is said, behind the unknown name, where none is near it
 */
export function groupProblem(group: string, index: CatalogueIndex, otherwise = ''): string | null {
  const { directory, name } = splitGroup(group, index)
  if (name === 'all') return null
  if (index.groups.has(name)) {
    if (directory === null || index.tests.some((test) => index.choice.collectionOf(test.name) === directory && test.groups.includes(name)))
      return null
    return `group \`${group}\` is empty: no test of \`${directory}\` is in \`${name}\`.`
  }
  return `unknown group \`${group}\`${meantByGroup(group, index) || didYouMean(name, [...index.groups, 'all']) || otherwise}.`
}

/** What stands for a group and is a test's name, or a pattern; empty for anything else. */
function meantByGroup(word: string, { byName, choice }: CatalogueIndex): string {
  if (byName.has(choice.normalize(word))) return ' (a test: to run it, name it without `-g`; a list leaves tests out, `-E FILE`)'
  return isGlob(word) ? ' (groups are named whole; to run tests by a pattern, give it without `-g`)' : ''
}
