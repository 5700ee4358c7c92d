import type { AcceleratorDecision } from '../../domain/accelerator.js'
import type { PlannedTest } from '../../domain/plan.js'
import type { Section } from '../../domain/section.js'
import type { Built, Progress } from '../../domain/stages.js'
import type { SuiteName } from '../../domain/test.js'
import type { Clock } from '../../ports/index.js'
import type { Suite, SuiteScale } from '../../suites/suite.js'
import type { StartGuest } from '../guest.js'
import type { TestHistory } from '../watchdog/index.js'

/** Everything a run of tests takes. */
export interface RunTestsOptions {
  readonly built: Built
  /** A suite by its name. */
  readonly suites: (name: SuiteName) => Suite
  readonly sections: readonly Section[]
  /** Expunged tests are left out by the caller; the order is the plan's. */
  readonly tests: readonly PlannedTest[]
  readonly accelerator: AcceleratorDecision
  readonly scale: SuiteScale
  readonly startGuest: StartGuest
  readonly clock: Clock
  readonly machine: GuestShape
  readonly emulationTuning: boolean
  readonly runDirectory: string
  readonly limits: RunLimits
  /** Aborted: everything stops within about three seconds and what there is is returned. */
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
  /**
   * Asked every few seconds and when a guest died: a trouble of this machine (a full disk), as a sentence, or null.
   * A trouble ends the run as "could not test": fresh guests would only die of the same.
   */
  readonly hostTrouble: () => Promise<string | null>
  readonly kernelArguments?: readonly string[]
  readonly keep: boolean
  /** Id of the first guest; default 1. A second call (reruns) goes on where the first ended. */
  readonly firstGuestId?: number
  /** Tests one guest may take before a fresh one goes on; default no bound. Reruns use 1. */
  readonly testsPerGuest?: number
}

/** What each guest gets, and how many there are at once. */
export interface GuestShape {
  readonly vms: number
  readonly memoryMiB: number
  readonly cpusPerVm: number
  readonly diskDirectory: string
}

export interface RunLimits {
  readonly history: TestHistory
  /** One test's limit, set by the user; null: learned. */
  readonly testTimeoutSeconds: number | null
  /** The debug kernel's factor (`debugKernel`), 1 for a plain one. */
  readonly debugFactor: number
  /** From now until the guests must have stopped (`guestSeconds`). */
  readonly runSeconds: number
}
