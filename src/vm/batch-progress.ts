import type { SuiteName } from '../domain/test.js'
import type { BatchRun, VmExit } from '../domain/vm-run.js'
import type { ProgressParser, SuiteProgress } from '../suites/suite.js'
import type { GuestBatch, GuestEvent } from './guest.js'

type TestWord = Extract<GuestEvent, { kind: 'test-word' }>
type TestEnd = Extract<GuestEvent, { kind: 'test-end' }>

/** What is said of a test that has ended while its output is still on the way: the same as of a program whose status says no more. */
const ENDED = 'ended'

interface TimelineEntry {
  name: string
  startedAt: string
  endedAt: string | null
  seconds: number | null
}

/** How long a test's last line of output may lag behind the next test's start; they come on two channels. */
export const OUTPUT_LAG_SECONDS = 0.25

/** Starts that are believed, for each test of the batch: more than any suite makes of one, and a bound for a guest that says it for ever. */
const MOST_STARTS_OF_A_TEST = 100

/**
 * What is known of the batch that runs. Two channels tell it: the results channel says when a test starts (and then the one
 * before it has ended and its files are here), the suite's output says how it went.
 */
export class BatchProgress {
  readonly notes: string[] = []
  private readonly timeline: TimelineEntry[] = []
  private readonly statuses = new Map<string, { status: string; seconds: number | null }>()
  private readonly wakeUps = new Set<() => void>()
  private readonly names: ReadonlySet<string>
  /** Tests that had ended before the output said how. */
  private readonly untold = new Set<string>()
  private readonly withdrawn = new Set<string>()
  /** Named by the suite's output, or announced by the guest: a suite may print a test's name before it asks whether that may start. */
  private readonly reached = new Set<string>()
  /** The last test before the host ended the batch; null where none had started, undefined where it did not. */
  private endedAfter: string | null | undefined
  private outputEnded = false
  private exitStatus: number | null = null

  constructor(
    readonly batch: GuestBatch,
    private readonly parser: ProgressParser,
  ) {
    this.names = new Set(batch.tests)
  }

  /** The test that runs now, by the guest's word. */
  get running(): string | null {
    const last = this.timeline.at(-1)
    return last !== undefined && last.endedAt === null ? last.name : null
  }

  handOn(bytes: Uint8Array): void {
    this.parser.handOn?.(bytes)
  }

  /** @returns what it says of tests that had ended before it came */
  output(text: string): readonly TestWord[] {
    this.note(this.parser.feed(text))
    return [...this.untold].flatMap((name) => {
      const status = this.statuses.get(name)?.status
      if (status === undefined) return []
      this.untold.delete(name)
      return [{ kind: 'test-word', name, status }]
    })
  }

  /** The suite's output for this batch is complete. */
  endOutput(): void {
    this.note(this.parser.end())
    this.outputEnded = true
    this.wake()
  }

  private note(progress: readonly SuiteProgress[]): void {
    for (const step of progress) {
      this.reached.add(step.name)
      if (step.kind === 'end' && this.names.has(step.name)) this.statuses.set(step.name, { status: step.status, seconds: step.seconds })
    }
    if (progress.length > 0) this.wake()
  }

  /** A test that is a program of its own ended. */
  programEnded(name: string, status: string): void {
    this.statuses.set(name, { status, seconds: null })
    this.wake()
  }

  private wake(): void {
    for (const wakeUp of this.wakeUps) wakeUp()
    this.wakeUps.clear()
  }

  /** True once the output said how the running test went. */
  get settled(): boolean {
    return this.running === null || this.statuses.has(this.running)
  }

  get outputComplete(): boolean {
    return this.outputEnded
  }

  /** Resolves at the next step of the output. */
  nextOutput(): Promise<void> {
    return new Promise((resolve) => this.wakeUps.add(resolve))
  }

  /** Ends the running test, if any, at this time. */
  endTest(at: Date): TestEnd | null {
    const last = this.timeline.at(-1)
    if (last === undefined || last.endedAt !== null) return null
    const known = this.statuses.get(last.name)
    last.endedAt = at.toISOString()
    last.seconds = known?.seconds ?? (at.getTime() - Date.parse(last.startedAt)) / 1000
    if (known === undefined) this.untold.add(last.name)
    return { kind: 'test-end', name: last.name, status: known?.status ?? ENDED, seconds: last.seconds }
  }

  /** Takes tests out of the batch: those of them that have not started, which are the answer. */
  withdraw(tests: readonly string[]): readonly string[] {
    const started = new Set(this.timeline.map(({ name }) => name))
    const taken = tests.filter((name) => this.names.has(name) && !started.has(name) && !this.withdrawn.has(name))
    for (const name of taken) this.withdrawn.add(name)
    return taken
  }

  isWithdrawn(name: string): boolean {
    return this.withdrawn.has(name)
  }

  /** The batch ends here: the test that comes next was withdrawn. */
  endByUs(next: string): void {
    this.reached.add(next)
    this.endedAfter ??= this.timeline.at(-1)?.name ?? null
  }

  /** False for no test of this batch, or more starts than there can be. */
  believes(name: string): boolean {
    return this.names.has(name) && this.timeline.length < this.names.size * MOST_STARTS_OF_A_TEST
  }

  startTest(name: string, at: Date): void {
    this.timeline.push({ name, startedAt: at.toISOString(), endedAt: null, seconds: null })
  }

  /** Takes back what started after the test that the guest is ended for: nobody knows how it would have gone. */
  private withdrawAfter(victim: string): string[] {
    const last = this.timeline.findLastIndex(({ name }) => name === victim)
    return last === -1 ? [] : [...new Set(this.timeline.splice(last + 1).map(({ name }) => name))]
  }

  exited(status: number | null): void {
    this.exitStatus = status
  }

  /** The batch as it stands; `exit` where the guest ended under it. */
  finish(
    place: { guest: number; suite: SuiteName; section: string; directory: string; notes: readonly string[] },
    exit: VmExit | null,
  ): BatchRun {
    const victim = exit?.kind === 'timeout' ? exit.test : undefined
    const cameTo = [...this.withdrawn].filter((name) => this.reached.has(name))
    const returned = [...(victim === undefined ? [] : this.withdrawAfter(victim)), ...cameTo]
    return {
      guest: place.guest,
      suite: place.suite,
      section: place.section,
      tests: this.batch.tests.filter((name) => !this.withdrawn.has(name)),
      directory: place.directory,
      timeline: this.timeline.map((entry) => ({ ...entry })),
      ...(returned.length === 0 ? {} : { returned }),
      exitStatus: this.exitStatus,
      ...(this.endedAfter === undefined ? {} : { endedByUs: true, endedAfter: this.endedAfter }),
      died: exit === null ? null : { exit, test: victim ?? this.running },
      notes: [...place.notes, ...this.notes],
    }
  }
}
