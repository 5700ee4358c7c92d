import { join } from 'node:path'
import type { AppendFile, Clock, Files } from '../../ports/index.js'
import { LineSplitter } from './line-splitter.js'

export interface ConsoleLogOptions {
  readonly directory: string
  readonly files: Pick<Files, 'openAppend' | 'stream' | 'remove' | 'stat'>
  readonly clock: Pick<Clock, 'now'>
  /** Of the whole log; half of it for the head, half for the tail. */
  readonly capBytes?: number
  readonly lineCapBytes?: number
  /** Called with each line, without the host's time and before it is on disk. */
  readonly onLine: (text: string) => void
}

/** Under this name the console lies in the guest's directory. */
export const CONSOLE_FILE = 'console.log'

const GAVE_UP = /^vmtest: (init|agent) failed: /

const DEFAULT_CAP_BYTES = 64 * 1024 * 1024
const DEFAULT_LINE_CAP_BYTES = 16 * 1024

/**
 * `console.log`: every line the guest printed, with the host's time before it (`HH:MM:SS.mmm| `, UTC).
 * A guest may print without end: the head is kept, and of the rest the tail, in two files that take turns until the
 * log is closed; a line in between says what is missing. What was written is on disk even when we are killed.
 */
export class ConsoleLog {
  /** The last line with something in it: what a hanging guest said last. */
  lastLine = ''
  /** Why init or agent gave up (nix/guest), once one has said so: more is printed while the guest powers off. */
  gaveUp: string | null = null
  /** Set when the log could not be written (a full disk); the lines still go to `onLine`. */
  writeError: unknown = null
  private readonly splitter: LineSplitter
  private readonly headCap: number
  private readonly segmentCap: number
  private current: AppendFile | null = null
  private currentBytes = 0
  /** 0: the head; above: a tail segment. */
  private segment = 0
  private droppedLines = 0
  private segmentLines: number[] = []

  constructor(private readonly options: ConsoleLogOptions) {
    const cap = options.capBytes ?? DEFAULT_CAP_BYTES
    this.headCap = cap / 2
    this.segmentCap = cap / 4
    this.splitter = new LineSplitter(options.lineCapBytes ?? DEFAULT_LINE_CAP_BYTES)
  }

  get path(): string {
    return join(this.options.directory, CONSOLE_FILE)
  }

  async feed(chunk: Uint8Array): Promise<void> {
    await this.write(this.splitter.feed(chunk))
  }

  /** Puts head and tail together. */
  async close(): Promise<void> {
    await this.write(this.splitter.end())
    try {
      await this.current?.close()
      if (this.segment > 0) await this.joinTail()
    } catch (error) {
      this.writeError ??= error
    }
  }

  private async write(lines: readonly { text: string; droppedBytes: number }[]): Promise<void> {
    if (lines.length === 0) return
    const time = this.options.clock.now().toISOString().slice(11, 23)
    let batch = ''
    let count = 0
    for (const { text, droppedBytes } of lines) {
      if (text.trim() !== '') this.lastLine = text
      if (GAVE_UP.test(text)) this.gaveUp = text
      this.options.onLine(text)
      batch += `${time}| ${text}${droppedBytes > 0 ? ` [vmtest: ${droppedBytes} more bytes in this line]` : ''}\n`
      count += 1
    }
    try {
      await this.append(batch, count)
    } catch (error) {
      this.writeError ??= error
    }
  }

  private async append(batch: string, lines: number): Promise<void> {
    const bytes = Buffer.from(batch)
    const cap = this.segment === 0 ? this.headCap : this.segmentCap
    if (this.current !== null && this.currentBytes > 0 && this.currentBytes + bytes.length > cap) await this.nextSegment()
    this.current ??= await this.options.files.openAppend(this.path)
    this.currentBytes += bytes.length
    if (this.segment > 0) this.segmentLines[this.segment] = (this.segmentLines[this.segment] ?? 0) + lines
    await this.current.append(bytes)
  }

  private async nextSegment(): Promise<void> {
    await this.current?.close()
    this.segment += 1
    this.currentBytes = 0
    const lost = this.segment - 2
    if (lost > 0) {
      this.droppedLines += this.segmentLines[lost] ?? 0
      await this.options.files.remove(this.segmentPath(lost))
    }
    this.current = await this.options.files.openAppend(this.segmentPath(this.segment))
  }

  private segmentPath(segment: number): string {
    return join(this.options.directory, `console.tail.${segment}`)
  }

  private async joinTail(): Promise<void> {
    const { files } = this.options
    const log = await files.openAppend(this.path)
    if (this.droppedLines > 0) await log.append(`[vmtest: ${this.droppedLines} lines dropped here: the guest printed more than the cap]\n`)
    for (const segment of [this.segment - 1, this.segment].filter((number) => number > 0)) {
      const path = this.segmentPath(segment)
      for await (const chunk of files.stream(path)) await log.append(chunk)
      await files.remove(path)
    }
    await log.close()
  }
}
