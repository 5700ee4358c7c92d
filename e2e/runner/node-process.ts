import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface ProcessRequest {
  /** The command that runs a script: node, perhaps inside something else. */
  readonly node: readonly string[]
  readonly script: string
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly onLine: (line: string) => void
}

export interface ProcessEnd {
  readonly code: number | null
  readonly signal: string | null
  /** The harshest thing that was needed to end it. */
  readonly ended: 'itself' | 'SIGINT' | 'SIGTERM' | 'SIGKILL'
}

/** Seconds from SIGINT to SIGTERM and from SIGTERM to the kill of the whole tree (actions/runner ProcessInvoker.cs:32). */
export const CANCEL_SECONDS = { interrupt: 7.5, terminate: 2.5 } as const

/** A JavaScript action's process, as the runner starts and cancels it. */
export class NodeProcess {
  readonly end: Promise<ProcessEnd>
  readonly #child: ChildProcess
  #cancelled: ProcessEnd['ended'] = 'itself'
  readonly #timers: NodeJS.Timeout[] = []

  constructor({ node, script, env, cwd, onLine }: ProcessRequest) {
    // Its own process group, so that the last step of a cancellation reaches everything it started.
    const [program = process.execPath, ...before] = node
    this.#child = spawn(program, [...before, script], { env: { ...env }, cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    const lines = [this.#child.stdout, this.#child.stderr].map((stream) => {
      if (stream === null) throw new Error('no output stream')
      const reader = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })
      reader.on('line', onLine)
      return new Promise<void>((resolve) => reader.on('close', () => resolve()))
    })
    const exited = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
      this.#child.on('error', reject)
      this.#child.on('exit', (code, signal) => resolve({ code, signal }))
    })
    this.end = this.#settle(exited, lines)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** SIGINT to the process alone, then SIGTERM, then SIGKILL to the tree. */
  cancel(): void {
    this.#send('SIGINT', false)
    this.#after(CANCEL_SECONDS.interrupt, () => this.#send('SIGTERM', false))
    this.#after(CANCEL_SECONDS.interrupt + CANCEL_SECONDS.terminate, () => this.#send('SIGKILL', true))
  }

  /** What a lost machine does: no warning at all. */
  kill(): void {
    this.#send('SIGKILL', true)
  }

  #after(seconds: number, body: () => void): void {
    this.#timers.push(setTimeout(body, seconds * 1000))
  }

  #send(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL', tree: boolean): void {
    this.#cancelled = signal
    try {
      process.kill(tree ? -this.pid : this.pid, signal)
    } catch {
      // Gone already.
    }
  }

  async #settle(exited: Promise<{ code: number | null; signal: string | null }>, lines: readonly Promise<void>[]): Promise<ProcessEnd> {
    const { code, signal } = await exited
    for (const timer of this.#timers) clearTimeout(timer)
    // A child left behind may hold the pipes open: the runner waits five seconds for them, then goes on.
    let timer: NodeJS.Timeout | undefined
    await Promise.race([Promise.all(lines), new Promise((resolve) => (timer = setTimeout(resolve, 5000)))])
    clearTimeout(timer)
    return { code, signal, ended: this.#cancelled }
  }
}
