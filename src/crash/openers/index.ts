import type { ConsoleLine } from '../console-line.js'
import type { Opener } from '../opener.js'
import { faultOpeners } from './faults.js'
import { filesystemOpeners } from './filesystems.js'
import { lockOpeners } from './locks.js'
import { machineOpeners, programOpeners } from './machine.js'
import { memoryOpeners } from './memory.js'
import { stallOpeners } from './stalls.js'
import { unknownOpeners, warningOpeners } from './warnings.js'

/** Every sort of report, the particular before the general: the first that matches a line is it. */
export const OPENERS: readonly Opener[] = [
  ...memoryOpeners,
  ...faultOpeners,
  ...lockOpeners,
  ...stallOpeners,
  ...filesystemOpeners,
  ...machineOpeners,
  ...warningOpeners,
  ...unknownOpeners,
]

/** These, and what the kernel says of programs that died: not the kernel's fault, and worth telling with a test. */
export const OPENERS_AND_PROGRAMS: readonly Opener[] = [...OPENERS, ...programOpeners]

/** Escapes a literal for use inside a regular expression. */
const literally = (literal: string): string => literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
const hintScan = (openers: readonly Opener[]): RegExp =>
  new RegExp([...new Set(openers.map((opener) => opener.hint))].map(literally).join('|'), 'g')

/** What opened, and the groups its pattern found. */
export interface Opening {
  readonly opener: Opener
  readonly match: RegExpExecArray
}

/** A matcher over a list of openers; null for a line that opens nothing. */
export function openingMatcher(openers: readonly Opener[]): (line: ConsoleLine) => Opening | null {
  const candidates = candidateFinder(openers)
  return ({ text, context }) => {
    for (const opener of candidates(text)) {
      if (opener.stampedOnly === true && context === '') continue
      const match = opener.pattern.exec(text)
      if (match !== null && opener.unless?.test(text) !== true) return { opener, match }
    }
    return null
  }
}

/** The openers that share one hint, with their places in the list of all. */
interface Hinted {
  readonly hint: string
  readonly openers: Opener[]
  readonly places: number[]
}

/** Gives the openers whose hint a line contains, in their order: one pass over the line, however many openers there are. */
function candidateFinder(openers: readonly Opener[]): (text: string) => readonly Opener[] {
  const scan = hintScan(openers)
  const byInitial = hintsByInitial(openers)
  const inOrder = orderFinder(openers)
  return (text) => {
    const found: Hinted[] = []
    scan.lastIndex = 0
    // A hint can begin inside another, and several at one place: step by one, and try all with that initial.
    for (let match = scan.exec(text); match !== null; match = scan.exec(text)) {
      for (const hinted of byInitial.get(text.charAt(match.index)) ?? []) {
        if (text.startsWith(hinted.hint, match.index) && !found.includes(hinted)) found.push(hinted)
      }
      scan.lastIndex = match.index + 1
    }
    return found.length > 1 ? inOrder(found) : (found[0]?.openers ?? NONE)
  }
}

function hintsByInitial(openers: readonly Opener[]): ReadonlyMap<string, readonly Hinted[]> {
  const byHint = new Map<string, Hinted>()
  for (const [place, opener] of openers.entries()) {
    const hinted = byHint.get(opener.hint) ?? { hint: opener.hint, openers: [], places: [] }
    hinted.openers.push(opener)
    hinted.places.push(place)
    byHint.set(opener.hint, hinted)
  }
  const byInitial = new Map<string, Hinted[]>()
  for (const hinted of byHint.values()) {
    const initial = hinted.hint.charAt(0)
    byInitial.set(initial, [...(byInitial.get(initial) ?? []), hinted])
  }
  return byInitial
}

const NONE: readonly Opener[] = []

/** The openers of several hints, in their order: few sets of hints come again and again. */
function orderFinder(openers: readonly Opener[]): (found: readonly Hinted[]) => readonly Opener[] {
  const known = new Map<string, readonly Opener[]>()
  return (found) => {
    let key = ''
    for (const { places } of found) key += `${places[0]},`
    const cached = known.get(key)
    if (cached !== undefined) return cached
    const places = found.flatMap((hinted) => hinted.places).sort((a, b) => a - b)
    const ordered = places.flatMap((place) => openers[place] ?? [])
    // A line of hints in every order there is must not fill memory.
    if (known.size < MOST_SETS) known.set(key, ordered)
    return ordered
  }
}
const MOST_SETS = 1000
