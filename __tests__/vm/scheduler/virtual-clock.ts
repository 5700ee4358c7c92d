import type { Clock } from '../../../src/ports/index.js'

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

/** A clock whose time passes only when nothing else is left to do. */
export class VirtualClock implements Clock {
  private seconds = 0
  private sleepers: Sleeper[] = []

  now(): Date {
    return new Date(Date.UTC(2026, 0, 1) + this.seconds * 1000)
  }

  monotonicSeconds(): number {
    return this.seconds
  }

  sleep(seconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        this.sleepers = this.sleepers.filter((other) => other !== sleeper)
        signal?.removeEventListener('abort', end)
        resolve()
      }
      const sleeper = { at: this.seconds + seconds, wake: end }
      if (signal?.aborted === true) return resolve()
      this.sleepers.push(sleeper)
      signal?.addEventListener('abort', end)
    })
  }

  /** Lets time pass until the promise settles. @throws when everyone waits for nothing */
  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const end = () => {
      settled = true
    }
    promise.then(end, end)
    for (;;) {
      // Two rounds: a promise chain may hop through the event loop once.
      await new Promise((resolve) => setImmediate(resolve))
      if (settled) return promise
      const next = this.sleepers.reduce<Sleeper | null>((first, each) => (first === null || each.at < first.at ? each : first), null)
      if (next === null) throw new Error(`deadlock at ${this.seconds} s: nobody sleeps and nothing is done`)
      this.seconds = Math.max(this.seconds, next.at)
      next.wake()
    }
  }
}
