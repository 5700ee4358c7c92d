import { join } from 'node:path'
import { describeError } from '../../domain/errors.js'
import type { Files } from '../../ports/index.js'
import { KnownFiles } from './known-files.js'
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

/** Files `tests/FILE.out` and `tests/FILE.status`, which the agent writes for each test that is a program of its own. */
export interface ProgramFiles {
  /** False for what is not the running test's: it is refused. */
  isExpected(file: string): boolean
  /** FILE.status is here. */
  ended(file: string, text: string): void
}

/** Counters of one test (nix/guest/coverage): the agent makes room for the next, and they stay here. */
const COUNTERS_FILE = /^vmtest-coverage\/\d{1,9}\.gz$/
const PROGRAM_FILE = /^tests\/([A-Za-z0-9._%-]+)\.(out|status)$/

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
  private readonly known = new KnownFiles()
  private readonly noteCounts = new Map<string, number>()
  private readonly collected: string[] = []
  private totalBytes = 0
  /** Files of earlier batches. */
  private filesBefore = 0
  private directory: string | null = null
  private open: OpenFile | null = null
  private programs: ProgramFiles | null = null
  /** What the guest has, as it says with the last mark of a batch; null: it did not say. */
  private listing: Set<string> | null = null
  /** What was refused, as a note says; so many are remembered as there may be files. */
  private readonly refused = new Set<string>()

  constructor(
    private readonly files: Pick<Files, 'write' | 'openAppend' | 'remove'>,
    readonly caps: ResultCaps = DEFAULT_RESULT_CAPS,
  ) {}

  /** From now on files go below this directory; the notes start anew. */
  begin(directory: string, programs: ProgramFiles | null = null): void {
    this.directory = directory
    this.programs = programs
    this.listing = null
    this.refused.clear()
    this.filesBefore += this.known.count
    this.known.clear()
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
      case 'removed':
        await this.remove(this.nameOf(frame.path))
        return
      case 'listed':
        this.listing ??= new Set()
        if (this.listing.size <= this.caps.files) this.listing.add(frame.path)
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
    const name = this.nameOf(path)
    const unfit = this.directory === null ? 'no batch is running' : this.problemOf(path, name)
    const tooMany = unfit === null ? this.countProblem(name) : null
    if (unfit !== null) this.note('result file refused', `${printable(path)}: ${unfit}`)
    if (tooMany !== null) this.note('result file beyond the cap', `${printable(path)}: ${tooMany}`)
    const refused = unfit !== null || tooMany !== null
    if (refused && this.refused.size <= this.caps.files) this.refused.add(path)
    this.open = { path: name, offset, chunks: [], sizeBytes: 0, refused }
  }

  /** The names of programs' files are ours. */
  private nameOf(path: string): string {
    return this.programFile(path) === null ? hostName(path) : path
  }

  private programFile(path: string): RegExpExecArray | null {
    return this.programs === null ? null : PROGRAM_FILE.exec(path)
  }

  private problemOf(path: string, name: string): string | null {
    const file = this.programFile(path)?.[1]
    if (file === undefined) return pathProblem(name)
    return this.programs?.isExpected(file) === true ? null : 'it is not of the test that runs'
  }

  /** The guest has the file no more. What a program of its own printed stays: the agent makes room, and another test hides nothing. */
  private async remove(name: string): Promise<void> {
    const size = this.known.sizeOf(name)
    if (size === undefined || this.directory === null || this.programFile(name) !== null || COUNTERS_FILE.test(name)) return
    this.totalBytes -= size
    try {
      // A directory must not stand where the guest has a file by now.
      await this.files.remove(join(this.directory, this.known.delete(name)))
    } catch (error) {
      this.note('result file not removed', `${printable(name)}: ${describeError(error)}`)
    }
  }

  /** The batch is at its end: holds what is here against what the guest has. What it has not goes; what is not here is noted. */
  async settle(): Promise<void> {
    const { listing } = this
    if (listing === null || listing.size > this.caps.files) return
    const names = new Set([...listing].map((path) => this.nameOf(path)))
    for (const name of this.known.paths().filter((path) => !names.has(path))) await this.remove(name)
    if (this.refused.size > this.caps.files) return
    for (const path of listing) {
      if (!this.known.has(this.nameOf(path)) && !this.refused.has(path)) this.note('result file missing', printable(path))
    }
  }

  private countProblem(path: string): string | null {
    if (this.known.has(path)) return null
    if (this.known.count >= this.caps.files) return `more than ${this.caps.files} files`
    return this.filesBefore + this.known.count < this.caps.guestFiles ? null : `more than ${this.caps.guestFiles} files of one guest`
  }

  private collect(bytes: Uint8Array): void {
    const file = this.open
    if (file === null || file.refused) return
    const before = this.known.sizeOf(file.path) ?? 0
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
    const before = this.known.sizeOf(file.path)
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
      const [, program, kind] = this.programFile(file.path) ?? []
      if (program !== undefined && kind === 'status') this.programs?.ended(program, Buffer.concat(file.chunks).toString('utf8'))
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
      this.known.set(file.path, contents.length)
      return
    }
    const append = await this.files.openAppend(path)
    try {
      await append.append(contents)
    } finally {
      await append.close()
    }
    this.totalBytes += contents.length
    this.known.set(file.path, before + contents.length)
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
