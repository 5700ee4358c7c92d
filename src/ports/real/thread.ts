import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

/** What a thread's work came to. `late`: it was ended before. */
export type ThreadOutcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'late' }

/** When a thread that does not end is ended. */
export interface ThreadLimits {
  readonly signal: AbortSignal
  /** What it has once the signal came, in seconds of our processor time: on a machine that is busy elsewhere they take longer. */
  readonly graceSeconds: number
  /** But no longer than this, in seconds. */
  readonly graceAtMostSeconds: number
  /** What it has at most, in seconds. */
  readonly seconds: number
}

/** How often it is asked what a thread in a hurry has used. */
const LOOK_MILLISECONDS = 50

/** The reader's entry: beside this file in dist/, else (from source) that of the checkout. */
function readerEntry(): string {
  const beside = fileURLToPath(new URL('./reader.js', import.meta.url))
  return existsSync(beside) ? beside : fileURLToPath(new URL('../../../dist/reader.js', import.meta.url))
}

/** Has a thread read, while this one goes on hearing signals and clocks. What is handed over and comes back is cloned. Never throws. */
export function readInThread<T>(job: unknown, limits: ThreadLimits): Promise<ThreadOutcome<T>> {
  return new Promise((resolve) => {
    const worker = new Worker(readerEntry(), { workerData: job })
    const timers: NodeJS.Timeout[] = []
    const end = (outcome: ThreadOutcome<T>) => {
      for (const timer of timers) clearTimeout(timer)
      limits.signal.removeEventListener('abort', hurry)
      resolve(outcome)
      void worker.terminate()
    }
    const endAfter = (seconds: number) => {
      timers.push(setTimeout(() => end({ kind: 'late' }), Math.max(0, seconds) * 1000))
    }
    const hurry = () => {
      const before = process.cpuUsage()
      const look = () => {
        const { user, system } = process.cpuUsage(before)
        if (user + system >= limits.graceSeconds * 1e6) end({ kind: 'late' })
      }
      timers.push(setInterval(look, LOOK_MILLISECONDS))
      endAfter(limits.graceAtMostSeconds)
    }
    worker.once('message', (message: ThreadOutcome<T>) => end(message))
    worker.once('error', (error) => end({ kind: 'failed', reason: error.message }))
    worker.once('exit', (code) => end({ kind: 'failed', reason: `the thread ended with ${code}` }))
    endAfter(limits.seconds)
    if (limits.signal.aborted) hurry()
    else limits.signal.addEventListener('abort', hurry, { once: true })
  })
}

/** The other side: does the job it was started for, and says what it came to. */
export async function answerAsThread<J, T>(work: (job: J) => Promise<T>): Promise<void> {
  if (isMainThread || parentPort === null) throw new Error('started as a program, not as a thread')
  try {
    parentPort.postMessage({ kind: 'done', value: await work(workerData as J) } satisfies ThreadOutcome<T>)
  } catch (error) {
    parentPort.postMessage({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) } satisfies ThreadOutcome<T>)
  }
}
