import type { Opener } from '../opener.js'

/** The openers that share one hint, with their places in the list of all. */
interface Hinted {
  readonly hint: string
  readonly openers: Opener[]
  readonly places: number[]
  /** Where in the hint the characters stand by which it is looked for. */
  readonly at: number
}

/** Some hints, all found in one line: the openers of all of them in their order, and which set it is with one hint more. */
interface HintSet {
  readonly hints: readonly Hinted[]
  readonly openers: readonly Opener[]
  readonly larger: Map<Hinted, HintSet>
}

/** Gives the openers whose hint a line contains, in their order: one pass over the line, however many openers there are. */
export function candidateFinder(openers: readonly Opener[]): (text: string) => readonly Opener[] {
  const hints = hintsByKey(openers)
  const isKey = Uint8Array.from({ length: KEYS }, (_, key) => (hints.has(key) ? 1 : 0))
  const withHint = setGrower(openers)
  return (text) => {
    let found = NOTHING
    let first = text.charCodeAt(0)
    let second = text.charCodeAt(1)
    for (let end = 2; end < text.length; end += 1) {
      const third = text.charCodeAt(end)
      const key = keyOf(first, second, third)
      first = second
      second = third
      if (isKey[key] === 0) continue
      for (const hinted of hints.get(key) ?? []) {
        if (standsAt(text, hinted.hint, end - 2 - hinted.at) && !found.hints.includes(hinted)) found = withHint(found, hinted)
      }
    }
    return found.openers
  }
}

/** As `startsWith`, in a third of its time where the first characters differ. */
function standsAt(text: string, hint: string, start: number): boolean {
  if (start < 0 || start + hint.length > text.length) return false
  for (let at = 0; at < hint.length; at += 1) if (text.charCodeAt(start + at) !== hint.charCodeAt(at)) return false
  return true
}

const KEYS = 1 << 15
/** A number for three characters, the same for few others. */
const keyOf = (first: number, second: number, third: number): number => ((first << 10) ^ (second << 5) ^ third) & (KEYS - 1)

/** Each hint by three of its characters, such as few lines hold; one of two by these with any behind them. */
function hintsByKey(openers: readonly Opener[]): ReadonlyMap<number, readonly Hinted[]> {
  const byHint = new Map<string, Hinted>()
  for (const [place, opener] of openers.entries()) {
    const hinted = byHint.get(opener.hint) ?? { hint: opener.hint, at: rarestIn(opener.hint), openers: [], places: [] }
    hinted.openers.push(opener)
    hinted.places.push(place)
    byHint.set(opener.hint, hinted)
  }
  const byKey = new Map<number, Hinted[]>()
  for (const hinted of byHint.values()) {
    const [first = 0, second = 0, third] = [0, 1, 2].map((offset) => hinted.hint.charCodeAt(hinted.at + offset))
    const thirds = Number.isNaN(third) ? Array.from({ length: 0x7f }, (_, code) => code) : [third ?? 0]
    for (const key of new Set(thirds.map((code) => keyOf(first, second, code)))) byKey.set(key, [...(byKey.get(key) ?? []), hinted])
  }
  return byKey
}

/** Where the three characters stand that are the least like running text, in which letters and `: ` are common. */
function rarestIn(hint: string): number {
  const commonness = (char: string) => ('etaoinsr: '.includes(char) ? 4 : /[a-z\d-]/.test(char) ? 2 : 1)
  let best = 0
  let least = Number.POSITIVE_INFINITY
  for (let at = 0; at + 2 < hint.length; at += 1) {
    const common = [...hint.slice(at, at + 3)].reduce((product, char) => product * commonness(char), 1)
    if (common < least) [best, least] = [at, common]
  }
  return best
}

const NOTHING: HintSet = { hints: [], openers: [], larger: new Map() }

/** Adds a hint to a set: few sets come, again and again. */
function setGrower(openers: readonly Opener[]): (set: HintSet, hinted: Hinted) => HintSet {
  const firsts = new Map<Hinted, HintSet>()
  let known = 0
  return (set, hinted) => {
    const larger = set === NOTHING ? firsts : set.larger
    const cached = larger.get(hinted)
    if (cached !== undefined) return cached
    const hints = [...set.hints, hinted]
    const places = hints.flatMap((each) => each.places).sort((a, b) => a - b)
    const grown = { hints, openers: places.flatMap((place) => openers[place] ?? []), larger: new Map() }
    // A line of hints in every order there is must not fill memory.
    if (known < MOST_SETS) larger.set(hinted, grown)
    known += 1
    return grown
  }
}
const MOST_SETS = 1000
