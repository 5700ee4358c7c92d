import { LineSplitter } from '../console/line-splitter.js'

/** What the guest says on the results channel, in order. Paths are as the guest wrote them: not yet judged. */
export type ResultFrame =
  /** A file follows. `offset` null: the whole file; a number: what it gained from there on. */
  | { readonly kind: 'file'; readonly path: string; readonly offset: number | null }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** `complete` false: the guest gave up (the file vanished), or the stream was cut or damaged. */
  | { readonly kind: 'file-end'; readonly complete: boolean }
  /** The file sent last is longer in the guest than what leaves it. */
  | { readonly kind: 'oversize'; readonly path: string; readonly sizeBytes: number }
  /** The file is gone in the guest. */
  | { readonly kind: 'removed'; readonly path: string }
  /** With a batch's last mark: the file is there. */
  | { readonly kind: 'listed'; readonly path: string }
  /** Everything before this has been sent: a test starts, or the batch ended. */
  | { readonly kind: 'mark'; readonly text: string }
  | { readonly kind: 'garbage'; readonly line: string }

/** base64 lines have 76 characters; headers carry a path of at most 4096 bytes. */
const LINE_CAP_BYTES = 8192
const BASE64_LINE = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/**
 * Reads the results channel (docs/adrs/0003): lines of text, file contents as base64, so that a file that changes while it is
 * sent, a cut, or a guest gone mad never puts the reader out of step for longer than a line. Memory is bounded by a chunk.
 */
export class ResultFrameParser {
  private readonly lines = new LineSplitter(LINE_CAP_BYTES)
  private inFile = false
  private damaged = false

  feed(chunk: Uint8Array): readonly ResultFrame[] {
    const frames: ResultFrame[] = []
    for (const { text, droppedBytes } of this.lines.feed(chunk)) {
      if (droppedBytes > 0) this.garbage(frames, text)
      else this.line(frames, text)
    }
    return frames
  }

  /** The channel is closed: a file in the middle is cut. */
  end(): readonly ResultFrame[] {
    const frames: ResultFrame[] = []
    for (const { text } of this.lines.end()) this.garbage(frames, text)
    this.endFile(frames, false)
    return frames
  }

  private line(frames: ResultFrame[], text: string): void {
    if (this.inFile && !text.includes(' ')) {
      this.fileLine(frames, text)
      return
    }
    const header = readHeader(text)
    if (header === null) {
      this.garbage(frames, text)
      return
    }
    this.endFile(frames, false)
    frames.push(header)
    this.inFile = header.kind === 'file'
    this.damaged = false
  }

  private fileLine(frames: ResultFrame[], text: string): void {
    if (text === '.') this.endFile(frames, !this.damaged)
    else if (text === '!') this.endFile(frames, false)
    else {
      const bytes = bytesOf(text)
      if (bytes === null) this.garbage(frames, text)
      else frames.push({ kind: 'bytes', bytes })
    }
  }

  private endFile(frames: ResultFrame[], complete: boolean): void {
    if (this.inFile) frames.push({ kind: 'file-end', complete })
    this.inFile = false
  }

  private garbage(frames: ResultFrame[], line: string): void {
    this.damaged = true
    frames.push({ kind: 'garbage', line: line.slice(0, 200) })
  }
}

/**
 * What a line of base64 says; null for what is none. busybox's base64 ends with padding at a file's end, and goes on behind it, on the same line,
 * where the file has grown meanwhile (findings/busybox-base64-pads-in-the-middle.sh).
 */
function bytesOf(line: string): Uint8Array | null {
  if (BASE64_LINE.test(line)) return Buffer.from(line, 'base64')
  const pieces = line.split(/(?<==)(?!=)/)
  return pieces.every((piece) => BASE64_LINE.test(piece)) ? Buffer.concat(pieces.map((piece) => Buffer.from(piece, 'base64'))) : null
}

function readHeader(text: string): ResultFrame | null {
  const match = /^([FAXMDL]) (.+)$/.exec(text)
  const rest = match?.[2]
  if (rest === undefined) return null
  if (match?.[1] === 'F') return { kind: 'file', path: rest, offset: null }
  if (match?.[1] === 'M') return { kind: 'mark', text: rest }
  if (match?.[1] === 'D') return { kind: 'removed', path: rest }
  const numbered = /^(\d{1,19}) (.+)$/.exec(rest)
  const [, number, path] = numbered ?? []
  if (number === undefined || path === undefined) return null
  if (match?.[1] === 'L') return { kind: 'listed', path }
  return match?.[1] === 'A' ? { kind: 'file', path, offset: Number(number) } : { kind: 'oversize', path, sizeBytes: Number(number) }
}
