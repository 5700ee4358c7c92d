import { UserError } from '../../domain/errors.js'
import { programsOfCommand } from './command-words.js'

/** A line of a runtest file: `TAG COMMAND`. */
export interface RuntestLine {
  readonly tag: string
  /** As a shell reads it; can be a pipeline. */
  readonly command: string
  /** The programs the command starts: LTP's, and the guest's own (`echo "SUCCESS" | shell_pipe01.sh`, `cat x | grep y`). */
  readonly programs: readonly string[]
  /** 1-based. */
  readonly line: number
}

const FILE = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.:+@-]*$/

/** True for `FILE/TAG`. */
export function isLtpName(text: string): boolean {
  const at = text.indexOf('/')
  return at > 0 && FILE.test(text.slice(0, at)) && TAG.test(text.slice(at + 1))
}

/** True for the name of a runtest file. */
export function isRuntestFile(name: string): boolean {
  return FILE.test(name) && !['Makefile', 'CMakeLists.txt'].includes(name)
}

/**
 * Reads a runtest file. A tag is unique in its file; a line that stands there twice is one test.
 * @throws UserError for lines that are no `TAG COMMAND`, and a tag with two commands
 */
export function parseRuntest(text: string, path: string): readonly RuntestLine[] {
  const tests = new Map<string, RuntestLine>()
  const odd: string[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const [, tag = '', command = ''] = /^(\S+)\s+(\S.*)$/.exec(line) ?? []
    const known = tests.get(tag)
    if (!TAG.test(tag) || (known !== undefined && known.command !== command)) odd.push(`${index + 1}: ${line.slice(0, 100)}`)
    else if (known === undefined) tests.set(tag, { tag, command, programs: programsOfCommand(command), line: index + 1 })
  }
  if (odd.length === 0) return [...tests.values()]
  const shown = odd.slice(0, 5).join('; ') + (odd.length > 5 ? '; …' : '')
  throw new UserError(`${path} has lines that are no TAG COMMAND of their own (${shown}).`, 'Mend them, or install LTP again.')
}
