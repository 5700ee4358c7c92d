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
    const bytes = Buffer.concat([this.held, chunk])
    this.held = Buffer.alloc(0)
    const pieces: OutputPiece[] = []
    // What lies between two marks is one piece, however many NULs it holds: a flood of them must not become a flood of pieces.
    let start = 0
    const giveUpTo = (end: number) => {
      if (end > start) pieces.push({ kind: 'bytes', bytes: bytes.subarray(start, end) })
    }
    for (let at = bytes.indexOf(START); at >= 0; at = bytes.indexOf(START, at + 1)) {
      const mark = /^\0vmtest-end (\d{1,9})\0/.exec(bytes.subarray(at, at + LONGEST_END).toString('latin1'))
      if (mark === null) continue
      giveUpTo(at)
      pieces.push({ kind: 'end', batch: Number(mark[1]) })
      start = at + mark[0].length
    }
    const held = beginningOfMark(bytes.subarray(start))
    giveUpTo(bytes.length - held)
    this.held = Buffer.from(bytes.subarray(bytes.length - held))
    return pieces
  }

  /** The channel is closed: what was held back was output after all. */
  end(): readonly OutputPiece[] {
    const bytes = this.held
    this.held = Buffer.alloc(0)
    return bytes.length > 0 ? [{ kind: 'bytes', bytes }] : []
  }
}

/** How many of the last bytes may be the beginning of a mark. */
function beginningOfMark(bytes: Buffer): number {
  const tail = bytes.subarray(Math.max(0, bytes.length - LONGEST_END + 1))
  for (let at = tail.indexOf(0); at >= 0; at = tail.indexOf(0, at + 1)) {
    if (mayBecomeMark(tail.subarray(at))) return tail.length - at
  }
  return 0
}

function mayBecomeMark(bytes: Buffer): boolean {
  const head = bytes.subarray(0, START.length)
  return head.equals(START.subarray(0, head.length)) && /^\d{0,9}$/.test(bytes.subarray(START.length).toString('latin1'))
}
