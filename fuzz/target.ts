/** One parser of foreign bytes, with what must hold for any input. */
export interface Target {
  readonly name: string
  /** Words of the format: mutations put them in, so that the search need not find them letter by letter. */
  readonly words: readonly string[]
  /**
   * Reads the input and checks it against the oracle.
   * @throws anything where the parser broke a promise: an exception it does not declare, a verdict too good, memory without bound
   */
  run(input: Uint8Array): void | Promise<void>
}

/** A promise is broken. */
export class Broken extends Error {
  override readonly name = 'Broken'
}

export function mustHold(condition: boolean, promise: string): asserts condition {
  if (!condition) throw new Broken(promise)
}

export function textOf(input: Uint8Array): string {
  return new TextDecoder().decode(input)
}
