import type { BuildCount, Progress } from '../domain/stages.js'
import type { TestStatus } from '../domain/test.js'
import type { Clock } from '../ports/index.js'
import { STATUS_WORDS } from './words.js'
import { wrapLine } from './wrap.js'

/** The terminal as progress sees it. */
export interface ProgressOutput {
  /** True where a line can be rewritten: a terminal. */
  readonly live: boolean
  readonly columns: number
  write(text: string): void
}

const RUNNING_AT_MOST = 3
/** So long a test has run before its limit is of interest. */
const LIMIT_SHOWN_SECONDS = 60
/** Where a line's message begins: after its time and its stage. */
const HANGING = '00:00 build    '.length

/** Without a live line, silence longer than this is broken by a line with what runs. */
const HEARTBEAT_SECONDS = 60

/** Shows where the run is: finished tests as lines, and what runs now: on a terminal in one live line, in a log once a minute. */
export class ProgressView {
  private readonly startedAt: number
  private readonly running = new Map<number, { readonly label: string; readonly since: number; readonly limit: string }>()
  private done = 0
  private total = 0
  private stage = ''
  private build: { readonly what: string; readonly counted: BuildCount } | null = null
  private waiting: { readonly message: string; readonly since: number } | null = null
  private liveShown = false
  private lastLineAt: number

  constructor(
    private readonly output: ProgressOutput,
    private readonly seconds: () => number,
  ) {
    this.startedAt = seconds()
    this.lastLineAt = this.startedAt
  }

  /** Takes one event in. */
  show(progress: Progress): void {
    switch (progress.kind) {
      case 'stage':
        this.stage = progress.stage
        this.line(`${this.elapsed()} ${progress.stage.padEnd(8)} ${progress.message}`)
        break
      case 'build':
        this.takeBuild(progress.what, progress.counted)
        break
      case 'waiting':
        this.takeWaiting(progress.message)
        break
      case 'guest':
        this.line(`${this.elapsed()} vm ${progress.guest}: ${progress.message}`)
        break
      case 'accelerator':
        this.line(`${this.elapsed()} ${progress.decision.accelerator.padEnd(8)} ${progress.decision.reason}`)
        break
      case 'test-start':
        this.total = progress.total
        this.running.set(progress.guest, {
          label: `${progress.section} ${progress.name}`,
          since: this.seconds(),
          limit: `${formatSeconds(progress.limit.seconds)}, ${progress.limit.reason}`,
        })
        break
      case 'test-end':
        this.running.delete(progress.guest)
        this.done = progress.done
        this.total = progress.total
        this.line(
          `${this.elapsed()} [${progress.done}/${progress.total}] ${progress.section} ${progress.name} ${statusWords(progress.status)}${progress.seconds === null ? '' : ` ${formatSeconds(progress.seconds)}`}`,
        )
        break
      case 'test-word':
        // That a test which ended has passed is no news.
        if (progress.status !== 'pass')
          this.line(`${this.elapsed()} vm ${progress.guest}: ${progress.section} ${progress.name}: ${statusWords(progress.status)}`)
        break
      case 'kernel-report':
        this.line(`${this.elapsed()} vm ${progress.guest}: kernel: ${progress.title}${ranUnder(progress)}`)
        break
    }
    this.refresh()
  }

  /** What is built is said once as a line; how far it is, in the live line. */
  private takeBuild(what: string, counted: BuildCount | null): void {
    if (counted !== null && this.build?.what !== what && !this.output.live) this.line(`${this.elapsed()} ${'build'.padEnd(8)} ${what}`)
    this.build = counted === null ? null : { what, counted }
  }

  /** Where lines cannot be rewritten, each thing that is waited for is a line of its own, whatever its own numbers say since. */
  private takeWaiting(message: string | null): void {
    const subject = (text: string) => text.replace(/ \([^()]*\)$/, '')
    const isNew = message !== null && subject(message) !== subject(this.waiting?.message ?? '')
    if (isNew && !this.output.live) this.line(`${this.elapsed()} waiting  ${message}`)
    this.waiting = message === null ? null : { message, since: isNew ? this.seconds() : (this.waiting?.since ?? this.seconds()) }
  }

  /** Redraws the live line, or breaks a long silence; call it about once a second. */
  refresh(): void {
    if (this.stage === '' && !this.isBusy()) return
    if (!this.output.live) {
      if (this.isBusy() && this.seconds() - this.lastLineAt >= HEARTBEAT_SECONDS) this.line(this.status())
      return
    }
    this.output.write(`\r\u001b[K${withinLine(this.status(), Math.max(0, this.output.columns - 1))}`)
    this.liveShown = true
  }

  private isBusy(): boolean {
    return this.running.size > 0 || this.build !== null || this.waiting !== null
  }

  private status(): string {
    if (this.running.size === 0 && this.build !== null) return `${this.elapsed()} build · ${buildWords(this.build.counted)}`
    if (this.running.size === 0 && this.waiting !== null) {
      return `${this.elapsed()} waiting ${this.waiting.message} · ${formatSeconds(this.seconds() - this.waiting.since)}`
    }
    const running = [...this.running.values()].map(({ label, since, limit }) => {
      const seconds = this.seconds() - since
      return `${label} ${formatSeconds(seconds)}${seconds < LIMIT_SHOWN_SECONDS ? '' : ` (limit ${limit})`}`
    })
    const shown =
      running.slice(0, RUNNING_AT_MOST).join(', ') + (running.length > RUNNING_AT_MOST ? `, ${running.length - RUNNING_AT_MOST} more` : '')
    const booting = this.stage === 'vm' ? 'vm · booting' : this.stage
    const count = this.total === 0 ? booting : `${this.done} of ${this.total} tests`
    return `${this.elapsed()} ${count}${shown === '' ? '' : ` · running ${shown}`}`
  }

  /** Removes the live line, before anything else is printed. */
  clear(): void {
    if (this.liveShown) this.output.write('\r\u001b[K')
    this.liveShown = false
  }

  private line(text: string): void {
    this.clear()
    this.lastLineAt = this.seconds()
    this.output.write(`${this.output.live ? wrapLine(text, this.output.columns, ' '.repeat(HANGING)) : text}\n`)
  }

  private elapsed(): string {
    const seconds = Math.floor(this.seconds() - this.startedAt)
    return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`
  }
}

/** A status as people say it; another word of a suite's stands as it is. */
function statusWords(status: string): string {
  return Object.hasOwn(STATUS_WORDS, status) ? STATUS_WORDS[status as TestStatus] : status
}

function ranUnder({ test, provoked }: Extract<Progress, { kind: 'kernel-report' }>): string {
  if (test === null) return provoked ? ' (on purpose)' : ''
  return provoked ? ` (${test} does it on purpose)` : ` (in ${test})`
}

/** What is too long loses its middle: what it is about stands first, how far it is stands last. */
function withinLine(text: string, columns: number): string {
  if (text.length <= columns) return text
  const ending = Math.floor(columns / 3)
  return `${text.slice(0, Math.max(0, columns - ending - 1))}…${ending === 0 ? '' : text.slice(-ending)}`.slice(0, columns)
}

/** `734 of about 1756 objects · 2.1/s · about 8m06s left · CC fs/xfs/xfs_inode.o`, as far as it is known; before the first object the step alone. */
function buildWords({ done, total, perSecond, secondsLeft, step }: BuildCount): string {
  if (done === 0 && total === null && step !== null) return step
  const objects = total === null ? `${done} ${done === 1 ? 'object' : 'objects'}` : `${done} of about ${total} objects`
  const parts = [
    objects,
    ...(perSecond === null ? [] : [perSecond < 1 ? `${(perSecond * 60).toFixed(0)}/min` : `${perSecond.toFixed(1)}/s`]),
    ...(secondsLeft === null || secondsLeft < 1 ? [] : [`about ${formatSeconds(secondsLeft)} left`]),
    ...(step === null ? [] : [step]),
  ]
  return parts.join(' · ')
}

function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds)
  return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`
}

/** Runs something with its progress shown, and leaves the terminal clean however it ends. */
export async function withProgress<T>(
  output: ProgressOutput,
  clock: Clock,
  body: (onProgress: (progress: Progress) => void) => Promise<T>,
): Promise<T> {
  const view = new ProgressView(output, () => clock.monotonicSeconds())
  const over = new AbortController()
  const ticking = (async () => {
    while (!over.signal.aborted) {
      await clock.sleep(1, over.signal)
      if (!over.signal.aborted) view.refresh()
    }
  })()
  try {
    return await body((progress) => view.show(progress))
  } finally {
    over.abort()
    await ticking
    view.clear()
  }
}
