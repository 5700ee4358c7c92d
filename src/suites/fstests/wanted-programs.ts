import type { Files } from '../../ports/index.js'
import { isTestId } from './test-name.js'

type TreeFiles = Pick<Files, 'list' | 'readText' | 'stat'>

/** A program fstests looks for, and the tests that decline (`notrun`) where it is missing: DIRECTORY/NNN, sorted. */
export interface WantedProgram {
  readonly program: string
  readonly tests: readonly string[]
}

/** `export XFS_IO_PROG="$(type -P xfs_io)"`, or by the helper that adds mkfs' options (fstests' common/config). */
const ASSIGNMENT = /^\s*(?:export\s+)?(\w+)=.*\$\((type -P|set_mkfs_prog_path_with_opts)\s+"?([\w.+-]+)"?\)/
const FUNCTION = /^(?:function\s+)?(\w+)\s*\(\)/
const REQUIREMENT = /\b(_require_\w+)\b/g
const VARIABLE = /\$\{?(\w+_PROG)\b/g
const BY_NAME = /\b_require_program\s+"?([\w.+-]+)"?/g

/** Files read at once: a tree has over two thousand tests. */
const READS_AT_ONCE = 32

/** What one piece of shell asks for at its own level: programs, and functions that ask for more. */
interface Asked {
  readonly programs: ReadonlySet<string>
  readonly functions: ReadonlySet<string>
}

/**
 * The programs that an fstests tree looks for, each with the tests that need it: those that call `_require_command` (common/rc)
 * for it, or a `_require_…` function of common/ that does so in any case. What a function asks for under a condition (`if`, `case`)
 * is not counted, so a file system's own needs can be more. A tree of fstests' form without common/config names no programs.
 */
export async function readWantedPrograms(files: TreeFiles, directory: string): Promise<readonly WantedProgram[]> {
  const config = `${directory}/common/config`
  if ((await files.stat(config)) === null) return []
  const variables = programVariables(await files.readText(config))
  const functions = new Map<string, Asked>()
  for (const name of await files.list(`${directory}/common`)) {
    if ((await files.stat(`${directory}/common/${name}`))?.kind !== 'file') continue
    const text = await files.readText(`${directory}/common/${name}`)
    for (const [named, body] of shellFunctions(text)) functions.set(named, asked(body, variables))
  }
  const tests = new Map<string, string[]>([...variables.values()].map((program) => [program, []]))
  for (const [name, text] of await readTests(files, directory)) {
    for (const program of needs(asked(text.split('\n').filter(isTopLevel), variables), functions)) {
      const list = tests.get(program) ?? []
      list.push(name)
      tests.set(program, list)
    }
  }
  return [...tests]
    .map(([program, names]) => ({ program, tests: names.sort() }))
    .sort((left, right) => (left.program < right.program ? -1 : 1))
}

/** `XFS_IO_PROG` → `xfs_io`. */
function programVariables(config: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const line of config.split('\n')) {
    const [, variable, how, name] = ASSIGNMENT.exec(line) ?? []
    if (variable === undefined || name === undefined) continue
    const program = how === 'type -P' ? name : `mkfs.${name}`
    // `XFSDUMP_PROG="$__XFSDUMP_PROG -e"`: what tests ask for is the name without underscores.
    found.set(variable.replace(/^_+/, ''), program)
  }
  return found
}

/** Functions of a file of common/ with the lines of their bodies' first level: fstests indents by one tab. */
function shellFunctions(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  let body: string[] | null = null
  for (const line of text.split('\n')) {
    const name = FUNCTION.exec(line)?.[1]
    if (name !== undefined) {
      body = []
      found.set(name, body)
    } else if (line.startsWith('}')) body = null
    else if (body !== null && /^(\t| {4}| {8})\S/.test(line)) body.push(line)
  }
  return found
}

const isTopLevel = (line: string): boolean => /^\S/.test(line)

function asked(lines: readonly string[], variables: ReadonlyMap<string, string>): Asked {
  const programs = new Set<string>()
  const functions = new Set<string>()
  for (const line of lines) {
    if (line.trimStart().startsWith('#')) continue
    // `_require_command "$X_PROG"`, or `[ -n "$X_PROG" ] || _notrun …`.
    if (line.includes('_require_command') || line.includes('_notrun')) {
      for (const [, variable = ''] of line.matchAll(VARIABLE)) {
        const program = variables.get(variable)
        if (program !== undefined) programs.add(program)
      }
    }
    for (const [, program = ''] of line.matchAll(BY_NAME)) programs.add(program)
    for (const [, name = ''] of line.matchAll(REQUIREMENT)) functions.add(name)
  }
  return { programs, functions }
}

/** What is asked for, directly and through functions. */
function needs(start: Asked, functions: ReadonlyMap<string, Asked>): ReadonlySet<string> {
  const programs = new Set(start.programs)
  const seen = new Set(start.functions)
  for (const name of seen) {
    const more = functions.get(name)
    for (const program of more?.programs ?? []) programs.add(program)
    for (const other of more?.functions ?? []) seen.add(other)
  }
  return programs
}

async function readTests(files: TreeFiles, directory: string): Promise<ReadonlyMap<string, string>> {
  const names: string[] = []
  for (const below of await files.list(`${directory}/tests`)) {
    if ((await files.stat(`${directory}/tests/${below}`))?.kind !== 'directory') continue
    for (const id of await files.list(`${directory}/tests/${below}`)) if (isTestId(id)) names.push(`${below}/${id}`)
  }
  const texts = new Map<string, string>()
  for (let index = 0; index < names.length; index += READS_AT_ONCE) {
    const some = names.slice(index, index + READS_AT_ONCE)
    const read = await Promise.all(some.map((name) => files.readText(`${directory}/tests/${name}`)))
    for (const [at, name] of some.entries()) texts.set(name, read[at] ?? '')
  }
  return texts
}
