/** A test and what it is taken to last. */
export interface TimedTest {
  readonly suite: string
  readonly section: string
  readonly name: string
  readonly seconds: number
}

/** What every runner pays before a test runs, in seconds: booting a guest, and a start of the suite. */
export interface FixedCost {
  readonly guestSeconds: number
  readonly startSeconds: number
}

/** What one runner takes, and how long that lasts with its guests and starts. */
export interface Shard {
  readonly tests: readonly { readonly suite: string; readonly section: string; readonly name: string }[]
  readonly seconds: number
}
