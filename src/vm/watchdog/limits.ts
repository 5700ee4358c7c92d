import type { VmBundle } from '../../domain/bundle.js'
import type { Catalogue, TestId } from '../../domain/test.js'
import type { TimeTable } from './history.js'

/** A limit and the words for "why so long". */
export interface Limit {
  readonly seconds: number
  readonly reason: string
  /** What is given beyond that for work that is not the test's: what its runner does behind it. */
  readonly graceSeconds?: number
}

export interface LimitOptions {
  readonly times: TimeTable
  /** What the suites know of their tests. */
  readonly catalogues: readonly Catalogue[]
  /** The accelerator's factor and the debug kernel's. */
  readonly timeoutFactor: number
  readonly debugFactor: number
  /** What the test's suite adds because of its tuning; not scaled. */
  readonly extraSeconds: (test: TestId) => number
  /** A limit the user set; it overrides every rule and is not scaled. */
  readonly fixedSeconds: number | null
  /** What the whole run has. */
  readonly runSeconds: number
}

/** Known times above this count ten times over; below it the floor is the better limit. */
const SHORT_SECONDS = 30
const KNOWN_MULTIPLE = 10
const FLOOR_SECONDS = 5 * 60
const UNKNOWN_SECONDS = 60 * 60
/**
 * A quick test takes less than 30 s by its suite's own words; on a slow disk, or emulated, that can be five minutes. A hang in one of them
 * must not cost an hour.
 */
const QUICK_SECONDS = { fast: 5 * 60, emulated: 30 * 60 }
/** A suite's own limit is for a fast machine without anything else to do. */
const SUITE_MULTIPLE = 2
/** `check` unmounts, checks both file systems and reads the kernel's log behind each test. */
const AFTERMATH_SECONDS = 5
/** A test without history may not eat the whole run: with one hang the other tests still get the rest. */
const UNKNOWN_SHARE = 0.5

/**
 * How long a test may run: ten times its known time where that is above 30 s, else five minutes, plus what the suite's tuning adds, scaled by accelerator
 * and debug kernel, except that a time measured under this accelerator is slow already (the thresholds of kdevops' watchdog). Without
 * history: five minutes for a test of group quick, thirty under emulation; what the suite gives it; else an hour.
 */
export function testLimit(test: TestId, options: LimitOptions): Limit {
  const graceSeconds = AFTERMATH_SECONDS * options.timeoutFactor * options.debugFactor
  return { ...ownLimit(test, options), graceSeconds }
}

function ownLimit(test: TestId, options: LimitOptions): Limit {
  if (options.fixedSeconds !== null) return { seconds: options.fixedSeconds, reason: 'set by test-timeout' }
  const known = options.times.known(test)
  const extra = options.extraSeconds(test)
  const scale = options.timeoutFactor * options.debugFactor
  if (known === null) return withinRun(limitWithoutHistory(test, options), options)
  const factor = known.foreign ? scale : 1
  const longest = known.longestSeconds
  const base = longest > SHORT_SECONDS ? KNOWN_MULTIPLE * longest : FLOOR_SECONDS
  const scaled = factor === 1 ? '' : ` × ${factor}`
  return { seconds: base * factor + extra, reason: `took ${Math.round(longest)} s before${scaled}` }
}

function limitWithoutHistory(test: TestId, options: LimitOptions): Limit {
  const { suite, name } = test
  const { catalogues, timeoutFactor, debugFactor } = options
  const known = catalogues.find((catalogue) => catalogue.suite === suite)?.tests.find((each) => each.name === name)
  const extra = options.extraSeconds(test)
  if (known?.groups.includes('quick') === true) {
    const seconds = timeoutFactor > 1 ? QUICK_SECONDS.emulated : QUICK_SECONDS.fast
    return { seconds: seconds + extra, reason: 'no history, group quick' }
  }
  const scale = timeoutFactor * debugFactor
  if (known?.limitSeconds !== undefined && known.limitSeconds > 0)
    return {
      seconds: known.limitSeconds * SUITE_MULTIPLE * scale + extra,
      reason: `no history, its suite gives it ${known.limitSeconds} s`,
    }
  return { seconds: UNKNOWN_SECONDS * scale + extra, reason: 'no history' }
}

/** With one hang the other tests still get the rest. */
function withinRun(limit: Limit, { runSeconds }: LimitOptions): Limit {
  const most = runSeconds * UNKNOWN_SHARE
  return limit.seconds <= most ? limit : { seconds: most, reason: "no history, half of the run's time" }
}

/** Between two tests, and between a batch and its first test: what the suite does there and its own start. */
export function gapLimit(options: Pick<LimitOptions, 'timeoutFactor' | 'debugFactor'>): Limit {
  return { seconds: FLOOR_SECONDS * options.timeoutFactor * options.debugFactor, reason: 'nothing happened between two tests' }
}

/** A minimal guest is ready in 1 to 2 s under KVM and 4 to 14 s under emulation on a busy machine; systemd takes ten times that. */
const BOOT_SECONDS: Readonly<Record<VmBundle['kind'], number>> = { minimal: 30, nixos: 120 }

/** From QEMU's start to the agent's "ready". */
export function bootLimit(
  { kind, bootSeconds }: Pick<VmBundle, 'kind' | 'bootSeconds'>,
  options: Pick<LimitOptions, 'timeoutFactor' | 'debugFactor'>,
): Limit {
  const seconds = (bootSeconds ?? BOOT_SECONDS[kind]) * options.timeoutFactor * options.debugFactor
  return { seconds, reason: bootSeconds === undefined ? `a ${kind} guest boots in far less` : `the bundle gives it ${bootSeconds} s` }
}

/** A whole system runs its closing hook first. */
const LEAVE_SECONDS: Readonly<Record<VmBundle['kind'], number>> = { minimal: 10, nixos: 60 }

/** From "no more work" to QEMU's end. */
export function leaveLimit(kind: VmBundle['kind'], options: Pick<LimitOptions, 'timeoutFactor'>): Limit {
  return { seconds: LEAVE_SECONDS[kind] * options.timeoutFactor, reason: 'nothing was left to do' }
}

const RESERVE_SHARE = 0.05
const SMALLEST_RESERVE_SECONDS = 20
const LARGEST_RESERVE_SECONDS = 300

/**
 * What is left for the guests: the run's time, less what went by, less what reading, reporting and uploading will take.
 * Never more than half of the time is held back, so that a very short run still runs something.
 */
export function guestSeconds(run: { readonly timeoutMinutes: number; readonly elapsedSeconds: number }): number {
  const total = run.timeoutMinutes * 60
  const reserve = Math.min(Math.max(total * RESERVE_SHARE, SMALLEST_RESERVE_SECONDS), LARGEST_RESERVE_SECONDS, total / 2)
  return Math.max(0, total - reserve - run.elapsedSeconds)
}
