import type { TestId, TestName } from '../../domain/test.js'
import { sectionKey, testKey } from '../../domain/test-key.js'
import { fairShare } from './fair-share.js'

/** One test in the queue. */
export interface QueuedTest extends TestId {
  readonly expectedSeconds: number
  /** It gets a guest of its own: it suspends the machine, or starves it. */
  readonly isExclusive?: boolean
}

/**
 * Where a test stands. `ended`, `lost`, `skipped` and `abandoned` are final.
 * `lost`: the guest died under it, or its batch ended without ending it. `skipped`: `check` came to its end without naming it.
 */
export type TestState =
  | { readonly kind: 'queued' }
  | { readonly kind: 'handed'; readonly guest: number }
  | { readonly kind: 'running'; readonly guest: number }
  | { readonly kind: 'ended'; readonly guest: number }
  | { readonly kind: 'lost'; readonly guest: number }
  | { readonly kind: 'skipped' }
  | { readonly kind: 'abandoned' }

interface Entry {
  readonly test: QueuedTest
  readonly order: number
  state: TestState
  /** Batches that ended, the guest alive, without starting this or any other test. */
  passedOver: number
}

/** `check` can die before its first test: one more batch tells that from a test it does not know. */
const MOST_PASSED_OVER = 2

/**
 * The one queue all guests are fed from. A test is handed to one guest at a time, comes back only if it never started, and is never
 * run twice. What guests say is checked against what they were given: they are not trusted.
 */
export class TestQueue {
  private readonly entries: readonly Entry[]
  /** Guests whose present batch has started a test. */
  private readonly fruitful = new Set<number>()

  constructor(tests: readonly QueuedTest[]) {
    this.entries = tests.map((test, order) => ({ test, order, state: { kind: 'queued' }, passedOver: 0 }))
    if (new Set(tests.map(testKey)).size !== tests.length) throw new Error('a test is planned twice in one section')
  }

  get total(): number {
    return this.entries.length
  }

  /** Tests that will not change any more. */
  get settledCount(): number {
    return this.entries.filter(({ state }) => isFinal(state)).length
  }

  get settled(): boolean {
    return this.settledCount === this.total
  }

  stateOf(test: TestId): TestState | undefined {
    return this.entries.find((entry) => testKey(entry.test) === testKey(test))?.state
  }

  /** 1-based place in the plan. */
  placeOf(test: TestId): number {
    return this.entries.findIndex((entry) => testKey(entry.test) === testKey(test)) + 1
  }

  /** Keys of sections with work to hand out, in the plan's order. */
  openSections(): readonly string[] {
    return [...new Set(this.queued().map(({ test }) => sectionKey(test)))]
  }

  /** Expected seconds of what can be handed out. */
  remainingSeconds(section: string): number {
    return this.queued(section).reduce((sum, { test }) => sum + test.expectedSeconds, 0)
  }

  /**
   * Takes a batch for a guest: its fair share, longest expected first. A test that gets a guest of its own is a batch, for a guest that has had
   * none. Empty when there is nothing to hand out.
   */
  take(
    guest: number,
    options: {
      readonly section: string
      /** Guests that wait for work of the section, this one among them. */
      readonly sharers: number
      readonly most: number
      /** The guest has had no test yet. */
      readonly isFresh: boolean
    },
  ): readonly TestName[] {
    const queued = this.queued(options.section)
    const shared = queued.filter(({ test }) => test.isExclusive !== true)
    const alone = options.isFresh && shared.length === 0 ? queued.slice(0, 1) : []
    const waiting = [...shared, ...alone].sort(longestFirst)
    const share = fairShare(
      waiting.map(({ test }) => test.expectedSeconds),
      options.sharers,
    )
    const batch = share.slice(0, options.most).flatMap((place) => waiting[place] ?? [])
    for (const entry of batch) entry.state = { kind: 'handed', guest }
    this.fruitful.delete(guest)
    return batch.map(({ test }) => test.name)
  }

  /** True for a test that gets a guest of its own. */
  isExclusive(test: TestId): boolean {
    return this.entries.some((entry) => entry.test.isExclusive === true && testKey(entry.test) === testKey(test))
  }

  /** True where a test waits that gets a guest of its own. */
  hasExclusive(section: string): boolean {
    return this.queued(section).some(({ test }) => test.isExclusive === true)
  }

  /** A guest says a test started. False when it was not given that test, or it started before. */
  started(guest: number, name: TestName): boolean {
    const entry = this.held(guest).find(({ test }) => test.name === name)
    if (entry?.state.kind !== 'handed') return false
    // One runs at a time: the one before has ended, even if its end was not heard.
    for (const other of this.held(guest)) if (other.state.kind === 'running') other.state = { kind: 'ended', guest }
    entry.state = { kind: 'running', guest }
    this.fruitful.add(guest)
    return true
  }

  /** A guest says a test ended. False when that test was not running in it. */
  ended(guest: number, name: TestName): boolean {
    const entry = this.held(guest).find(({ test, state }) => test.name === name && state.kind === 'running')
    if (entry === undefined) return false
    entry.state = { kind: 'ended', guest }
    return true
  }

  /** The test a guest runs, or null. */
  running(guest: number): TestId | null {
    return this.held(guest).find(({ state }) => state.kind === 'running')?.test ?? null
  }

  /**
   * A batch came to its end with the guest alive: what did not start goes back. A batch that starts something brings the run on;
   * tests of one that starts nothing get a bounded number of such batches. True when the batch started something.
   */
  batchEnded(guest: number): boolean {
    const fruitful = this.fruitful.delete(guest)
    for (const entry of this.held(guest)) {
      if (entry.state.kind === 'running') entry.state = { kind: 'lost', guest }
      else if (!fruitful && ++entry.passedOver >= MOST_PASSED_OVER) entry.state = { kind: 'skipped' }
      else entry.state = { kind: 'queued' }
    }
    return fruitful
  }

  /** Tests that a guest was given and has not started, in the order in which it runs them. */
  waitingIn(guest: number): readonly QueuedTest[] {
    return this.held(guest)
      .filter(({ state }) => state.kind === 'handed')
      .sort(longestFirst)
      .map(({ test }) => test)
  }

  /** Gives tests that one guest will not start to another, or back to all (null). */
  move(from: number, names: readonly TestName[], to: number | null): void {
    for (const entry of this.held(from)) {
      if (entry.state.kind !== 'handed' || !names.includes(entry.test.name)) continue
      entry.state = to === null ? { kind: 'queued' } : { kind: 'handed', guest: to }
    }
    if (to !== null) this.fruitful.delete(to)
  }

  /** A guest is gone: the test it ran is lost with it and not tried again, what did not start goes back. */
  guestGone(guest: number): TestId | null {
    const lost = this.running(guest)
    for (const entry of this.held(guest)) entry.state = entry.state.kind === 'running' ? { kind: 'lost', guest } : { kind: 'queued' }
    return lost
  }

  /** Gives up what waits in a section. */
  abandon(section: string): void {
    for (const entry of this.queued(section)) entry.state = { kind: 'abandoned' }
  }

  private queued(section?: string): Entry[] {
    return this.entries.filter(({ test, state }) => state.kind === 'queued' && (section === undefined || sectionKey(test) === section))
  }

  private held(guest: number): Entry[] {
    return this.entries.filter(({ state }) => (state.kind === 'handed' || state.kind === 'running') && state.guest === guest)
  }
}

/** The order in which a guest runs what it is given. */
function longestFirst(a: Entry, b: Entry): number {
  return b.test.expectedSeconds - a.test.expectedSeconds || a.order - b.order
}

function isFinal(state: TestState): boolean {
  return state.kind === 'ended' || state.kind === 'lost' || state.kind === 'skipped' || state.kind === 'abandoned'
}
