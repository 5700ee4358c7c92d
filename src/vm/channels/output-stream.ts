/** Pieces of the suite's standard output, and the ends of batches between them. */
export type OutputPiece = { readonly kind: 'bytes'; readonly bytes: Uint8Array } | { readonly kind: 'end'; readonly batch: number }

const START = Buffer.from('\0vmtest-end ')
/** NUL, the words, up to nine digits, NUL. */
const LONGEST_END = START.length + 10

/**
 * Splits the output channel at the marks the agent writes after each batch (`\0vmtest-end K\0`). Holds back at most the bytes
 * that may be the beginning of such a mark.
 */
export class OutputSplitter {
  private held: Buffer = Buffer.alloc(0)

  feed(chunk: Uint8Array): readonly OutputPiece[] {
    let rest = Buffer.concat([this.held, chunk])
    const pieces: OutputPiece[] = []
    const give = (bytes: Buffer) => {
      if (bytes.length > 0) pieces.push({ kind: 'bytes', bytes })
    }
    for (;;) {
      const at = rest.indexOf(0)
      if (at < 0) break
      const mark = /^\0vmtest-end (\d{1,9})\0/.exec(rest.subarray(at, at + LONGEST_END).toString('latin1'))
      if (mark !== null) {
        give(rest.subarray(0, at))
        pieces.push({ kind: 'end', batch: Number(mark[1]) })
        rest = rest.subarray(at + mark[0].length)
      } else if (mayBecomeMark(rest.subarray(at))) {
        give(rest.subarray(0, at))
        this.held = Buffer.from(rest.subarray(at))
        return pieces
      } else {
        give(rest.subarray(0, at + 1))
        rest = rest.subarray(at + 1)
      }
    }
    give(rest)
    this.held = Buffer.alloc(0)
    return pieces
  }

  /** The channel is closed: what was held back was output after all. */
  end(): readonly OutputPiece[] {
    const bytes = this.held
    this.held = Buffer.alloc(0)
    return bytes.length > 0 ? [{ kind: 'bytes', bytes }] : []
  }
}

function mayBecomeMark(bytes: Buffer): boolean {
  if (bytes.length >= LONGEST_END) return false
  const head = bytes.subarray(0, START.length)
  return head.equals(START.subarray(0, head.length)) && /^\d{0,9}$/.test(bytes.subarray(START.length).toString('latin1'))
}
