import type { SectionId, TestId } from '../../domain/test.js'
import { sectionKey, testKey } from '../../domain/test-key.js'
import type { BatchRun, GuestRun, VmExit, VmRun } from '../../domain/vm-run.js'
import { createExpectation, type LimitOptions, TimeTable } from '../watchdog/index.js'
import type { RunTestsOptions } from './options.js'
import { TestQueue } from './queue.js'
import { SectionHealth } from './section-health.js'

export type StopKind = NonNullable<VmRun['stopped']>['kind']

/** What the guests of one run share. */
export class RunState {
  readonly queue: TestQueue
  readonly health = new SectionHealth()
  readonly limits: LimitOptions
  readonly guests: GuestRun[] = []
  readonly batches: BatchRun[] = []
  readonly abandoned: (SectionId & { reason: string })[] = []
  stopped: VmRun['stopped'] = null
  private readonly expected: (test: TestId) => number
  private readonly halted = new AbortController()
  private readonly serving = new Map<number, string>()
  private readonly alive = new Set<number>()
  private nextGuestId: number
  private wakeUps: (() => void)[] = []
  /** Seconds observed and expected of tests that ended: how wrong the guesses are. */
  private observed = { seconds: 0, expected: 0 }

  constructor(readonly options: RunTestsOptions) {
    const { accelerator, limits, scale, built, tests, suites } = options
    const times = new TimeTable(limits.history, accelerator.timeoutFactor)
    this.expected = createExpectation({
      catalogues: built.suites.map(({ catalogue }) => catalogue),
      times,
      timeoutFactor: accelerator.timeoutFactor,
      guess: (suite, test) => suites(suite).expectedSeconds(test),
    })
    const exclusive = exclusiveTests(options)
    this.queue = new TestQueue(
      tests.map(({ suite, section, name }) => {
        const id = { suite, section, name }
        return { ...id, expectedSeconds: this.expected(id), isExclusive: exclusive.has(testKey(id)) }
      }),
    )
    this.limits = {
      times,
      timeoutFactor: accelerator.timeoutFactor,
      debugFactor: limits.debugFactor,
      extraSeconds: ({ suite }) => suites(suite).tuning(scale).extraSeconds,
      catalogues: built.suites.map(({ catalogue }) => catalogue),
      fixedSeconds: limits.testTimeoutSeconds,
      runSeconds: limits.runSeconds,
    }
    this.nextGuestId = options.firstGuestId ?? 1
  }

  /** Aborted when the run as a whole stops. */
  get stopSignal(): AbortSignal {
    return this.halted.signal
  }

  /** Stops every guest; the first cause stands. */
  halt(kind: StopKind, reason: string): void {
    if (this.stopped !== null) return
    this.stopped = { kind, reason }
    this.halted.abort()
    this.notify()
  }

  /** How a guest is ended by the run's end. */
  stopExit(): VmExit {
    if (this.stopped?.kind === 'deadline') {
      return { kind: 'timeout', what: 'run', afterSeconds: Math.round(this.options.limits.runSeconds), lastLine: '' }
    }
    return { kind: 'cancelled' }
  }

  guestsOf(section: string): number {
    return [...this.serving.values()].filter((other) => other === section).length
  }

  /** Guests that were really started and are not gone. */
  get aliveGuests(): number {
    return this.alive.size
  }

  started(guest: number): void {
    this.alive.add(guest)
  }

  join(section: string): number {
    const id = this.nextGuestId++
    this.serving.set(id, section)
    return id
  }

  leave(guest: number): void {
    this.serving.delete(guest)
    this.alive.delete(guest)
    this.notify()
  }

  /** Key of the section a fresh guest serves: where most work waits for each guest that would then share it. Null: nothing to do now. */
  nextSection(): string | null {
    const weight = (section: string) => this.queue.remainingSeconds(section) / (this.guestsOf(section) + 1)
    const open = this.queue.openSections().filter((section) => this.health.mayStart(section, this.guestsOf(section)))
    return open.reduce<string | null>((best, section) => (best === null || weight(section) > weight(best) ? section : best), null)
  }

  abandon(section: SectionId, reason: string): void {
    if (this.isAbandoned(section)) return
    this.queue.abandon(sectionKey(section))
    this.abandoned.push({ ...section, reason })
    this.notify()
  }

  isAbandoned(section: SectionId): boolean {
    return this.abandoned.some((other) => sectionKey(other) === sectionKey(section))
  }

  /** Learns from a test that ended how far expectations are off, where they rest on no history. */
  observe(test: TestId, seconds: number): void {
    if (this.limits.times.known(test) !== null) return
    this.observed = { seconds: this.observed.seconds + seconds, expected: this.observed.expected + this.expected(test) }
  }

  /** What expected times are multiplied by when work is divided. */
  get pace(): number {
    return this.observed.expected === 0 ? 1 : this.observed.seconds / this.observed.expected
  }

  /** Resolves at the next change that can mean work: a guest gone, a batch ended, the run stopped. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.wakeUps.push(resolve))
  }

  notify(): void {
    for (const wake of this.wakeUps.splice(0)) wake()
  }

  say(guest: number, message: string): void {
    this.options.onProgress({ kind: 'guest', guest, message })
  }
}

/** Keys of the tests that get a guest of their own. */
function exclusiveTests({ built, sections, suites, tests }: RunTestsOptions): ReadonlySet<string> {
  const keys = new Set<string>()
  for (const section of sections) {
    const names = new Set(tests.filter((test) => test.suite === section.suite && test.section === section.name).map(({ name }) => name))
    const known = built.suites.find(({ name }) => name === section.suite)?.catalogue.tests ?? []
    const { exclusive } = suites(section.suite).needs(
      section,
      known.filter(({ name }) => names.has(name)),
    )
    for (const name of exclusive) keys.add(testKey({ suite: section.suite, section: section.name, name }))
  }
  return keys
}
