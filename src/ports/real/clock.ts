import type { Clock } from '../clock.js'

/** The machine's clocks. */
export function createClock(): Clock {
  return {
    now: () => new Date(),
    monotonicSeconds: () => performance.now() / 1000,
    sleep: (seconds, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve()
        const done = () => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', done)
          resolve()
        }
        const timer = setTimeout(done, seconds * 1000)
        signal?.addEventListener('abort', done)
      }),
  }
}
