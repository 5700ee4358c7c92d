import { UserError } from '../../domain/errors.js'

/** A line of kselftest-list.txt. */
export interface ListedTest {
  /** A directory below the installed tree; can have slashes (`net/forwarding`). */
  readonly collection: string
  /** The program in it. */
  readonly program: string
  /** 1-based. */
  readonly line: number
}

const LISTED = /^([A-Za-z0-9_.+@-]+(?:\/[A-Za-z0-9_.+@-]+)*):([A-Za-z0-9_.+@-]+)$/

/** True for `COLLECTION:TEST` as kselftest-list.txt has it; neither part leads out of its directory. */
export function isKselftestName(name: string): boolean {
  const [collection = '', program = ''] = LISTED.exec(name)?.slice(1) ?? []
  return program !== '' && ![...collection.split('/'), program].some((part) => part === '.' || part === '..')
}

/**
 * Reads kselftest-list.txt, the plan of an installed kselftest. A line that stands there twice is one test.
 * @param path for the message
 * @throws UserError naming every line that is no test
 */
export function parseKselftestList(text: string, path: string): readonly ListedTest[] {
  const tests = new Map<string, ListedTest>()
  const odd: string[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '') continue
    const at = line.indexOf(':')
    if (!isKselftestName(line)) odd.push(`${index + 1}: ${line.slice(0, 100)}`)
    else if (!tests.has(line)) tests.set(line, { collection: line.slice(0, at), program: line.slice(at + 1), line: index + 1 })
  }
  if (odd.length > 0) {
    const shown = odd.slice(0, 5).join('; ') + (odd.length > 5 ? '; …' : '')
    throw new UserError(`${path} has lines that are not COLLECTION:TEST (${shown}).`, 'Install kselftest again, or take the lines out.')
  }
  return [...tests.values()]
}
