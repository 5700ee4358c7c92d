import type { AcceleratorDecision } from '../domain/accelerator.js'
import type { KernelReport } from '../domain/kernel-report.js'
import type { Section } from '../domain/section.js'
import type { Built, BuiltSuite } from '../domain/stages.js'
import type { TestName } from '../domain/test.js'
import type { BatchRun, GuestRun, VmExit } from '../domain/vm-run.js'
import type { TestProgram } from './test-program.js'

/** What one guest is started with. It serves one section: its disks are that section's. */
export interface GuestOptions {
  /** 1-based, unique in the run. */
  readonly id: number
  readonly built: Built
  /** The suite the section is of. */
  readonly suite: BuiltSuite
  readonly section: Section
  readonly accelerator: AcceleratorDecision
  readonly memoryMiB: number
  readonly cpus: number
  /** Apply the measured emulation settings (norandmaps, CPU flags); only ever true under tcg. */
  readonly emulationTuning: boolean
  /** The run's directory; everything the guest leaves goes below `guests/ID`. */
  readonly runDirectory: string
  /** Where the sparse disks go: the file system with room. */
  readonly diskDirectory: string
  /** Further kernel command-line words. */
  readonly kernelArguments?: readonly string[]
  /** Keep the disks when the guest ends. */
  readonly keep: boolean
  /** When the guest panics or hangs, its memory is dumped into this file before QEMU ends. */
  readonly dumpPath?: string
  /** Whether a guest that this happened to is dumped; absent: each is. */
  readonly takesDump?: (what: string) => boolean
  /** The dump is written, whole. */
  readonly onDumped?: () => void
}

/** Work for a guest: tests of its section, run by the suite's own runner or each as a program of its own. */
export interface GuestBatch {
  /** 1-based within the guest. */
  readonly id: number
  readonly tests: readonly TestName[]
  /** Variables for the suite, on top of the section's. `@ROLE@` stands for the device of that disk role. */
  readonly environment: Readonly<Record<string, string>>
  /** Arguments of the suite's runner. */
  readonly arguments: readonly string[]
  /** Where the suite has no runner: one program for each test, in order. Environment and arguments are then theirs. */
  readonly programs?: readonly TestProgram[]
}

/** What happens in a guest, in order; `exit` is the last. */
export type GuestEvent =
  /** The kernel printed its first byte. */
  | { readonly kind: 'kernel' }
  | { readonly kind: 'init' }
  /** The agent wants work. */
  | { readonly kind: 'ready'; readonly release: string }
  /** The guest cannot run the section, in the agent's words (`describeRefusal`). */
  | { readonly kind: 'cannot'; readonly words: string }
  | { readonly kind: 'test-start'; readonly name: TestName }
  /** The suite ended the test and its files are on the host. The status is the suite's word, for progress only. */
  | { readonly kind: 'test-end'; readonly name: TestName; readonly status: string; readonly seconds: number | null }
  /** How a test went, where its end was told before that was known. */
  | { readonly kind: 'test-word'; readonly name: TestName; readonly status: string }
  | { readonly kind: 'batch-end'; readonly batch: BatchRun }
  | { readonly kind: 'report'; readonly report: KernelReport }
  | { readonly kind: 'exit'; readonly exit: VmExit; readonly guest: GuestRun; readonly batch: BatchRun | null }

/** A running guest. */
export interface Guest {
  readonly id: number
  /** Yields each event once; ends after `exit`. */
  events(): AsyncIterable<GuestEvent>
  /** Hands over a batch; the guest must be ready. */
  run(batch: GuestBatch): Promise<void>
  /**
   * Takes tests out of the batch that runs: where the guest comes to one of them, its batch ends there, before it starts.
   * @returns those that it had not started, and will not
   */
  withdraw(tests: readonly TestName[]): readonly TestName[]
  /** No more work: the guest powers off. */
  finish(): Promise<void>
  /** Before ending a stuck guest: sysrq-w, -l and -t into the console, a QMP view of the CPUs beside it. Bounded in time. */
  diagnose(reason: string): Promise<void>
  /** Ends QEMU at once, keeping what has arrived; `exit` follows with this cause. */
  stop(exit: VmExit): Promise<void>
}

/** Starts QEMU. @throws UserError (`could-not-test`) when QEMU cannot be started at all */
export type StartGuest = (options: GuestOptions) => Promise<Guest>
