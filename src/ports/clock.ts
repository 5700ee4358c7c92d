/** Time. `now` is wall-clock time for people, `monotonicSeconds` for every limit and duration. */
export interface Clock {
  now(): Date
  monotonicSeconds(): number
  /** Resolves early, without throwing, when the signal aborts. */
  sleep(seconds: number, signal?: AbortSignal): Promise<void>
}
