import type { Accelerator, AcceleratorDecision } from '../../domain/accelerator.js'
import type { SuiteScale } from '../../suites/suite.js'

/** How much slower than KVM an accelerator is taken to be, and what that rests on. */
export interface AcceleratorPace {
  readonly timeoutFactor: number
  readonly reason: string
}

/**
 * The factor every time limit is multiplied by. Under TCG test suites spend their time starting processes, and
 * 200 × `/bin/true` take 1.6 s (one vCPU, norandmaps, small kernel) to 8.4 s (distribution kernel, no tuning) in a guest
 * against 0.2 s on the host's processor: 8 to 42 times. Ten is a limit's factor, not an expectation: what a test really takes is learned.
 */
export const PACE: Readonly<Record<Accelerator, AcceleratorPace>> = {
  kvm: { timeoutFactor: 1, reason: 'the processor runs the guest' },
  tcg: { timeoutFactor: 10, reason: 'starting a process takes 8 to 42 times as long under emulation' },
}

/** SOAK_DURATION under emulation: long enough to run the load, short enough that 17 soak tests do not fill a run. */
const EMULATED_SOAK_SECONDS = 30

/**
 * The suite's own multipliers. TIME_FACTOR and LOAD_FACTOR of fstests *add* work (`nr_loops * TIME_FACTOR`, README: "increase the
 * amount of time"), take whole numbers, and are 1 by default: emulation keeps them at 1. Soak tests without SOAK_DURATION run a fixed
 * number of operations (generic/476: 25 000 a processor), which takes hours under emulation: there they get a duration instead.
 */
export function suiteScale(decision: AcceleratorDecision): SuiteScale {
  return { timeFactor: 1, loadFactor: 1, soakSeconds: decision.accelerator === 'tcg' ? EMULATED_SOAK_SECONDS : null }
}
