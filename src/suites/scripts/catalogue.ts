import { UserError } from '../../domain/errors.js'
import type { CatalogueTest } from '../../domain/test.js'
import type { Files } from '../../ports/index.js'
import { optionsOfConfig } from '../programs/config-file.js'
import { DEFAULT_LIMIT_SECONDS, limitOfSettings } from '../programs/settings.js'

type TreeFiles = Pick<Files, 'list' | 'readText' | 'readBytes' | 'realPath' | 'stat'>

/** Files beside the programs that are about them. */
const ABOUT = new Set(['list', 'settings', 'config'])
const EXECUTABLE = 0o111

/** What a directory's own files say about the programs in it and below it. */
interface DirectoryFacts {
  readonly limitSeconds: number
  readonly kernelOptions: readonly string[]
}

/** True for a path that stays below its directory, of printable characters. */
export function isScriptName(name: string): boolean {
  return name.split('/').every((part) => part !== '' && part !== '.' && part !== '..') && !/[\u0000-\u001f\u007f]/.test(name)
}

/**
 * Every test of a directory of one's own executables, with kselftest's conventions. A test's name is its path below the directory; its groups
 * are the directories it lies in. `settings` (`timeout=120`) and `config` (kernel options) hold for the programs beside them and below, until
 * another takes their place; `list`, beside the directory's programs, names those that are tests, one a line, in their order.
 * A link to a directory that it lies in itself is left out.
 * @throws UserError when the directory holds no test, when its list names what is no program, or when a program would be left out because it is
 * not executable or lies elsewhere
 */
export async function readScripts(files: TreeFiles, directory: string): Promise<readonly CatalogueTest[]> {
  const found = new Map<string, CatalogueTest>()
  const [scripts, outside]: [string[], string[]] = [[], []]
  const realRoot = await files.realPath(directory).catch(() => directory)
  const facts = { limitSeconds: DEFAULT_LIMIT_SECONDS, kernelOptions: [] }
  await walk({ files, root: directory, realRoot, found, scripts, outside }, '', facts)
  const list = (await isFile(files, `${directory}/list`)) ? await files.readText(`${directory}/list`) : null
  if (list !== null) return listed(list, `${directory}/list`, found)
  if (outside.length > 0) {
    throw new UserError(
      `The guest gets what lies in ${directory}, and these are links that lead out of it: ${firstOf(outside)}.`,
      `Copy what they lead to, or name the tests in ${directory}/list, one a line.`,
    )
  }
  if (scripts.length > 0) {
    throw new UserError(
      `${directory} has scripts that are not executable and would not run: ${firstOf(scripts)}.`,
      `Make them executable with \`chmod +x\`, or name the tests in ${directory}/list, one a line.`,
    )
  }
  if (found.size === 0) throw new UserError(`${directory} holds no executable file.`, 'Give a directory of programs that are tests.')
  return [...found.values()]
}

function firstOf(names: readonly string[]): string {
  return `${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`
}

interface Walk {
  readonly files: TreeFiles
  readonly root: string
  /** The same, without links. */
  readonly realRoot: string
  readonly found: Map<string, CatalogueTest>
  /** Those that begin with `#!` and are not executable. */
  readonly scripts: string[]
  /** Links to programs and directories that lie elsewhere. */
  readonly outside: string[]
}

async function walk(state: Walk, below: string, outer: DirectoryFacts): Promise<void> {
  const { files, root, realRoot, outside } = state
  const place = below === '' ? root : `${root}/${below}`
  const names = await files.list(place).catch((cause: unknown) => {
    throw new UserError(`${place} cannot be listed.`, 'Give a directory of programs that are tests.', { cause })
  })
  const facts = await factsOf(files, place, names, outer)
  for (const name of names) {
    if (name.startsWith('.') || ABOUT.has(name)) continue
    const path = below === '' ? name : `${below}/${name}`
    const entry = await entryOf(files, `${root}/${path}`)
    if (entry === null || (entry.kind !== 'directory' && entry.kind !== 'file')) continue
    if (entry.target !== null && !isBelow(entry.target, realRoot)) {
      if (entry.kind === 'directory' || (entry.mode & EXECUTABLE) !== 0) outside.push(path)
    } else if (entry.kind === 'file') await takeFile(state, path, entry.mode, facts)
    else if (entry.target === null || !isBelow(await files.realPath(place), entry.target)) await walk(state, path, facts)
  }
}

/** True for a path in a directory, or the directory itself; both without links. */
function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`)
}

async function takeFile({ files, root, found, scripts }: Walk, path: string, mode: number, facts: DirectoryFacts): Promise<void> {
  if ((mode & EXECUTABLE) === 0) {
    const start = await files.readBytes(`${root}/${path}`, { offset: 0, length: 2 })
    if (start[0] === 0x23 && start[1] === 0x21) scripts.push(path)
    return
  }
  if (!isScriptName(path)) {
    throw new UserError(`${JSON.stringify(path)} in ${root} has control characters in its name.`, 'Give it another name.')
  }
  const parts = path.split('/')
  found.set(path, {
    name: path,
    groups: parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/')),
    file: path,
    line: 1,
    limitSeconds: facts.limitSeconds,
    ...(facts.kernelOptions.length === 0 ? {} : { needs: { kernelOptions: [...facts.kernelOptions] } }),
  })
}

async function factsOf(files: TreeFiles, place: string, names: readonly string[], outer: DirectoryFacts): Promise<DirectoryFacts> {
  const read = async (name: string) =>
    names.includes(name) && (await isFile(files, `${place}/${name}`)) ? files.readText(`${place}/${name}`) : null
  const [settings, config] = [await read('settings'), await read('config')]
  return {
    limitSeconds: settings === null ? outer.limitSeconds : limitOfSettings(settings, `${place}/settings`),
    kernelOptions: config === null ? outer.kernelOptions : [...new Set([...outer.kernelOptions, ...optionsOfConfig(config)])],
  }
}

function listed(text: string, path: string, found: ReadonlyMap<string, CatalogueTest>): readonly CatalogueTest[] {
  const names = text
    .split('\n')
    .map((line) => (line.split(/(?:^|\s)#/, 1)[0] ?? '').trim())
    .filter((name) => name !== '')
  const unknown = names.filter((name) => !found.has(name))
  if (unknown.length > 0) {
    throw new UserError(
      `${path} names what is no executable file beside it: ${unknown.join(', ')}.`,
      'Mend the list, or make them executable.',
    )
  }
  if (names.length === 0) throw new UserError(`${path} names no test.`, 'Name tests in it, one a line, or remove it.')
  return [...new Set(names)].flatMap((name) => found.get(name) ?? [])
}

async function isFile(files: TreeFiles, path: string): Promise<boolean> {
  return (await entryOf(files, path))?.kind === 'file'
}

/** What a path leads to, and, where it is a link, to which place; null where it leads nowhere. */
async function entryOf(files: TreeFiles, path: string) {
  const entry = await files.stat(path)
  if (entry === null) return null
  if (entry.kind !== 'symlink') return { ...entry, target: null }
  const target = await files.realPath(path).catch(() => null)
  const found = target === null ? null : await files.stat(target)
  return found === null ? null : { ...found, target }
}
