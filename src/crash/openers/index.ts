import type { ConsoleLine } from '../console-line.js'
import type { Opener } from '../opener.js'
import { faultOpeners } from './faults.js'
import { filesystemOpeners } from './filesystems.js'
import { candidateFinder } from './hints.js'
import { lockOpeners } from './locks.js'
import { machineOpeners, programOpeners, runtimeOpeners } from './machine.js'
import { memoryOpeners } from './memory.js'
import { panicOpeners } from './panics.js'
import { stallOpeners } from './stalls.js'
import { unknownOpeners, warningOpeners } from './warnings.js'

/** Every sort of report, the particular before the general: the first that matches a line is it. */
export const OPENERS: readonly Opener[] = [
  ...memoryOpeners,
  ...faultOpeners,
  ...panicOpeners,
  ...lockOpeners,
  ...stallOpeners,
  ...filesystemOpeners,
  ...machineOpeners,
  ...runtimeOpeners,
  ...warningOpeners,
  ...unknownOpeners,
]

/** These, and what the kernel says of programs that died: not the kernel's fault, and worth telling with a test. */
export const OPENERS_AND_PROGRAMS: readonly Opener[] = [...OPENERS, ...programOpeners]

/** What opened, and the groups its pattern found: the same object for every line of the same text, as long as it is known. */
export interface Opening {
  readonly opener: Opener
  readonly match: RegExpExecArray
}

/** A matcher over a list of openers; null for a line that opens nothing. A kernel that reports without end says few lines again and again. */
export function openingMatcher(openers: readonly Opener[]): (line: ConsoleLine) => Opening | null {
  const candidates = candidateFinder(openers)
  const stamped = new Map<string, Opening>()
  const bare = new Map<string, Opening>()
  let last: Opening | null = null
  return (line) => {
    const known = line.context === '' ? bare : stamped
    // Asked first only where the line before opened too: nearly all lines open nothing.
    last = (last === null ? undefined : known.get(line.text)) ?? firstOpening(candidates(line.text), line, known)
    return last
  }
}

function firstOpening(openers: readonly Opener[], { text, context }: ConsoleLine, known: Map<string, Opening>): Opening | null {
  for (const opener of openers) {
    if (opener.stampedOnly === true && context === '') continue
    const match = opener.pattern.exec(text)
    if (match === null || opener.unless?.test(text) === true) continue
    if (known.size >= MOST_OPENINGS) known.clear()
    const opening = { opener, match }
    known.set(text, opening)
    return opening
  }
  return null
}
const MOST_OPENINGS = 500
