import { type Profiler, Session } from 'node:inspector'

/** Which blocks of one script ran, as V8 counts them. */
export class BlockCoverage {
  readonly #session = new Session()
  readonly #seen = new Set<string>()

  /** @param script the bundle's URL: blocks of other scripts do not count */
  constructor(private readonly script: string) {
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** Blocks known so far. */
  get size(): number {
    return this.#seen.size
  }

  /** Takes what ran since the last call; true where a block ran, or was left out, for the first time. */
  isNew(): boolean {
    const before = this.#seen.size
    // The session answers before `post` returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error !== null) throw error
      for (const script of answer.result) if (script.url === this.script) this.#take(script)
    })
    return this.#seen.size > before
  }

  #take(script: Profiler.ScriptCoverage): void {
    for (const { ranges } of script.functions) {
      for (const { startOffset, endOffset, count } of ranges) this.#seen.add(`${startOffset}-${endOffset}:${Math.min(count, 2)}`)
    }
  }
}
