import { assertNever, describeError } from '../../domain/errors.js'
import { describeExit, lastWords, statusOfExit } from '../../domain/exit.js'
import { endsDetector, titleInFull } from '../../domain/kernel-report.js'
import type { Section } from '../../domain/section.js'
import type { SectionId, TestName } from '../../domain/test.js'
import { sectionKey } from '../../domain/test-key.js'
import type { BatchRun, GuestRun, VmExit } from '../../domain/vm-run.js'
import type { Guest, GuestBatch, GuestEvent } from '../guest.js'
import type { TestProgram } from '../test-program.js'
import { bootLimit, gapLimit, type Limit, leaveLimit, testLimit } from '../watchdog/index.js'
import { EventPump } from './event-pump.js'
import { describeRefusal } from './refusal.js'
import type { RunState, TakenOver } from './run-state.js'

/** A guest's own ending takes this long at most: its channels are read to their end. */
const ENDING_SECONDS = 45
/** On cancel the runner kills us after 10 s: what a guest has not said by then is left unsaid. */
const CANCEL_SECONDS = 3
/** A guest bounds its diagnosis itself; this is for one that does not. */
const DIAGNOSE_SECONDS = 180

export interface ServedGuest {
  readonly exit: VmExit
  readonly testsStarted: number
  readonly testsEnded: number
}

type Phase = 'boot' | 'gap' | 'test' | 'leaving' | 'ending'

/** Serves one guest from QEMU's start to its end: hands out batches, keeps the limits, accounts for every test. */
export class GuestService {
  private readonly pump: EventPump
  private phase: Phase = 'boot'
  private limit: Limit
  private since: number
  private readonly id: SectionId
  private batchNumber = 0
  private handed = 0
  /** When the batch was handed over; null once a test of it has started. */
  private handedAt: number | null = null
  /** Set where the batch that runs was taken from another guest's list. */
  private taken: TakenOver | null = null
  /** It ran a test that gets a guest of its own. */
  private hadExclusive = false
  private testsStarted = 0
  private testsEnded = 0
  /** The test whose time was over: what the guest is ended for. */
  private victim: string | null = null
  private ending: VmExit | null = null
  /** Why what runs in this guest from now on would be seen with one eye shut; null while it is not so. */
  private blind: string | null = null

  constructor(
    private readonly run: RunState,
    private readonly guest: Guest,
    private readonly section: Section,
  ) {
    this.pump = new EventPump(guest.events(), run.options.clock)
    this.limit = bootLimit(run.options.built.bundle, run.limits)
    this.since = run.options.clock.monotonicSeconds()
    this.id = { suite: section.suite, section: section.name }
  }

  async serve(): Promise<ServedGuest> {
    for (;;) {
      const wake = await this.pump.next(
        this.since + this.limit.seconds + (this.limit.graceSeconds ?? 0),
        this.phase === 'ending' ? null : this.run.stopSignal,
      )
      if (wake.kind === 'event') {
        if (wake.event.kind === 'exit') return this.gone(wake.event.exit, wake.event.guest, wake.event.batch)
        await this.handle(wake.event)
      } else if (wake.kind === 'end' || this.phase === 'ending') {
        // A guest that does not even end is left behind: its files are on the host, its tests are accounted for.
        return this.gone({ kind: 'gone', lastLine: '' }, null, null)
      } else if (wake.kind === 'stop') this.end(this.run.stopExit())
      else await this.expire()
    }
  }

  private enter(phase: Phase, limit: Limit): void {
    this.phase = phase
    this.limit = limit
    this.since = this.run.options.clock.monotonicSeconds()
  }

  private async handle(event: Exclude<GuestEvent, { kind: 'exit' }>): Promise<void> {
    if (this.phase === 'ending') return this.note(event)
    switch (event.kind) {
      case 'kernel':
      case 'init':
        return
      case 'ready':
        return this.giveWork(event.release)
      case 'cannot':
        return this.giveUp(event.words)
      case 'test-start':
        return this.testStarted(event.name)
      case 'test-end':
        return this.testEnded(event.name, event.status, event.seconds)
      case 'batch-end':
        return this.batchEnded(event.batch)
      case 'test-word':
      case 'report':
        return this.note(event)
      default:
        return assertNever(event, 'guest event')
    }
  }

  /** Events on the way out: a test that ended just before the end has ended. */
  private note(event: GuestEvent): void {
    if (event.kind === 'test-end') this.testEnded(event.name, event.status, event.seconds)
    if (event.kind === 'batch-end') this.batchEnded(event.batch)
    if (event.kind === 'test-word') this.run.options.onProgress({ ...event, guest: this.guest.id, ...this.id })
    if (event.kind === 'report') {
      const { title, test, kind } = event.report
      if (endsDetector(kind)) this.becomeBlind(title)
      const { provoked } = event.report
      this.run.options.onProgress({ kind: 'kernel-report', guest: this.guest.id, title: titleInFull(event.report), test, provoked })
    }
  }

  /** What runs from now on would be seen with one eye shut: the batch ends with the test that runs. */
  private becomeBlind(title: string): void {
    const { run, guest } = this
    if (this.blind !== null) return
    // A fresh guest would be no better off than one that reported it before any test, or that reports what others did.
    if (this.testsStarted === 0 || !run.renewalHelps(sectionKey(this.id), title)) {
      run.say(guest.id, `its kernel reports nothing more of this sort after ${title}; a fresh guest would say the same`)
      return
    }
    this.blind = title
    const waiting = run.queue.waitingIn(guest.id).map(({ name }) => name)
    run.queue.move(guest.id, guest.withdraw(waiting), null)
    run.notify()
  }

  private async giveWork(release: string): Promise<void> {
    const { run, guest, section } = this
    if (run.isAtWork(guest.id) || this.phase === 'leaving') return
    if (this.phase === 'boot') {
      const seconds = run.options.clock.monotonicSeconds() - this.since
      run.costs.booted(seconds)
      run.say(guest.id, `ready after ${seconds.toFixed(1)} s (${release}, section ${section.name})`)
    }
    if (this.blind !== null) {
      run.say(guest.id, `the rest goes on in a fresh guest: the kernel reports nothing more of this sort after ${this.blind}`)
      return this.leave()
    }
    const tests = this.nextTests()
    if (tests.length === 0) return this.leave()
    this.handed += tests.length
    this.hadExclusive = run.queue.isExclusive({ ...this.id, name: tests[0] ?? '' })
    this.batchNumber += 1
    this.handedAt = run.options.clock.monotonicSeconds()
    run.work(guest.id, {
      section: sectionKey(this.id),
      runningSince: () => (this.phase === 'test' ? this.since : null),
      withdraw: (names) => guest.withdraw(names),
    })
    this.enter('gap', gapLimit(run.limits))
    try {
      await guest.run({ id: this.batchNumber, tests, ...this.work(tests) })
    } catch (error) {
      // A setting that cannot be handed over: no other guest would fare better.
      run.halt('infrastructure', `a batch of section ${section.name} could not be handed over: ${describeError(error)}`)
    }
  }

  /** Its fair share of what waits; where nothing does, what another guest will not come to as soon. */
  private nextTests(): readonly TestName[] {
    const { run, guest } = this
    const section = sectionKey(this.id)
    const most = this.hadExclusive ? 0 : (run.options.testsPerGuest ?? Number.POSITIVE_INFINITY) - this.handed
    const isFresh = this.handed === 0
    const tests = run.queue.take(guest.id, { section, sharers: run.waitingGuestsOf(section), most, isFresh })
    this.taken = tests.length > 0 ? null : run.takeOver(guest.id, section, run.costs.startSeconds(this.section.suite), most)
    if (this.taken === null) return tests
    const { from, seconds, tests: taken } = this.taken
    const count = taken.length === 1 ? 'one test' : `${taken.length} tests`
    run.say(guest.id, `takes ${count} from the end of guest ${from}'s list: about ${Math.round(seconds)} s`)
    return taken
  }

  /** A batch as the suite is driven: words for its own program, or a program for each test. */
  private work(tests: readonly TestName[]): Pick<GuestBatch, 'environment' | 'arguments' | 'programs'> {
    const { suites, scale, built } = this.run.options
    const { section } = this
    const { drive } = suites(section.suite)
    if (drive.kind === 'runner') return drive.command(section, tests, scale)
    const suite = built.suites.find(({ name }) => name === section.suite)
    const known = new Map(suite?.catalogue.tests.map((test) => [test.name, test]))
    const programs = tests.map((name): TestProgram => {
      const test = known.get(name) ?? { name, groups: [], file: name, line: 1 }
      const { cwd, ...command } = drive.command(test, { section, scale, guestPath: suite?.guestPath ?? '/' })
      return { name, ...command, directory: cwd, exitWord: (code) => drive.exitWord(code) }
    })
    return { environment: {}, arguments: [], programs }
  }

  /** Another guest of the section would lack the same. */
  private giveUp(words: string): Promise<void> {
    this.run.abandon(this.id, describeRefusal(words, this.section))
    return this.leave()
  }

  private leave(): Promise<void> {
    this.run.retire(this.guest.id)
    this.enter('leaving', leaveLimit(this.run.options.built.bundle.kind, this.run.limits))
    return this.guest.finish()
  }

  private testStarted(name: string): void {
    const { run, guest } = this
    if (!run.queue.started(guest.id, name)) return
    if (this.handedAt !== null) run.costs.started(this.section.suite, run.options.clock.monotonicSeconds() - this.handedAt)
    this.handedAt = null
    this.testsStarted += 1
    const test = { ...this.id, name }
    const limit = testLimit(test, run.limits)
    this.enter('test', limit)
    run.options.onProgress({ kind: 'test-start', guest: guest.id, limit, ...test, index: run.queue.placeOf(test), total: run.queue.total })
  }

  private testEnded(name: string, status: string, seconds: number | null): void {
    const { run, guest } = this
    if (!run.queue.ended(guest.id, name)) return
    this.testsEnded += 1
    run.health.testEnded(sectionKey(this.id))
    run.observe({ ...this.id, name }, run.options.clock.monotonicSeconds() - this.since)
    if (this.phase === 'test') this.enter('gap', gapLimit(run.limits))
    this.sayEnd(name, name === this.victim ? 'timeout' : status, seconds)
  }

  private batchEnded(batch: BatchRun): void {
    // The batch came to its end while its guest was being ended for one of its tests.
    const died = this.ending !== null && this.victim !== null ? { exit: this.ending, test: this.victim } : null
    this.keep(died === null || batch.died !== null ? batch : { ...batch, died })
    this.run.work(this.guest.id, null)
    const fruitful = this.run.queue.batchEnded(this.guest.id)
    // Ended before its first test for another guest's sake, it says nothing about the suite.
    if (!fruitful && batch.endedByUs !== true && this.run.health.batchBarren(sectionKey(this.id), batch.tests.length)) {
      this.run.abandon(this.id, `the suite ended again and again without starting a test; what it printed: ${batch.directory}/check.stdout`)
    }
    if (this.phase !== 'ending') this.enter('gap', gapLimit(this.run.limits))
    this.run.notify()
  }

  private keep(batch: BatchRun): void {
    const { taken } = this
    const takenOver = taken === null ? {} : { takenOver: { guest: taken.from, seconds: taken.seconds, costSeconds: taken.costSeconds } }
    this.run.batches.push({ ...batch, ...takenOver })
  }

  private sayEnd(name: string, status: string, seconds: number | null): void {
    const { queue, options } = this.run
    const progress = { guest: this.guest.id, ...this.id, name, status, seconds }
    options.onProgress({ kind: 'test-end', ...progress, done: queue.settledCount, total: queue.total })
  }

  /** A limit is over: what the guest hangs in goes into its log, then it is ended. */
  private async expire(): Promise<void> {
    const { run, guest } = this
    const seconds = Math.round(this.limit.seconds)
    const what = this.phase === 'boot' ? 'boot' : this.phase === 'leaving' ? 'run' : 'test'
    const running = run.queue.running(guest.id)
    const subject = running === null ? phaseWords(this.phase) : running.name
    const reason = `${subject} did not end within ${seconds} s (${this.limit.reason})`
    run.say(guest.id, reason)
    this.victim = running?.name ?? null
    if (this.phase !== 'leaving') await this.diagnose(reason)
    if (run.stopSignal.aborted) return
    this.end({ kind: 'timeout', what, afterSeconds: seconds, lastLine: '', ...(running === null ? {} : { test: running.name }) })
  }

  private async diagnose(reason: string): Promise<void> {
    const { clock } = this.run.options
    const over = new AbortController()
    const stop = () => over.abort()
    this.run.stopSignal.addEventListener('abort', stop)
    // A guest that cannot be asked is ended all the same.
    await Promise.race([this.guest.diagnose(reason).catch(() => undefined), clock.sleep(DIAGNOSE_SECONDS, over.signal)])
    this.run.stopSignal.removeEventListener('abort', stop)
    over.abort()
  }

  private end(exit: VmExit): void {
    this.ending = exit
    const seconds = exit.kind === 'cancelled' ? CANCEL_SECONDS : ENDING_SECONDS
    this.enter('ending', { seconds, reason: 'it was told to end' })
    // The exit event tells when it is done; a failure to stop shows as its absence.
    void this.guest.stop(exit).catch(() => undefined)
  }

  private gone(exit: VmExit, guestRun: GuestRun | null, batch: BatchRun | null): ServedGuest {
    const { run, guest } = this
    if (guestRun !== null) run.guests.push(guestRun)
    if (batch !== null) this.keep(batch)
    const lost = run.queue.guestGone(guest.id)
    if (lost !== null) this.sayEnd(lost.name, statusOfExit(exit), null)
    if (exit.kind !== 'poweroff') run.say(guest.id, `${describeExit(exit)}${lastWords(exit)}`)
    return { exit, testsStarted: this.testsStarted, testsEnded: this.testsEnded }
  }
}

function phaseWords(phase: Phase): string {
  if (phase === 'boot') return 'the boot'
  return phase === 'leaving' ? 'the power-off' : 'the time between two tests'
}
