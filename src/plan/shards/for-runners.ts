import { balanceLoads, byLength, lowerBound, sectionOf, toShard } from './balance.js'
import { MOST_SHARDS } from './count.js'
import { costOf, type Part, partsOf } from './cuts.js'
import { DRAWS } from './off-times.js'
import type { FixedCost, Shard, TimedTest } from './shard.js'
import { plainShares, rememberedTimes, sharesOf } from './shares.js'

/** Further shards cost guests: where the whole would end so much after the bound by the plan's own times, they are not taken. */
const MOST_OVER_BOUND = 1.049
/** Guests a share costs in the mean. */
const LEVELS = [1.25, 1.5, 1.625, 1.75, 1.875, 2, 2.25, 2.5, 2.75, 3, 4]
/** How much is held back, in standard deviations of what a share takes. */
const HELD_BACK = [0.5, 1, 1.5, 2, 2.5, 3]
/** By what part one share holds back more, and another less. */
const SPREADS = [0, 0.3, 0.6]
/** All plans are tried with so many draws of times that are off, and the best so many of them with all. */
const FEW_DRAWS = 9
const LOOKED_AT = 12

type Plan = readonly Part[]

/**
 * The shards for so many runners at once, in the order they are to start: the job queue gives the next one to whoever is free.
 *
 * Times are off, and of many runners one has all the long ones. So a runner's even share is cut: the long tests come first, and what is
 * held back comes after all of those, in ever smaller shards, the longest to those whose first was shorter than believed (factoring: Hummel,
 * Schonberg, Flynn 1992). By the plan's own times everybody gets as much as without cuts, and some guests more. How often it pays to cut and
 * where depends on the tests: of the plans that end in time by their own times, the one is taken that ends earliest where each test takes
 * between half and twice of what is believed.
 */
export function shardsForRunners(tests: readonly TimedTest[], fixed: FixedCost, runners: number): readonly Shard[] {
  const sorted = [...tests].sort(byLength)
  const loads = [...balanceLoads(sorted, fixed, runners)].sort((left, right) => right.seconds - left.seconds)
  if (runners === 1 || sorted.length <= runners) return loads.map(toShard)
  const setup = fixed.guestSeconds + fixed.startSeconds
  const on = { setup, runners }
  const times = rememberedTimes()
  const latest = MOST_OVER_BOUND * lowerBound(sorted, fixed, runners)
  const plain = plainShares(loads, times)
  const whole = partsOf(plain, { setup, deviations: 0, spread: 0 })
  const inTime = [plain, ...LEVELS.map((level) => sharesOf(loads, { setup, level, times }))]
    .flatMap((shares) => HELD_BACK.flatMap((deviations) => SPREADS.map((spread) => partsOf(shares, { setup, deviations, spread }))))
    .filter((parts) => parts.length <= MOST_SHARDS && endOfDraw(parts, 0, on) <= latest)
  const best = earliest(earliest([whole, ...inTime], FEW_DRAWS, on).slice(0, LOOKED_AT), DRAWS, on)[0] ?? whole
  return best.map((part) => {
    const own = part.share.tests.slice(part.from, part.to)
    return toShard({ tests: own, sections: new Set(own.map(sectionOf)), seconds: costOf(part, 0, setup) })
  })
}

interface Runners {
  /** A guest and a start, in seconds. */
  readonly setup: number
  readonly runners: number
}

/** Those first whose last runner ends first with times that are off. */
function earliest(plans: readonly Plan[], draws: number, on: Runners): readonly Plan[] {
  const ends = new Map(plans.map((parts) => [parts, endOff(parts, draws, on)]))
  return [...plans].sort((left, right) => (ends.get(left) ?? 0) - (ends.get(right) ?? 0))
}

/** The mean of the middle third of the draws: luck moves it less than their median. */
function endOff(parts: Plan, draws: number, on: Runners): number {
  const ends = Array.from({ length: draws }, (_, draw) => endOfDraw(parts, draw + 1, on)).sort((left, right) => left - right)
  const middle = ends.slice(Math.floor(draws / 3), Math.ceil((2 * draws) / 3))
  return middle.reduce((sum, each) => sum + each, 0) / middle.length
}

function endOfDraw(parts: Plan, draw: number, { setup, runners }: Runners): number {
  return endOf(
    parts.map((part) => costOf(part, draw, setup)),
    runners,
  )
}

/**
 * When the last of the runners is free, in seconds: each shard, in order, falls to whoever is free first.
 * @param firstSlowerBy how many times longer everything takes on the first runner
 */
export function endOf(costs: readonly number[], runners: number, firstSlowerBy = 1): number {
  const free = new Float64Array(runners)
  for (const seconds of costs) {
    let next = 0
    for (let runner = 1; runner < runners; runner += 1) if ((free[runner] ?? 0) < (free[next] ?? 0)) next = runner
    free[next] = (free[next] ?? 0) + seconds * (next === 0 ? firstSlowerBy : 1)
  }
  return free.reduce((latest, each) => Math.max(latest, each), 0)
}
