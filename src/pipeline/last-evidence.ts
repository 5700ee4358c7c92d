import { join } from 'node:path'
import type { Ports } from '../ports/index.js'

const DAY_MS = 24 * 60 * 60 * 1000
const SET_BACK_MS = 60 * 60 * 1000
/** What stands before each line of a console's log: the host's time of day, in UTC. */
const STAMP = /^(\d\d):(\d\d):(\d\d)\.(\d{3})\| /

/** Passes a guest's console on to who reads it, and knows when its last line came. */
export class ConsoleTimes {
  readonly #startMs: number
  #lastMs: number | null = null

  /** @param startedAt of the guest, ISO 8601: the log has times of day only */
  constructor(startedAt: string) {
    this.#startMs = Date.parse(startedAt)
  }

  /** When the last line came, in milliseconds since 1970; null where none has. */
  get lastMs(): number | null {
    return this.#lastMs
  }

  async *through(console: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of console) {
      this.#note(chunk)
      yield chunk
    }
  }

  /** The last stamp of a piece will do: no piece takes a day. */
  #note(chunk: Uint8Array): void {
    const lines = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1').split('\n')
    for (const line of lines.reverse()) {
      const match = STAMP.exec(line)
      if (match === null) continue
      const [hours, minutes, seconds, milliseconds] = match.slice(1).map(Number) as [number, number, number, number]
      const ofDay = ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds
      const from = this.#lastMs ?? this.#startMs
      const later = (((ofDay - from) % DAY_MS) + DAY_MS) % DAY_MS
      // A clock that was set back a little is no day.
      if (Number.isFinite(later)) this.#lastMs = later > DAY_MS - SET_BACK_MS ? from : from + later
      return
    }
  }
}

/**
 * When the last of a batch's files changed, in milliseconds since 1970; null where there is none. Of use only where no console tells: who
 * copies or unpacks files gives them another time.
 */
export async function newestFile(directory: string, files: Ports['files']): Promise<number | null> {
  let newest: number | null = null
  const look = async (path: string): Promise<void> => {
    const entry = await files.stat(path)
    if (entry === null) return
    newest = Math.max(newest ?? 0, entry.modifiedMs)
    if (entry.kind !== 'directory') return
    for (const name of await files.list(path)) await look(join(path, name))
  }
  await look(directory)
  return newest
}
