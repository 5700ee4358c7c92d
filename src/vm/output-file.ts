import { describeError } from '../domain/errors.js'
import type { AppendFile, Files } from '../ports/index.js'

const CAP_BYTES = 64 * 1024 * 1024

/** `check.stdout` of the batch that runs: byte for byte as the suite wrote it, up to a cap. */
export class OutputFile {
  private file: AppendFile | null = null
  private sizeBytes = 0
  private droppedBytes = 0
  private problem: string | null = null
  private decoder = new TextDecoder()

  constructor(private readonly files: Pick<Files, 'openAppend'>) {}

  async begin(path: string): Promise<void> {
    this.sizeBytes = 0
    this.droppedBytes = 0
    this.problem = null
    this.decoder = new TextDecoder()
    this.file = await this.files.openAppend(path)
  }

  /** Writes, and gives the text: it goes on being read when it can no longer be written. */
  async append(bytes: Uint8Array): Promise<string> {
    const kept = bytes.subarray(0, Math.max(0, CAP_BYTES - this.sizeBytes))
    this.droppedBytes += bytes.length - kept.length
    this.sizeBytes += kept.length
    try {
      if (kept.length > 0) await this.file?.append(kept)
    } catch (error) {
      this.problem ??= `check.stdout not written: ${describeError(error)}`
    }
    return this.decoder.decode(bytes, { stream: true })
  }

  /** Gives what went wrong, in sentences. */
  async close(): Promise<string[]> {
    await this.file?.close().catch(() => undefined)
    this.file = null
    const problems = this.problem === null ? [] : [this.problem]
    if (this.droppedBytes > 0) problems.push(`check.stdout cut: ${this.droppedBytes} bytes more than the cap of ${CAP_BYTES}`)
    return problems
  }
}
