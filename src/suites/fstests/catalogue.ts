import { UserError } from '../../domain/errors.js'
import type { Catalogue, CatalogueTest, SuiteName } from '../../domain/test.js'
import type { Files } from '../../ports/index.js'
import { compareTestNames, isTestId } from './test-name.js'

type TreeFiles = Pick<Files, 'list' | 'readText' | 'stat'>

/** Where an installed fstests puts its tree below a prefix: `make install`, Debian, nixpkgs. */
const installedPlaces = ['var/lib/xfstests', 'lib/xfstests', 'xfstests', 'share/xfstests']

/** Files read at once: a tree has over two thousand tests. */
const readsAtOnce = 32

/**
 * Every test below a source tree or an installed one, with its groups, file and line.
 * Groups come from `tests/DIR/group.list` (`group` before 2021), where that is missing from the `_begin_fstest` lines.
 * @throws UserError when the directory is not such a tree or holds no test
 */
export async function readFstestsCatalogue(files: TreeFiles, directory: string, suite: SuiteName): Promise<Catalogue> {
  await requireTree(files, directory)
  const tests: CatalogueTest[] = []
  for (const name of await files.list(`${directory}/tests`)) {
    const entry = await files.stat(`${directory}/tests/${name}`)
    if (entry?.kind === 'directory') tests.push(...(await readTestDirectory(files, directory, name)))
  }
  if (tests.length === 0) {
    throw new UserError(`${directory}/tests holds no test.`, 'Give the directory of a built or an installed fstests tree.')
  }
  tests.sort((left, right) => compareTestNames(left.name, right.name))
  return { suite, tests }
}

async function requireTree(files: TreeFiles, directory: string): Promise<void> {
  const check = await files.stat(`${directory}/check`)
  const tests = await files.stat(`${directory}/tests`)
  if (check !== null && tests?.kind === 'directory') return
  for (const place of installedPlaces) {
    if ((await files.stat(`${directory}/${place}/check`)) === null) continue
    throw new UserError(`${directory} is not an fstests tree itself, but ${directory}/${place} is one.`, `Give ${directory}/${place}.`)
  }
  const missing = check === null ? '`check`' : '`tests` directory'
  throw new UserError(
    `${directory} is not an fstests tree: it has no ${missing}.`,
    'Give the directory of a built or an installed fstests tree.',
  )
}

async function readTestDirectory(files: TreeFiles, root: string, name: string): Promise<CatalogueTest[]> {
  const path = `${root}/tests/${name}`
  const entries = await files.list(path)
  const listed = await readGroupList(files, path, entries)
  const ids = entries.filter(isTestId)
  const tests: CatalogueTest[] = []
  for (let index = 0; index < ids.length; index += readsAtOnce) {
    const some = ids.slice(index, index + readsAtOnce)
    const headers = await Promise.all(some.map((id) => readHeader(files, `${path}/${id}`)))
    for (const [at, id] of some.entries()) {
      const header = headers[at]
      const groups = listed?.get(id) ?? header?.groups
      // A file that no list names and that does not begin a test is not one (check would call it unknown).
      if (header === undefined || header === null || groups === undefined || groups === null) continue
      tests.push({ name: `${name}/${id}`, groups: [...groups], file: `tests/${name}/${id}`, line: header.line })
    }
  }
  return tests
}

async function readGroupList(files: TreeFiles, path: string, entries: readonly string[]): Promise<Map<string, readonly string[]> | null> {
  const list = ['group.list', 'group'].find((file) => entries.includes(file))
  return list === undefined ? null : parseGroupList(await files.readText(`${path}/${list}`))
}

/** Reads a `group.list`: `001 auto quick`, with `#` comments. */
export function parseGroupList(text: string): Map<string, readonly string[]> {
  const groups = new Map<string, readonly string[]>()
  for (const line of text.split('\n')) {
    const [id, ...names] = line.replace(/#.*/, '').split(/\s+/).filter(Boolean)
    if (id !== undefined && isTestId(id)) groups.set(id, names)
  }
  return groups
}

interface TestHeader {
  /** Line of `_begin_fstest`, 1-based; 1 where there is none (trees before 2021). */
  readonly line: number
  readonly groups: readonly string[] | null
}

/** What a test's own text says about it; null for something that is no file. */
async function readHeader(files: TreeFiles, path: string): Promise<TestHeader | null> {
  const entry = await files.stat(path)
  if (entry === null || entry.kind === 'directory' || entry.kind === 'other') return null
  return parseTestHeader(await files.readText(path))
}

/** Finds the `_begin_fstest` line of a test's text. */
export function parseTestHeader(text: string): TestHeader {
  const match = /^_begin_fstest\b((?:\\\n|[^\n])*)/m.exec(text)
  if (match === null) return { line: 1, groups: null }
  const line = text.slice(0, match.index).split('\n').length
  const words = (match[1] ?? '').replace(/\\\n/g, ' ').replace(/#.*/, '')
  return { line, groups: words.split(/\s+/).filter(Boolean) }
}
