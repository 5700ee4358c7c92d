import { join } from 'node:path'
import { describeError } from '../../domain/errors.js'
import type { Files } from '../../ports/index.js'
import type { ResultFrame } from './result-frames.js'

export interface ResultCaps {
  /** Of one batch. */
  readonly files: number
  /** Of all batches of the guest together. */
  readonly guestFiles: number
  readonly fileBytes: number
  /** All files of the guest together, as they lie on the host. */
  readonly guestBytes: number
}

export const DEFAULT_RESULT_CAPS: ResultCaps = {
  files: 20_000,
  guestFiles: 100_000,
  fileBytes: 32 * 1024 * 1024,
  guestBytes: 1024 * 1024 * 1024,
}

/** Each kind of trouble is noted this often, then counted. */
const NOTES_OF_A_KIND = 10

interface OpenFile {
  /** Below the batch's directory, as the file is called on the host. */
  readonly path: string
  readonly offset: number | null
  readonly chunks: Uint8Array[]
  sizeBytes: number
  refused: boolean
}

/**
 * Writes what a guest sends below one directory. The guest is untrusted: names are judged, only regular files are made, files
 * and bytes are capped, and whatever is refused leaves a note. A file is replaced as a whole; one that was cut takes the
 * place of nothing better than itself.
 */
export class ResultFiles {
  private readonly sizes = new Map<string, number>()
  private readonly noteCounts = new Map<string, number>()
  private readonly collected: string[] = []
  private totalBytes = 0
  /** Files of earlier batches. */
  private filesBefore = 0
  private directory: string | null = null
  private open: OpenFile | null = null

  constructor(
    private readonly files: Pick<Files, 'write' | 'openAppend'>,
    readonly caps: ResultCaps = DEFAULT_RESULT_CAPS,
  ) {}

  /** From now on files go below this directory; the notes start anew. */
  begin(directory: string): void {
    this.directory = directory
    this.filesBefore += this.sizes.size
    this.sizes.clear()
    this.noteCounts.clear()
    this.collected.length = 0
  }

  notes(): readonly string[] {
    const more = [...this.noteCounts].filter(([, count]) => count > NOTES_OF_A_KIND)
    return [...this.collected, ...more.map(([kind, count]) => `${kind}: ${count - NOTES_OF_A_KIND} more`)]
  }

  note(kind: string, detail: string): void {
    const count = (this.noteCounts.get(kind) ?? 0) + 1
    this.noteCounts.set(kind, count)
    if (count <= NOTES_OF_A_KIND) this.collected.push(`${kind}: ${detail}`)
  }

  async accept(frame: Exclude<ResultFrame, { kind: 'mark' }>): Promise<void> {
    switch (frame.kind) {
      case 'file':
        this.start(frame.path, frame.offset)
        return
      case 'bytes':
        this.collect(frame.bytes)
        return
      case 'file-end':
        await this.finish(frame.complete)
        return
      case 'oversize':
        this.note('result file cut', `${printable(frame.path)} has ${frame.sizeBytes} bytes in the guest, ${this.caps.fileBytes} were kept`)
        return
      case 'garbage':
        this.note('results channel damaged', printable(frame.line))
        return
    }
  }

  private start(path: string, offset: number | null): void {
    const name = hostName(path)
    const unfit = this.directory === null ? 'no batch is running' : pathProblem(name)
    const tooMany = unfit === null ? this.countProblem(name) : null
    if (unfit !== null) this.note('result file refused', `${printable(path)}: ${unfit}`)
    if (tooMany !== null) this.note('result file beyond the cap', `${printable(path)}: ${tooMany}`)
    this.open = { path: name, offset, chunks: [], sizeBytes: 0, refused: unfit !== null || tooMany !== null }
  }

  private countProblem(path: string): string | null {
    if (this.sizes.has(path)) return null
    if (this.sizes.size >= this.caps.files) return `more than ${this.caps.files} files`
    return this.filesBefore + this.sizes.size < this.caps.guestFiles ? null : `more than ${this.caps.guestFiles} files of one guest`
  }

  private collect(bytes: Uint8Array): void {
    const file = this.open
    if (file === null || file.refused) return
    const before = this.sizes.get(file.path) ?? 0
    const room = this.roomFor(file, before)
    if (bytes.length > room) {
      const which =
        room + file.sizeBytes >= this.caps.fileBytes ? `${this.caps.fileBytes} bytes a file` : `${this.caps.guestBytes} bytes a guest`
      if (file.sizeBytes === 0 || room > 0) this.note('result file cut', `${printable(file.path)}: the cap is ${which}`)
    }
    const kept = bytes.subarray(0, Math.max(0, room))
    if (kept.length === 0) return
    file.chunks.push(kept)
    file.sizeBytes += kept.length
  }

  /** Bytes this file may still take. An older version of it makes room when it is replaced. */
  private roomFor(file: OpenFile, before: number): number {
    const replaced = file.offset === null ? before : 0
    const fileRoom = this.caps.fileBytes - (file.offset ?? 0) - file.sizeBytes
    return Math.min(fileRoom, this.caps.guestBytes - this.totalBytes + replaced - file.sizeBytes)
  }

  private async finish(complete: boolean): Promise<void> {
    const file = this.open
    this.open = null
    if (file === null || file.refused || this.directory === null) return
    const before = this.sizes.get(file.path)
    if (!complete) {
      if (file.sizeBytes === 0 || (file.offset === null && (before ?? 0) >= file.sizeBytes)) return
      this.note('result file incomplete', `${printable(file.path)}: the guest ended or the file changed while it was sent`)
    }
    if (file.offset !== null && file.offset !== 0 && file.offset !== before) {
      this.note('result file incomplete', `${printable(file.path)}: a part from byte ${file.offset} does not fit what is here`)
      return
    }
    try {
      await this.store(this.directory, file, before ?? 0)
    } catch (error) {
      this.note('result file not written', `${printable(file.path)}: ${describeError(error)}`)
    }
  }

  private async store(directory: string, file: OpenFile, before: number): Promise<void> {
    const path = join(directory, file.path)
    const contents = Buffer.concat(file.chunks)
    if (file.offset === null || file.offset === 0) {
      await this.files.write(path, contents)
      this.totalBytes += contents.length - before
      this.sizes.set(file.path, contents.length)
      return
    }
    const append = await this.files.openAppend(path)
    try {
      await append.append(contents)
    } finally {
      await append.close()
    }
    this.totalBytes += contents.length
    this.sizes.set(file.path, before + contents.length)
  }
}

/** What no artifact can hold in a name (actions/toolkit, path-and-artifact-name-validation.ts), what moves cursors or hides text. */
const UNFIT = /[%":<>|*?\\\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu
/** What the agent writes for a newline in a path, since a frame is one line. */
const NEWLINE_IN_PATH = '\u0001'

/** A path of a guest as the host calls it: every character that is fit for no file name here stands as `%0A`, its UTF-8 bytes in hex. */
export function hostName(path: string): string {
  return path
    .replaceAll(NEWLINE_IN_PATH, '\n')
    .replace(UNFIT, (character) =>
      [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
    )
}

/** Why a path from a guest is not used as a file name here, or null. */
export function pathProblem(path: string): string | null {
  if (path.startsWith('/')) return 'an absolute path'
  if (/[\u0000-\u001f\u007f\ufffd]/.test(path)) return 'control characters or bytes that are not UTF-8'
  if (Buffer.byteLength(path) > 1024) return 'longer than 1024 bytes'
  const parts = path.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return 'not a plain relative path'
  if (parts.some((part) => Buffer.byteLength(part) > 240)) return 'a name longer than 240 bytes'
  return null
}

/** Untrusted text as part of a message: one line, no control characters, not long. */
export function printable(text: string): string {
  return JSON.stringify(text.slice(0, 200)).slice(1, -1)
}
