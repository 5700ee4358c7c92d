import type { KernelReport, KernelReportKind } from '../../../src/domain/kernel-report.js'
import type { TestName } from '../../../src/domain/test.js'
import type { BatchRun, GuestRun, VmExit } from '../../../src/domain/vm-run.js'
import type { Guest, GuestBatch, GuestEvent, GuestOptions, StartGuest } from '../../../src/vm/guest.js'
import type { VirtualClock } from './virtual-clock.js'

/** What a test does to its guest. `seconds` of a hang do not matter. `unknown`: check passes it over in silence. */
export interface Behaviour {
  readonly kind: 'passes' | 'panics' | 'hangs' | 'ends-check' | 'unknown'
  readonly seconds: number
  /** The kernel reports something of this kind while it runs. */
  readonly report?: KernelReportKind
  /** Its title; default: one of this test's alone. */
  readonly title?: string
}

/** What happens to the guest with a given id. */
export interface GuestFate {
  /** Never ready, or dead before; `cannot-start` throws. */
  readonly boot: 'ready' | 'hangs' | 'dies' | 'cannot-start' | { readonly cannot: string }
  /** QEMU is killed this long after its start. */
  readonly killedAfterSeconds: number | null
  /** Why the host killed it. */
  readonly hostTrouble?: string
}

export const HEALTHY: GuestFate = { boot: 'ready', killedAfterSeconds: null }

export interface World {
  readonly behaviour: (section: string, name: TestName) => Behaviour
  readonly fate: (guest: number) => GuestFate
  readonly bootSeconds: number
  /** What the kernel reports while it boots. */
  readonly bootReport?: KernelReportKind
  /** `check`'s own time before the first and after each test. */
  readonly gapSeconds: number
  /** Ignores stop(): its exit never comes. */
  readonly immortal?: boolean
}

/** Every fake guest of a run, and the truth about what ran in them. */
export class FakeWorld {
  readonly starts: { guest: number; section: string; name: TestName }[] = []
  readonly ends: { guest: number; section: string; name: TestName }[] = []
  readonly diagnosed: { guest: number; reason: string }[] = []
  readonly options: GuestOptions[] = []
  readonly batches: { guest: number; batch: GuestBatch }[] = []
  alive = 0
  mostAlive = 0

  constructor(
    readonly clock: VirtualClock,
    readonly world: World,
  ) {}

  readonly startGuest: StartGuest = async (options) => {
    if (this.world.fate(options.id).boot === 'cannot-start') throw new Error(`no memory for guest ${options.id}`)
    if (this.options.some(({ id }) => id === options.id)) throw new Error(`guest id ${options.id} is used twice`)
    this.options.push(options)
    this.alive += 1
    this.mostAlive = Math.max(this.mostAlive, this.alive)
    return new FakeGuest(this, options)
  }
}

class FakeGuest implements Guest {
  readonly id: number
  private readonly queue: GuestEvent[] = []
  private wake: (() => void) | null = null
  private batch: {
    work: GuestBatch
    timeline: BatchRun['timeline']
    running: TestName | null
    withdrawn: Set<TestName>
    endedAfter?: TestName | null
  } | null = null
  private over = false
  private readonly dead = new AbortController()

  constructor(
    private readonly all: FakeWorld,
    private readonly options: GuestOptions,
  ) {
    this.id = options.id
    void this.boot()
    const { killedAfterSeconds, hostTrouble } = all.world.fate(this.id)
    if (killedAfterSeconds !== null) {
      void all.clock.sleep(killedAfterSeconds, this.dead.signal).then(() =>
        this.exit({
          kind: 'qemu-died',
          code: null,
          signal: 'SIGKILL',
          stderr: '',
          ...(hostTrouble === undefined ? {} : { hostTrouble }),
        }),
      )
    }
  }

  async *events(): AsyncIterable<GuestEvent> {
    for (;;) {
      const event = this.queue.shift()
      if (event !== undefined) {
        yield event
        if (event.kind === 'exit') return
      } else {
        await new Promise<void>((resolve) => {
          this.wake = resolve
        })
      }
    }
  }

  async run(work: GuestBatch): Promise<void> {
    if (this.over) return
    if (this.batch !== null) throw new Error(`guest ${this.id} has a batch already`)
    if (work.tests.length === 0) throw new Error('an empty batch')
    this.all.batches.push({ guest: this.id, batch: work })
    this.batch = { work, timeline: [], running: null, withdrawn: new Set() }
    void this.check(work)
  }

  withdraw(tests: readonly TestName[]): readonly TestName[] {
    const { batch } = this
    if (batch === null) return []
    const taken = tests.filter((name) => batch.work.tests.includes(name) && !batch.timeline.some((entry) => entry.name === name))
    for (const name of taken) batch.withdrawn.add(name)
    return taken
  }

  async finish(): Promise<void> {
    if (this.over) return
    if (this.batch !== null) throw new Error(`guest ${this.id} is told to finish in a batch`)
    void this.sleep(0.5).then(() => this.exit({ kind: 'poweroff' }))
  }

  async diagnose(reason: string): Promise<void> {
    this.all.diagnosed.push({ guest: this.id, reason })
    await this.all.clock.sleep(5)
  }

  async stop(exit: VmExit): Promise<void> {
    if (this.all.world.immortal !== true) this.exit(exit)
  }

  private push(event: GuestEvent): void {
    if (this.over) return
    this.queue.push(event)
    this.wake?.()
  }

  private sleep(seconds: number): Promise<void> {
    return this.all.clock.sleep(seconds, this.dead.signal)
  }

  private async boot(): Promise<void> {
    const { boot } = this.all.world.fate(this.id)
    this.push({ kind: 'kernel' })
    await this.sleep(this.all.world.bootSeconds)
    if (boot === 'dies') this.exit({ kind: 'panic', line: 'Kernel panic - not syncing: no init' })
    const kind = this.all.world.bootReport
    if (kind !== undefined) this.push({ kind: 'report', report: { kind, title: 'a report at boot', test: null } as KernelReport })
    if (boot === 'ready') this.push({ kind: 'ready', release: '6.1.0' })
    if (typeof boot === 'object') this.push({ kind: 'cannot', words: boot.cannot })
  }

  private async check(work: GuestBatch): Promise<void> {
    await this.sleep(this.all.world.gapSeconds)
    for (const name of work.tests) {
      if (this.over || !(await this.test(name))) break
    }
    if (this.over || this.batch === null || this.batch.running !== null) return
    this.endBatch(0)
  }

  private endBatch(exitStatus: number): void {
    const batch = this.batchRun(exitStatus, null)
    this.batch = null
    if (batch !== null) this.push({ kind: 'batch-end', batch })
    this.push({ kind: 'ready', release: '6.1.0' })
  }

  /** False when nothing more comes of this batch. */
  private async test(name: TestName): Promise<boolean> {
    const section = this.options.section.name
    const behaviour = this.all.world.behaviour(section, name)
    if (this.batch === null) return false
    if (behaviour.kind === 'unknown') return true
    if (this.batch.withdrawn.has(name)) {
      this.batch.endedAfter = this.batch.timeline.at(-1)?.name ?? null
      return false
    }
    this.all.starts.push({ guest: this.id, section, name })
    this.batch.running = name
    this.batch.timeline.push({ name, startedAt: this.all.clock.now().toISOString(), endedAt: null, seconds: null })
    this.push({ kind: 'test-start', name })
    if (behaviour.report !== undefined) {
      const report = { kind: behaviour.report, title: behaviour.title ?? `a report of ${name}`, test: name } as KernelReport
      this.push({ kind: 'report', report })
    }
    if (behaviour.kind === 'hangs') return false
    await this.sleep(behaviour.seconds)
    if (this.over || this.batch === null) return false
    if (behaviour.kind === 'panics') {
      this.exit({ kind: 'panic', line: `Kernel panic - not syncing: ${name}` })
      return false
    }
    if (behaviour.kind === 'ends-check') {
      this.endBatch(137)
      return false
    }
    this.all.ends.push({ guest: this.id, section, name })
    const entry = this.batch.timeline.at(-1)
    if (entry !== undefined) Object.assign(entry, { endedAt: this.all.clock.now().toISOString(), seconds: behaviour.seconds })
    this.batch.running = null
    this.push({ kind: 'test-end', name, status: 'pass', seconds: behaviour.seconds })
    await this.sleep(this.all.world.gapSeconds)
    return true
  }

  private exit(exit: VmExit): void {
    if (this.over) return
    const batch = this.batchRun(null, exit)
    this.push({ kind: 'exit', exit, guest: this.guestRun(exit), batch })
    this.over = true
    this.all.alive -= 1
    this.dead.abort()
  }

  private batchRun(exitStatus: number | null, exit: VmExit | null): BatchRun | null {
    if (this.batch === null) return null
    const { work, timeline, running, withdrawn, endedAfter } = this.batch
    return {
      guest: this.id,
      suite: 'smoke',
      section: this.options.section.name,
      tests: work.tests.filter((name) => !withdrawn.has(name)),
      ...(endedAfter === undefined ? {} : { endedByUs: true, endedAfter }),
      directory: `guests/${this.id}/batches/${work.id}`,
      timeline: timeline.map((entry) => ({ ...entry })),
      exitStatus,
      died: exit === null ? null : { exit, test: running },
      notes: [],
    }
  }

  private guestRun(exit: VmExit): GuestRun {
    const now = this.all.clock.now().toISOString()
    return {
      id: this.id,
      suite: 'smoke',
      section: this.options.section.name,
      startedAt: now,
      endedAt: now,
      exit,
      boot: { kernelSeconds: 0, initSeconds: 0, readySeconds: 0, firstTestSeconds: 0 },
      consolePath: 'console.log',
      directory: `guests/${this.id}`,
      argv: [],
      release: null,
      reports: [],
    }
  }
}
