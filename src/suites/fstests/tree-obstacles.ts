import type { Architecture } from '../../domain/bundle.js'
import type { TestName } from '../../domain/test.js'
import type { Files } from '../../ports/index.js'
import { parseGroupList } from './catalogue.js'

type TreeFiles = Pick<Files, 'list' | 'readText' | 'readBytes' | 'stat'>

/** A program that every run needs; beside it what libtool puts in place of one that is not installed. */
const PROGRAMS = ['ltp/.libs/fsstress', 'ltp/fsstress']
/** e_machine of an ELF file (elf(5)). */
const MACHINES: Readonly<Record<number, string>> = { 3: 'i386', 40: 'arm', 62: 'x86_64', 183: 'aarch64', 243: 'riscv', 258: 'loongarch' }

/** Why an fstests tree cannot be run as it is: not built, built for another architecture, tests that `check` would call unknown (`check:418`). */
export async function treeObstacles(
  files: TreeFiles,
  directory: string,
  { architecture, tests }: { readonly architecture: Architecture; readonly tests: readonly TestName[] },
): Promise<readonly string[]> {
  const found: string[] = []
  for (const program of PROGRAMS) if ((await files.stat(`${directory}/${program}`)) !== null) found.push(program)
  const [program] = found
  if (program === undefined) return [`${directory} has not been built: it has no ltp/fsstress. Run \`make\` in ${directory} first.`]
  const machine = await machineOf(files, `${directory}/${program}`)
  if (machine !== null && machine !== architecture) {
    return [`${directory} is built for ${machine}, and the guest is ${architecture}. Build it there: \`make -C ${directory} clean all\`.`]
  }
  const unlisted = await unlistedTests(files, directory, tests)
  if (unlisted.length === 0) return []
  const [is, them] = unlisted.length === 1 ? ['is', 'it'] : ['are', 'them']
  return [
    `${unlisted.join(', ')} ${is} in no group list, and \`check\` would not know ${them}. Run \`make\` in ${directory}, which writes the lists.`,
  ]
}

/** Null for what is no ELF file: a wrapper, a script. */
async function machineOf(files: TreeFiles, path: string): Promise<string | null> {
  const head = await files.readBytes(path, { offset: 0, length: 20 }).catch(() => new Uint8Array())
  if (head.length < 20 || head[0] !== 0x7f || head[1] !== 0x45) return null
  const isLittle = head[5] !== 2
  const number = isLittle ? (head[18] ?? 0) + 256 * (head[19] ?? 0) : (head[19] ?? 0) + 256 * (head[18] ?? 0)
  return MACHINES[number] ?? `another machine (ELF ${number})`
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
