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

/** How slow the guests are, for suites that make something of it. */
export function suiteScale({ accelerator, timeoutFactor }: AcceleratorDecision): SuiteScale {
  return { emulated: accelerator === 'tcg', timeoutFactor }
}
