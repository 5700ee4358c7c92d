import { withoutTrailing } from '../../domain/without-trailing.js'
/** A line as it came, cut where it was longer than the cap. `dropped` counts the bytes left out. */
export interface ConsoleLine {
  readonly text: string
  readonly droppedBytes: number
}

const NEWLINE = 0x0a

/**
 * Cuts a byte stream into lines in bounded memory. Terminators (`\n`, `\r\n`) are not part of a line; bytes that are not
 * UTF-8 become U+FFFD.
 */
export class LineSplitter {
  private kept: Buffer[] = []
  private keptBytes = 0
  private dropped = 0
  private readonly capBytes: number

  constructor(capBytes: number) {
    this.capBytes = capBytes
  }

  feed(chunk: Uint8Array): readonly ConsoleLine[] {
    const lines: ConsoleLine[] = []
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let start = 0
    for (let end = bytes.indexOf(NEWLINE, start); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      this.keep(bytes.subarray(start, end))
      lines.push(this.take())
      start = end + 1
    }
    this.keep(bytes.subarray(start))
    return lines
  }

  /** The last line where it has no terminator. */
  end(): readonly ConsoleLine[] {
    return this.keptBytes + this.dropped > 0 ? [this.take()] : []
  }

  /** What has come of a line that is not complete yet. */
  get pending(): string {
    return Buffer.concat(this.kept).toString('utf8')
  }

  private keep(piece: Buffer): void {
    const room = Math.max(0, this.capBytes - this.keptBytes)
    const part = piece.subarray(0, room)
    // A copy: the chunk's memory may be large, and it is not ours.
    if (part.length > 0) this.kept.push(Buffer.from(part))
    this.keptBytes += part.length
    this.dropped += piece.length - part.length
  }

  private take(): ConsoleLine {
    const text = withoutTrailing(Buffer.concat(this.kept).toString('utf8'), '\r')
    const line = { text, droppedBytes: this.dropped }
    this.kept = []
    this.keptBytes = 0
    this.dropped = 0
    return line
  }
}
