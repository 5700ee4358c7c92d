import type { Verdict } from './decide.js'

/** Commits between a good and a bad one, the bad one among them: parents before children. */
export interface Span {
  readonly commits: readonly string[]
  /** Of each commit, its parents among these. */
  readonly parents: ReadonlyMap<string, readonly string[]>
}

/** What is known so far, by commit. */
export type Outcomes = ReadonlyMap<string, Verdict>

/** A commit for one runner, and the ones next to it that it tries where that one cannot be tested. */
export interface Trial {
  readonly commit: string
  readonly substitutes: readonly string[]
}

export type NextRound =
  | { readonly kind: 'round'; readonly picks: readonly Trial[] }
  | { readonly kind: 'found'; readonly commit: string }
  /** Only commits that cannot be tested are left: the culprit is one of these. */
  | { readonly kind: 'inconclusive'; readonly commits: readonly string[] }

/** Further commits one runner tries in a round, at most. */
const MOST_SUBSTITUTES = 3

/**
 * The commits to try at once: `runners` of them cut what is left into so many parts and one more, so that a round leaves a part. A bad
 * commit's descendants are out, as are a good one's ancestors: with merges too, as `git bisect` has it. Pure: the same outcomes give the
 * same round, on every machine.
 */
export function nextRound(span: Span, outcomes: Outcomes, runners: number): NextRound {
  const left = candidates(span, outcomes)
  const tip = left.at(-1)
  if (tip === undefined) return { kind: 'inconclusive', commits: [] }
  if (left.length === 1) return { kind: 'found', commit: tip }
  const open = left.slice(0, -1).filter((commit) => !outcomes.has(commit))
  if (open.length === 0) return { kind: 'inconclusive', commits: left }
  return { kind: 'round', picks: spread(left, new Set(open), runners) }
}

/** What may be the first bad commit, parents before children; the last of them is bad. */
export function candidates({ commits, parents }: Span, outcomes: Outcomes): readonly string[] {
  let left = [...commits]
  for (const [commit, verdict] of outcomes) {
    if (verdict === 'skip' || !commits.includes(commit)) continue
    const own = ancestors(commit, parents)
    if (verdict === 'good') left = left.filter((each) => !own.has(each))
    else left = left.filter((each) => own.has(each))
  }
  return left
}

/** A commit and all it is made of. */
function ancestors(commit: string, parents: Span['parents']): ReadonlySet<string> {
  const found = new Set([commit])
  const open = [commit]
  for (let each = open.pop(); each !== undefined; each = open.pop()) {
    for (const parent of parents.get(each) ?? []) {
      if (found.has(parent)) continue
      found.add(parent)
      open.push(parent)
    }
  }
  return found
}

/** Commits at even distances. One that cannot be tested gives way to the nearest that may. */
function spread(left: readonly string[], open: ReadonlySet<string>, runners: number): readonly Trial[] {
  const count = Math.min(runners, open.size)
  const taken = new Set<number>()
  for (let index = 1; index <= count; index += 1) {
    const wanted = Math.round((index * left.length) / (count + 1)) - 1
    const near = byDistance(wanted, left.length).find((at) => open.has(left[at] ?? '') && !taken.has(at))
    if (near !== undefined) taken.add(near)
  }
  const places = [...taken].sort((a, b) => a - b)
  return places.map((place, index) => {
    // No farther than half of the way to the next runner's commit: no two try the same one.
    const low = index === 0 ? 0 : Math.floor(((places[index - 1] ?? 0) + place) / 2) + 1
    const high = index === places.length - 1 ? left.length - 2 : Math.floor((place + (places[index + 1] ?? 0)) / 2)
    const around = byDistance(place, left.length).filter((at) => at >= low && at <= high && at !== place && open.has(left[at] ?? ''))
    return { commit: left[place] ?? '', substitutes: around.slice(0, MOST_SUBSTITUTES).map((at) => left[at] ?? '') }
  })
}

function byDistance(place: number, length: number): readonly number[] {
  return Array.from({ length }, (_, index) => index).sort((a, b) => Math.abs(a - place) - Math.abs(b - place) || a - b)
}
