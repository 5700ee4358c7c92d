import { describeError } from '../../domain/errors.js'
import type { KernelReport } from '../../domain/kernel-report.js'
import type { BatchRun, GuestRun, VmExit } from '../../domain/vm-run.js'
import type { Clock } from '../../ports/index.js'
import type { Guest, GuestEvent, ProgramEnd, TestProgram } from '../../vm/index.js'
import { type ExecOutcome, whyLost } from './outcome.js'

/** How long each part may take. */
export interface ExecLimits {
  readonly bootSeconds: number
  readonly commandSeconds: number
  readonly leaveSeconds: number
}

export interface ConverseOptions {
  readonly guest: Guest
  readonly program: TestProgram
  readonly limits: ExecLimits
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Reads the status that the agent left of a command; null where there is none. */
  readonly readEnd: (batch: BatchRun) => Promise<ProgramEnd | null>
  readonly onReady: (release: string) => void
}

type Phase = 'boot' | 'command' | 'leave'

const SUBJECTS: Readonly<Record<Phase, string>> = {
  boot: 'the guest did not boot',
  command: 'the command did not end',
  leave: 'the guest did not power off',
}
/** A guest that is told to end is given so long for its channels to be read to their end. */
const ENDING_SECONDS = 45

/** Runs one command in a guest from its start to its end. Never fails: whatever happens is an outcome. */
export async function converse(options: ConverseOptions): Promise<ExecOutcome> {
  const { guest, clock, limits, signal } = options
  const talk = new Talk(options)
  const events = guest.events()[Symbol.asyncIterator]()
  let pending = events.next()
  for (;;) {
    if (signal.aborted) talk.end({ kind: 'cancelled' })
    const left = talk.until - clock.monotonicSeconds()
    const wake = await firstOf(pending, left, clock, signal)
    if (wake === 'aborted') continue
    if (wake === 'late') {
      if (talk.ending) return talk.gone()
      const seconds = limits[`${talk.phase}Seconds`]
      await talk.expire(`${SUBJECTS[talk.phase]} within ${Math.round(seconds)} s`, seconds)
      continue
    }
    if (wake.done === true) return talk.gone()
    pending = events.next()
    const outcome = await talk.hear(wake.value)
    if (outcome !== null) return outcome
  }
}

/** What has been said so far. */
class Talk {
  phase: Phase = 'boot'
  until: number
  ending = false
  private end_: ProgramEnd | null = null
  private refusal: string | null = null
  private batch: BatchRun | null = null
  private readonly reports: KernelReport[] = []

  constructor(private readonly options: ConverseOptions) {
    this.until = options.clock.monotonicSeconds() + options.limits.bootSeconds
  }

  private enter(phase: Phase): void {
    this.phase = phase
    this.until = this.options.clock.monotonicSeconds() + this.options.limits[`${phase}Seconds`]
  }

  async hear(event: GuestEvent): Promise<ExecOutcome | null> {
    const { guest, program, onReady, readEnd } = this.options
    switch (event.kind) {
      case 'ready':
        if (this.phase !== 'boot') {
          await guest.finish()
          return null
        }
        onReady(event.release)
        this.enter('command')
        await guest.run({ id: 1, tests: [program.name], environment: {}, arguments: [], programs: [program] })
        return null
      case 'cannot':
        this.refusal = `the guest cannot run it: ${event.words.replace(/^because /, '')}`
        this.enter('leave')
        await guest.finish()
        return null
      case 'batch-end':
        this.batch = event.batch
        this.end_ = await readEnd(event.batch)
        if (!this.ending) this.enter('leave')
        return null
      case 'report':
        this.reports.push(event.report)
        return null
      case 'exit':
        return this.exited(event.exit, event.guest, event.batch)
      default:
        return null
    }
  }

  private exited(exit: VmExit, guest: GuestRun, batch: BatchRun | null): ExecOutcome {
    const isCancelled = exit.kind === 'cancelled'
    const missing = this.end_ === null ? 'the guest left no word of how the command ended' : null
    return {
      end: this.end_,
      lost: this.refusal ?? whyLost(exit, this.end_ !== null) ?? missing,
      isCancelled,
      reports: this.reports,
      guest,
      batch: batch ?? this.batch,
    }
  }

  /** It does not even end. */
  gone(): ExecOutcome {
    return { end: this.end_, lost: 'the guest was lost', isCancelled: false, reports: this.reports, guest: null, batch: this.batch }
  }

  /** What it hangs in goes into its log. */
  async expire(reason: string, afterSeconds: number): Promise<void> {
    if (this.phase !== 'leave') await this.options.guest.diagnose(reason).catch(() => undefined)
    this.end({
      kind: 'timeout',
      what: this.phase === 'command' ? 'test' : this.phase === 'boot' ? 'boot' : 'run',
      afterSeconds,
      lastLine: '',
    })
  }

  end(exit: VmExit): void {
    if (this.ending) return
    this.ending = true
    this.until = this.options.clock.monotonicSeconds() + ENDING_SECONDS
    void this.options.guest.stop(exit).catch((error) => {
      this.refusal ??= describeError(error)
    })
  }
}

async function firstOf(
  pending: Promise<IteratorResult<GuestEvent>>,
  seconds: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<IteratorResult<GuestEvent> | 'late' | 'aborted'> {
  const over = new AbortController()
  let heard = () => {}
  const aborted = new Promise<'aborted'>((resolve) => {
    heard = () => resolve('aborted')
    if (!signal.aborted) signal.addEventListener('abort', heard)
  })
  try {
    return await Promise.race([pending, clock.sleep(Math.max(0, seconds), over.signal).then(() => 'late' as const), aborted])
  } finally {
    signal.removeEventListener('abort', heard)
    over.abort()
  }
}
