import type { Share } from './shares.js'

/** What one shard takes of a share. */
export interface Part {
  readonly share: Share
  /** The first of its tests. */
  readonly from: number
  /** The first that is not. */
  readonly to: number
  readonly sections: number
}

/** How much is held back of what the shares hold. */
export interface HoldingBack {
  /** In standard deviations of what a share takes. */
  readonly deviations: number
  /** From 0 to 1: by what part one share holds back more than that, and another less. */
  readonly spread: number
  /** A guest and a start, in seconds: less than that is not worth a further shard. */
  readonly setup: number
}

const MOST_HELD_BACK = 0.6

/** The shards in the order they are to start: what each share begins with, longest first, then what is held back, longest first. */
export function partsOf(shares: readonly Share[], holding: HoldingBack): readonly Part[] {
  const firsts: Part[] = []
  const further: Part[] = []
  const last = Math.max(1, shares.length - 1)
  for (const [index, share] of shares.entries()) {
    const lean = 1 + holding.spread * ((2 * index) / last - 1)
    const held = Math.min(MOST_HELD_BACK * secondsBefore(share, share.tests.length), holding.deviations * lean * share.deviation)
    const [first, ...rest] = cutShare(share, held > holding.setup ? held : 0)
    if (first !== undefined) firsts.push(first)
    further.push(...rest)
  }
  return [...longestFirst(firsts, holding.setup), ...longestFirst(further, holding.setup)]
}

/** @param draw 0 for what is believed */
export function costOf({ share, from, to, sections }: Part, draw: number, setup: number): number {
  const sums = share.sums(draw)
  return (sums[to] ?? 0) - (sums[from] ?? 0) + sections * setup
}

function longestFirst(parts: readonly Part[], setup: number): readonly Part[] {
  const seconds = new Map(parts.map((part) => [part, costOf(part, 0, setup)]))
  return [...parts].sort((left, right) => (seconds.get(right) ?? 0) - (seconds.get(left) ?? 0))
}

/** Of what is held back each further part has half of what the one before has. @param held in seconds; 0: it stays whole */
function cutShare(share: Share, held: number): readonly Part[] {
  const { tests, boundaries, parts } = share
  const cuts = boundaries.length > 0 ? parts : parts - 1
  const total = secondsBefore(share, tests.length)
  const wanted = Array.from({ length: held > 0 ? cuts : 0 }, (_, cut) =>
    placeAt(share, total - (held * (2 ** (cuts - cut) - 1)) / (2 ** cuts - 1)),
  )
  const places = [...new Set([0, ...atBoundary(share, wanted), tests.length])].sort((left, right) => left - right)
  return places.slice(0, -1).map((from, index) => {
    const to = places[index + 1] ?? tests.length
    return { share, from, to, sections: 1 + boundaries.filter((place) => place > from && place < to).length }
  })
}

/** Of a share with several sections the cut that is nearest to where one ends is put there. */
function atBoundary(share: Share, cuts: readonly number[]): readonly number[] {
  const pairs = cuts.flatMap((cut) =>
    share.boundaries.map((boundary) => ({ cut, boundary, apart: Math.abs(secondsBefore(share, boundary) - secondsBefore(share, cut)) })),
  )
  if (pairs.length === 0) return cuts
  const nearest = pairs.reduce((best, pair) => (pair.apart < best.apart ? pair : best))
  return cuts.map((cut) => (cut === nearest.cut ? nearest.boundary : cut))
}

function secondsBefore(share: Share, place: number): number {
  return share.sums(0)[place] ?? 0
}

/** The first place before which there are so many seconds. */
function placeAt(share: Share, seconds: number): number {
  let low = 0
  let high = share.tests.length
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (secondsBefore(share, middle) < seconds) low = middle + 1
    else high = middle
  }
  return low
}
