/** Dumps of one run: each holds a guest up for seconds and takes its whole memory on disk for a moment. */
export const MOST_DUMPS = 3

/** Decides whose memory is dumped: at most three guests of a run, each for another reason. */
export class DumpBudget {
  readonly #taken = new Set<string>()

  /** @param what a kernel report's title, or what did not end. @returns whether that guest's memory is to be dumped */
  take(what: string): boolean {
    if (this.#taken.has(what) || this.#taken.size >= MOST_DUMPS) return false
    this.#taken.add(what)
    return true
  }
}
