import type { ConsoleLine } from '../console-line.js'
import type { Opener } from '../opener.js'
import { faultOpeners } from './faults.js'
import { filesystemOpeners } from './filesystems.js'
import { lockOpeners } from './locks.js'
import { machineOpeners, programOpeners, runtimeOpeners } from './machine.js'
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
  ...runtimeOpeners,
  ...warningOpeners,
  ...unknownOpeners,
]

/** These, and what the kernel says of programs that died: not the kernel's fault, and worth telling with a test. */
export const OPENERS_AND_PROGRAMS: readonly Opener[] = [...OPENERS, ...programOpeners]

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
  const byPair = hintsByPair(openers)
  const begins = Uint8Array.from({ length: PAIRS }, (_, pair) => (byPair.has(pair) ? 1 : 0))
  const inOrder = orderFinder(openers)
  return (text) => {
    const found: Hinted[] = []
    let first = text.charCodeAt(0)
    for (let at = 1; at < text.length; at += 1) {
      const second = text.charCodeAt(at)
      const pair = pairOf(first, second)
      first = second
      if (begins[pair] === 0) continue
      for (const hinted of byPair.get(pair) ?? []) if (text.startsWith(hinted.hint, at - 1) && !found.includes(hinted)) found.push(hinted)
    }
    return found.length > 1 ? inOrder(found) : (found[0]?.openers ?? NONE)
  }
}

/** A number for two characters; characters beyond ASCII share those of others. */
const pairOf = (first: number, second: number): number => ((first & 0x7f) << 7) | (second & 0x7f)

const PAIRS = 1 << 14

/** Hints by the number of their first two characters. */
function hintsByPair(openers: readonly Opener[]): ReadonlyMap<number, readonly Hinted[]> {
  const byHint = new Map<string, Hinted>()
  for (const [place, opener] of openers.entries()) {
    const hinted = byHint.get(opener.hint) ?? { hint: opener.hint, openers: [], places: [] }
    hinted.openers.push(opener)
    hinted.places.push(place)
    byHint.set(opener.hint, hinted)
  }
  const byPair = new Map<number, Hinted[]>()
  for (const hinted of byHint.values()) {
    const pair = pairOf(hinted.hint.charCodeAt(0), hinted.hint.charCodeAt(1))
    byPair.set(pair, [...(byPair.get(pair) ?? []), hinted])
  }
  return byPair
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
