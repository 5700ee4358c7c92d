import type { Progress } from '../domain/stages.js'

/** The terminal as progress sees it. */
export interface ProgressOutput {
  /** True where a line can be rewritten: a terminal. */
  readonly live: boolean
  readonly columns: number
  write(text: string): void
}

const RUNNING_AT_MOST = 3

/** Shows where the run is: finished tests as lines, and on a terminal one live line with what runs now. */
export class ProgressView {
  private readonly startedAt: number
  private readonly running = new Map<number, { readonly label: string; readonly since: number }>()
  private done = 0
  private total = 0
  private stage = ''
  private liveShown = false

  constructor(
    private readonly output: ProgressOutput,
    private readonly seconds: () => number,
  ) {
    this.startedAt = seconds()
  }

  /** Takes one event in. */
  show(progress: Progress): void {
    switch (progress.kind) {
      case 'stage':
        this.stage = progress.stage
        this.line(`${this.elapsed()} ${progress.stage.padEnd(8)} ${progress.message}`)
        break
      case 'guest':
        this.line(`${this.elapsed()} vm ${progress.guest}: ${progress.message}`)
        break
      case 'accelerator':
        this.line(`${this.elapsed()} ${progress.decision.accelerator.padEnd(8)} ${progress.decision.reason}`)
        break
      case 'test-start':
        this.total = progress.total
        this.running.set(progress.guest, { label: `${progress.section} ${progress.name}`, since: this.seconds() })
        if (!this.output.live) this.line(`${this.elapsed()} [${progress.index}/${progress.total}] ${progress.section} ${progress.name} …`)
        break
      case 'test-end':
        this.running.delete(progress.guest)
        this.done = progress.done
        this.total = progress.total
        this.line(
          `${this.elapsed()} [${progress.done}/${progress.total}] ${progress.section} ${progress.name} ${progress.status}${progress.seconds === null ? '' : ` ${formatSeconds(progress.seconds)}`}`,
        )
        break
      case 'kernel-report':
        this.line(
          `${this.elapsed()} vm ${progress.guest}: kernel: ${progress.title}${progress.test === null ? '' : ` (in ${progress.test})`}`,
        )
        break
    }
    this.refresh()
  }

  /** Redraws the live line; call it about once a second. */
  refresh(): void {
    if (!this.output.live || this.stage === '') return
    const running = [...this.running.values()].map(({ label, since }) => `${label} ${formatSeconds(this.seconds() - since)}`)
    const shown =
      running.slice(0, RUNNING_AT_MOST).join(', ') + (running.length > RUNNING_AT_MOST ? `, ${running.length - RUNNING_AT_MOST} more` : '')
    const count = this.total === 0 ? this.stage : `${this.done} of ${this.total} tests`
    const text = `${this.elapsed()} ${count}${shown === '' ? '' : ` · ${shown}`}`
    this.output.write(`\r\u001b[K${text.slice(0, Math.max(0, this.output.columns - 1))}`)
    this.liveShown = true
  }

  /** Removes the live line, before anything else is printed. */
  clear(): void {
    if (this.liveShown) this.output.write('\r\u001b[K')
    this.liveShown = false
  }

  private line(text: string): void {
    this.clear()
    this.output.write(`${text}\n`)
  }

  private elapsed(): string {
    const seconds = Math.floor(this.seconds() - this.startedAt)
    return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`
  }
}

function formatSeconds(seconds: number): string {
  return seconds < 60 ? `${Math.round(seconds)}s` : `${Math.floor(seconds / 60)}m${String(Math.round(seconds % 60)).padStart(2, '0')}s`
}
