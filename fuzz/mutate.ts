/** Numbers in [0, 1) from a seed, so that a run can be repeated (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296
  }
}

/** Longer inputs find nothing that shorter ones do not, and take longer. */
export const LONGEST_INPUT_BYTES = 16 * 1024

export interface Mutation {
  readonly words: readonly string[]
  /** Inputs to splice from. */
  readonly corpus: readonly Uint8Array[]
  readonly random: () => number
}

/** One to eight damages to an input: bits, bytes, words of the format, lines, pieces of another input, cuts. */
export function mutate(input: Uint8Array, { words, corpus, random }: Mutation): Uint8Array {
  const below = (limit: number) => Math.floor(random() * limit)
  let bytes: Uint8Array = input
  for (let count = 1 + below(8); count > 0; count -= 1) {
    const at = below(bytes.length + 1)
    const length = below(Math.min(64, bytes.length - at + 1))
    const word = new TextEncoder().encode(words[below(words.length)] ?? '')
    const other = corpus[below(corpus.length)] ?? bytes
    const from = below(other.length + 1)
    const [lineStart, lineEnd] = lineAround(bytes, at)
    switch (below(9)) {
      case 0:
        bytes = flipped(bytes, at, below(8))
        break
      case 1:
        bytes = spliced(bytes, at, at, Uint8Array.of(below(256)))
        break
      case 2:
        bytes = spliced(bytes, at, at + length, new Uint8Array())
        break
      case 3:
        bytes = spliced(bytes, at, at, word)
        break
      case 4:
        bytes = spliced(bytes, at, at + length, word)
        break
      case 5:
        bytes = spliced(bytes, lineStart, lineEnd, new Uint8Array())
        break
      case 6:
        bytes = spliced(bytes, lineStart, lineStart, bytes.subarray(lineStart, lineEnd))
        break
      case 7:
        bytes = spliced(bytes, at, at, other.subarray(from, from + below(256)))
        break
      default:
        bytes = random() < 0.3 ? bytes.subarray(0, at) : spliced(bytes, lineStart, lineStart, lineOf(other, from))
    }
  }
  return bytes.subarray(0, LONGEST_INPUT_BYTES)
}

function spliced(bytes: Uint8Array, start: number, end: number, insert: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, start), insert, bytes.subarray(end)])
}

function flipped(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << bit)
  return copy
}

function lineAround(bytes: Uint8Array, at: number): readonly [number, number] {
  const start = at === 0 ? 0 : bytes.lastIndexOf(10, at - 1) + 1
  const end = bytes.indexOf(10, at)
  return [start, end < 0 ? bytes.length : end + 1]
}

function lineOf(bytes: Uint8Array, at: number): Uint8Array {
  const [start, end] = lineAround(bytes, at)
  return bytes.subarray(start, end)
}
