/** Values handed from one side to one reader, in order, each once. */
export class EventQueue<T> implements AsyncIterable<T> {
  private readonly values: T[] = []
  private wake: (() => void) | null = null
  private ended = false

  push(value: T): void {
    if (this.ended) return
    this.values.push(value)
    this.wake?.()
  }

  /** No more values: the reader ends after those that are here. */
  end(): void {
    this.ended = true
    this.wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      const value = this.values.shift()
      if (value !== undefined) yield value
      else if (this.ended) return
      else {
        await new Promise<void>((resolve) => {
          this.wake = resolve
        })
        this.wake = null
      }
    }
  }
}
