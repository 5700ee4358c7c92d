import { randomBytes } from 'node:crypto'
import { closeSync, constants, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { StoredText, TextStore } from '../../domain/kept-aside.js'

/** Small texts are written together. */
const PIECE_BYTES = 1024 * 1024
/** Pieces in memory: the evidence of all runs but the worst ones. */
const MOST_HELD = 32

/** Closes the files of stores that nothing refers to any more. */
const closing = new FinalizationRegistry<number>((descriptor) => closeSync(descriptor))

/** A store on the disk of a directory. @throws where nothing can be written there */
export function openTexts(directory: string): ScratchFile {
  const path = join(directory, `.evidence-${randomBytes(6).toString('hex')}`)
  const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
  // Nobody else needs its name, and however we end nothing of it is left.
  unlinkSync(path)
  return new ScratchFile(descriptor)
}

/** Texts in pieces of a file without a name. The first pieces, and with them all of a usual run, stay in memory, and so does the last. */
export class ScratchFile implements TextStore {
  /** Open for reading and writing; every thread of ours can use it. */
  readonly descriptor: number
  readonly #held = new Map<number, Buffer>()
  /** The piece that is filled now. */
  #piece = -1
  #filled = PIECE_BYTES
  #reading = Buffer.allocUnsafe(64 * 1024)

  constructor(descriptor: number) {
    this.descriptor = descriptor
  }

  put(text: string): StoredText {
    if (text.length * 3 > PIECE_BYTES) return this.#putLarge(Buffer.from(text))
    const room = PIECE_BYTES - this.#filled
    const buffer = (text.length * 3 <= room ? this.#held.get(this.#piece) : undefined) ?? this.#nextPiece()
    const offset = this.#piece * PIECE_BYTES + this.#filled
    const sizeBytes = buffer.write(text, this.#filled)
    this.#filled += sizeBytes
    return { offset, sizeBytes }
  }

  get({ offset, sizeBytes }: StoredText): string {
    const piece = Math.floor(offset / PIECE_BYTES)
    const start = offset - piece * PIECE_BYTES
    const held = this.#held.get(piece)
    if (held !== undefined) return held.toString('utf8', start, start + sizeBytes)
    if (sizeBytes > this.#reading.length) this.#reading = Buffer.allocUnsafe(sizeBytes)
    let read = 0
    while (read < sizeBytes) {
      const more = readSync(this.descriptor, this.#reading, read, sizeBytes - read, offset + read)
      if (more === 0) throw new Error('a file of ours in the run’s directory ended before its end')
      read += more
    }
    return this.#reading.toString('utf8', 0, sizeBytes)
  }

  /** From now on only this thread uses it: its file is closed when nothing refers to it. */
  own(): this {
    closing.register(this, this.descriptor)
    return this
  }

  /** Writes what is in memory, for another thread to read by the same descriptor. */
  flush(): void {
    for (const [piece, bytes] of this.#held) this.#write(bytes.subarray(0, piece === this.#piece ? this.#filled : PIECE_BYTES), piece)
  }

  /** What a full disk did not take stays in memory. */
  #nextPiece(): Buffer {
    const [last, full] = this.#held.size < MOST_HELD ? [] : ([...this.#held].at(-1) ?? [])
    if (last !== undefined && full !== undefined) {
      this.#write(full, last)
      this.#held.delete(last)
    }
    const next = full ?? Buffer.allocUnsafe(PIECE_BYTES)
    this.#piece += 1
    this.#filled = 0
    this.#held.set(this.#piece, next)
    return next
  }

  /** What fills pieces of its own is not held. */
  #putLarge(bytes: Buffer): StoredText {
    const piece = this.#piece + 1
    this.#write(bytes, piece)
    this.#piece += Math.ceil(bytes.length / PIECE_BYTES)
    this.#filled = PIECE_BYTES
    return { offset: piece * PIECE_BYTES, sizeBytes: bytes.length }
  }

  #write(bytes: Uint8Array, piece: number): void {
    let done = 0
    while (done < bytes.length) done += writeSync(this.descriptor, bytes, done, bytes.length - done, piece * PIECE_BYTES + done)
  }
}
