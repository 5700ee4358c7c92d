import type { SectionId, SuiteName, TestId, TestName } from '../../domain/test.js'
import { sectionKey, testKey } from '../../domain/test-key.js'
import type { BatchRun, GuestRun, VmExit, VmRun } from '../../domain/vm-run.js'
import { createExpectation, type LimitOptions, TimeTable } from '../watchdog/index.js'
import { Costs } from './costs.js'
import type { RunTestsOptions } from './options.js'
import { TestQueue } from './queue.js'
import { SectionHealth } from './section-health.js'
import { restOf, takeOver } from './take-over.js'

const MOST_TAKEN = Number.POSITIVE_INFINITY

export type StopKind = NonNullable<VmRun['stopped']>['kind']

/** A guest that has a batch. */
export interface GuestAtWork {
  /** Key of its section. */
  readonly section: string
  /** Since when the test that it runs now has run, on the monotonic clock; null between two tests. */
  readonly runningSince: () => number | null
  /** `Guest.withdraw`. */
  readonly withdraw: (tests: readonly TestName[]) => readonly TestName[]
}

/** Tests taken from the end of another guest's list. */
export interface TakenOver {
  readonly tests: readonly TestName[]
  readonly from: number
  /** What they are expected to take. */
  readonly seconds: number
  readonly costSeconds: number
}

/** Fresh guests because of one report. */
const MOST_RENEWALS = 2

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
  readonly costs: Costs
  private readonly serving = new Map<number, string>()
  /** Guests that get no more work. */
  private readonly retired = new Set<number>()
  private readonly atWork = new Map<number, GuestAtWork>()
  private readonly alive = new Set<number>()
  /** Fresh guests that were started because of a report, by section and title. */
  private readonly renewals = new Map<string, number>()
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
    this.costs = new Costs(accelerator.accelerator)
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

  /** Guests of a section that have no batch: they boot, or have asked for one. */
  waitingGuestsOf(section: string): number {
    const isWaiting = (guest: number) => !this.atWork.has(guest) && !this.retired.has(guest)
    return [...this.serving].filter(([guest, other]) => other === section && isWaiting(guest)).length
  }

  retire(guest: number): void {
    this.retired.add(guest)
  }

  isAtWork(guest: number): boolean {
    return this.atWork.has(guest)
  }

  /** The guest has a batch from now on, or, with null, none any more. */
  work(guest: number, batch: GuestAtWork | null): void {
    if (batch === null) this.atWork.delete(guest)
    else this.atWork.set(guest, batch)
  }

  /**
   * Takes tests for an idle guest from the end of the list of the one of its section that has most before it, where that pays.
   * @param costSeconds what it costs the taker to begin
   * @param most tests that the taker may have
   */
  takeOver(taker: number, section: string, costSeconds: number, most: number): TakenOver | null {
    const [best] = this.offers(section, costSeconds, most)
    if (best === undefined) return null
    const tests = best.work.withdraw(best.names)
    if (tests.length === 0) return null
    this.queue.move(best.guest, tests, taker)
    return { tests, from: best.guest, seconds: best.seconds, costSeconds }
  }

  /** What could be taken over in a section, the most worth first. */
  private offers(section: string, costSeconds: number, most: number) {
    const now = this.options.clock.monotonicSeconds()
    return [...this.atWork]
      .filter(([, work]) => work.section === section)
      .map(([guest, work]) => {
        const waiting = this.queue.waitingIn(guest).map((test) => ({ name: test.name, seconds: test.expectedSeconds * this.paceOf(test) }))
        const running = this.queue.running(guest)
        const since = work.runningSince()
        const runningSeconds = running === null || since === null ? 0 : restOf(this.expected(running) * this.paceOf(running), now - since)
        const { count, seconds } = takeOver({ runningSeconds, waiting }, costSeconds, most)
        return { guest, work, seconds, names: waiting.slice(waiting.length - count).map(({ name }) => name) }
      })
      .filter(({ names }) => names.length > 0)
      .sort((a, b) => b.seconds - a.seconds)
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
    this.atWork.delete(guest)
    this.alive.delete(guest)
    this.notify()
  }

  /** Key of the section a fresh guest serves: where most work waits for each guest that would then share it. Null: nothing to do now. */
  nextSection(): string | null {
    const weight = (section: string) => this.queue.remainingSeconds(section) / (this.guestsOf(section) + 1)
    const open = this.queue
      .openSections()
      .filter((section) => this.health.mayStart(section, this.guestsOf(section)) && this.isWorthAGuest(section))
    return (
      open.reduce<string | null>((best, section) => (best === null || weight(section) > weight(best) ? section : best), null) ??
      this.sectionToHelp()
    )
  }

  /** False for a crash's remains that take less than a boot, while another guest of the section will come to them. */
  private isWorthAGuest(section: string): boolean {
    const suite = this.suiteOf(section)
    const isFirst = !this.guests.some((guest) => sectionKey({ suite: guest.suite, section: guest.section }) === section)
    if (isFirst || this.options.testsPerGuest !== undefined || this.queue.hasExclusive(section)) return true
    if (![...this.atWork.values()].some((work) => work.section === section)) return true
    return this.queue.remainingSeconds(section) > this.costs.freshSeconds(suite)
  }

  private suiteOf(section: string): SuiteName {
    const { sections } = this.options
    return sections.find((each) => sectionKey({ suite: each.suite, section: each.name }) === section)?.suite ?? ''
  }

  /** Nothing waits: key of the section where a fresh guest would pay that takes from another's list. */
  private sectionToHelp(): string | null {
    // Bounded guests have no lists worth it.
    if (this.options.testsPerGuest !== undefined) return null
    const sections = [...new Set([...this.atWork.values()].map(({ section }) => section))]
    return (
      sections.find((section) => {
        // One that boots will look for itself; twice the cost, since times are guesses and others end meanwhile.
        const cost = 2 * this.costs.freshSeconds(this.suiteOf(section))
        const may = this.waitingGuestsOf(section) === 0 && this.health.mayStart(section, this.guestsOf(section))
        return may && this.offers(section, cost, MOST_TAKEN).length > 0
      }) ?? null
    )
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

  /** What a test's expected time is multiplied by: guesses are off, times of the past are not. */
  private paceOf(test: TestId): number {
    if (this.observed.expected === 0 || this.limits.times.known(test) !== null) return 1
    return this.observed.seconds / this.observed.expected
  }

  /**
   * Whether a fresh guest would see more than one whose kernel reports nothing more of a sort after this: a report that comes in every guest
   * anew would cost a boot for each test. True the first times of a title in a section; each answer counts.
   */
  renewalHelps(section: string, title: string): boolean {
    const key = JSON.stringify([section, title])
    const count = (this.renewals.get(key) ?? 0) + 1
    this.renewals.set(key, count)
    return count <= MOST_RENEWALS
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
