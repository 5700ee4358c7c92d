import { randomBytes } from 'node:crypto'
import { closeSync, constants, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { StoredText, TextStore } from '../../domain/kept-aside.js'

/** Small texts are written together. */
const BUFFER_BYTES = 1024 * 1024

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

/** Texts one after the other in a file without a name. The last ones are in memory until there are enough for a write. */
export class ScratchFile implements TextStore {
  /** Open for reading and writing; every thread of ours can use it. */
  readonly descriptor: number
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES)
  #filled = 0
  #written = 0
  #reading = Buffer.allocUnsafe(64 * 1024)

  constructor(descriptor: number) {
    this.descriptor = descriptor
  }

  put(text: string): StoredText {
    if (this.#filled > 0 && text.length * 3 > BUFFER_BYTES - this.#filled) {
      this.#write(this.#buffer.subarray(0, this.#filled))
      this.#filled = 0
    }
    const offset = this.#written + this.#filled
    if (text.length * 3 > BUFFER_BYTES) {
      const bytes = Buffer.from(text)
      this.#write(bytes)
      return { offset, sizeBytes: bytes.length }
    }
    const sizeBytes = this.#buffer.write(text, this.#filled)
    this.#filled += sizeBytes
    return { offset, sizeBytes }
  }

  get({ offset, sizeBytes }: StoredText): string {
    if (offset >= this.#written) return this.#buffer.toString('utf8', offset - this.#written, offset - this.#written + sizeBytes)
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

  /** Writes what is in memory yet, for another thread to read. @returns how much there is */
  flush(): number {
    this.#write(this.#buffer.subarray(0, this.#filled))
    this.#filled = 0
    return this.#written
  }

  /** Takes what another thread has written, `flush` having said how much. Nothing was put here before. */
  resume(sizeBytes: number): void {
    this.#written = sizeBytes
  }

  /** What a full disk did not take stays in memory: nothing is counted as written before all of it is. */
  #write(bytes: Uint8Array): void {
    let done = 0
    while (done < bytes.length) done += writeSync(this.descriptor, bytes, done, bytes.length - done, this.#written + done)
    this.#written += bytes.length
  }
}
