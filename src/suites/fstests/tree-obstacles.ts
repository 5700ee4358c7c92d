import type { Architecture } from '../../domain/bundle.js'
import type { TestName } from '../../domain/test.js'
import type { Files } from '../../ports/index.js'
import { programObstacle } from '../built-program.js'
import { parseGroupList } from './catalogue.js'

type TreeFiles = Pick<Files, 'list' | 'readText' | 'readBytes' | 'stat'>

/** A program that every run needs; beside it what libtool puts in place of one that is not installed. */
const PROGRAMS = ['ltp/.libs/fsstress', 'ltp/fsstress']

/** Why an fstests tree cannot be run as it is: not built, built for another architecture, tests that `check` would call unknown (`check:418`). */
export async function treeObstacles(
  files: TreeFiles,
  directory: string,
  { architecture, tests }: { readonly architecture: Architecture; readonly tests: readonly TestName[] },
): Promise<readonly string[]> {
  const obstacle = await programObstacle(files, directory, { programs: PROGRAMS, name: 'ltp/fsstress', architecture })
  if (obstacle !== null) return [obstacle]
  const unlisted = await unlistedTests(files, directory, tests)
  if (unlisted.length === 0) return []
  const [is, them] = unlisted.length === 1 ? ['is', 'it'] : ['are', 'them']
  return [
    `${unlisted.join(', ')} ${is} in no group list, and \`check\` would not know ${them}. Run \`make\` in ${directory}, which writes the lists.`,
  ]
}

/** Tests that lie in a directory whose list does not name them: written since the last `make`. */
async function unlistedTests(files: TreeFiles, directory: string, tests: readonly TestName[]): Promise<readonly TestName[]> {
  const lists = new Map<string, ReadonlyMap<string, unknown> | null>()
  const unlisted: TestName[] = []
  for (const name of tests) {
    const [folder = '', id = ''] = name.split('/')
    let list = lists.get(folder)
    if (list === undefined) {
      list = await groupList(files, `${directory}/tests/${folder}`)
      lists.set(folder, list)
    }
    if (list !== null && !list.has(id)) unlisted.push(name)
  }
  return unlisted
}

async function groupList(files: TreeFiles, folder: string): Promise<ReadonlyMap<string, unknown> | null> {
  for (const name of ['group.list', 'group']) {
    const text = await files.readText(`${folder}/${name}`).catch(() => null)
    if (text !== null) return parseGroupList(text)
  }
  // Trees have lists once they were made; without any all of them are missing.
  return new Map()
}
