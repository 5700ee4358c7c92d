import type { Catalogue, CatalogueTest, TestName } from '../domain/test.js'
import { testDirectory } from '../suites/fstests/test-name.js'
import { globToRegExp, isGlob } from './glob.js'
import { didYouMean } from './suggest.js'

/** Tests by name, directory and group, made once per selection. */
export interface CatalogueIndex {
  readonly tests: readonly CatalogueTest[]
  readonly byName: ReadonlyMap<TestName, CatalogueTest>
  readonly directories: ReadonlySet<string>
  readonly groups: ReadonlySet<string>
}

export function indexCatalogue(catalogue: Catalogue): CatalogueIndex {
  return {
    tests: catalogue.tests,
    byName: new Map(catalogue.tests.map((test) => [test.name, test])),
    directories: new Set(catalogue.tests.map((test) => testDirectory(test.name))),
    groups: new Set(catalogue.tests.flatMap((test) => test.groups)),
  }
}

/** Tests a name or glob stands for, or the problem with it. `tests/generic/001` is taken too, as check takes it. */
export function findTests(word: string, index: CatalogueIndex): readonly TestName[] | string {
  const name = word.replace(/^(?:\.\/)?tests\//, '')
  if (index.byName.has(name)) return [name]
  if (isGlob(name)) {
    const pattern = globToRegExp(name)
    const found = index.tests.filter((test) => pattern.test(test.name)).map((test) => test.name)
    return found.length > 0 ? found : `no test matches \`${word}\`.`
  }
  return `unknown test \`${word}\`${suggestTest(name, index)}.`
}

function suggestTest(name: string, index: CatalogueIndex): string {
  if (index.directories.has(name)) return ` (a directory: did you mean \`${name}/*\`?)`
  if (index.groups.has(name)) return ` (a group: did you mean \`-g ${name}\`?)`
  if (!name.includes('/')) {
    const same = [...index.directories].map((directory) => `${directory}/${name}`).filter((whole) => index.byName.has(whole))
    const generic = same.find((whole) => whole.startsWith('generic/')) ?? same[0]
    if (generic !== undefined) return ` (did you mean \`${generic}\`?)`
  }
  return didYouMean(name, [...index.byName.keys()])
}

/**
 * Tests of a group under one file system, as `get_group_list` of check has them: of `generic` and the file system's own directory,
 * or of one directory for `DIR/GROUP`. `all` is every test.
 */
export function testsOfGroup(group: string, fstyp: string, index: CatalogueIndex): readonly TestName[] {
  const { directory, name } = splitGroup(group, index)
  const own = name !== 'all' && (fstyp === 'ext2' || fstyp === 'ext3') ? 'ext4' : fstyp
  const directories = directory === null ? groupDirectories(own, index) : new Set([directory])
  return index.tests
    .filter((test) => directories.has(testDirectory(test.name)) && (name === 'all' || test.groups.includes(name)))
    .map((test) => test.name)
}

/** A suite without a `generic` directory (the smoke suite) has no split by file system: all of its tests are for all. */
function groupDirectories(fstyp: string, index: CatalogueIndex): ReadonlySet<string> {
  return index.directories.has('generic') ? new Set(['generic', fstyp]) : index.directories
}

function splitGroup(group: string, index: CatalogueIndex): { directory: string | null; name: string } {
  const at = group.indexOf('/')
  const directory = at < 0 ? null : group.slice(0, at)
  return directory !== null && index.directories.has(directory)
    ? { directory, name: group.slice(at + 1) }
    : { directory: null, name: group }
}

/** The problem with a group's name, or null where some test carries it. */
export function groupProblem(group: string, index: CatalogueIndex): string | null {
  const { directory, name } = splitGroup(group, index)
  if (name === 'all') return null
  if (index.groups.has(name)) {
    if (directory === null || index.tests.some((test) => testDirectory(test.name) === directory && test.groups.includes(name))) return null
    return `group \`${group}\` is empty: no test of \`${directory}\` is in \`${name}\`.`
  }
  return `unknown group \`${group}\`${didYouMean(name, [...index.groups, 'all'])}.`
}
