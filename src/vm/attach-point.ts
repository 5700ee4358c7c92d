import { join } from 'node:path'
import type { ByteChannel, Files, Listener, Sockets } from '../ports/index.js'

/** In a guest's directory: where its terminal is to be had. */
export const ATTACH_FILE = 'attach.json'

export interface AttachPointOptions {
  /** The guest's terminal. */
  readonly terminal: ByteChannel
  /** The guest's directory, in which the socket is named. */
  readonly directory: string
  readonly files: Pick<Files, 'makeTemporary' | 'remove' | 'write'>
  readonly sockets: Sockets
}

/** What a second client is told. */
export const TAKEN = 'vmtest: somebody is attached to this guest already.'

/** The first bytes that a client writes: `attach ROWS COLUMNS TERM`. */
const HELLO = /^attach \d{1,4} \d{1,4} [\w.+-]{1,40}\n$/

/**
 * A guest's terminal behind a socket of its own, for one person at a time. What the guest writes while nobody is there is dropped: it must never wait.
 * The socket's directory is its user's alone (mkdtemp: mode 0700).
 */
export class AttachPoint {
  readonly #options: AttachPointOptions
  #client: ByteChannel | null = null
  #listener: Listener | null = null
  #directory: string | null = null
  /** The guest has a shell there that has not ended. */
  #hasShell = false

  constructor(options: AttachPointOptions) {
    this.#options = options
    void this.#drain()
  }

  /** Listens. Where that cannot be, nobody can attach, and nothing else is lost. */
  async open(): Promise<void> {
    const { files, sockets, directory } = this.#options
    try {
      // A path in the run's directory may be longer than a socket's may be.
      this.#directory = await files.makeTemporary('/tmp', 'vmtest-attach-')
      const path = join(this.#directory, 'terminal')
      this.#listener = await sockets.listen(path, (client) => void this.#serve(client))
      await files.write(join(directory, ATTACH_FILE), JSON.stringify({ socket: path }))
    } catch {
      await this.close()
    }
  }

  async close(): Promise<void> {
    const { files, directory } = this.#options
    this.#client?.close()
    await this.#listener?.close()
    if (this.#directory !== null) await files.remove(this.#directory)
    await files.remove(join(directory, ATTACH_FILE))
  }

  async #drain(): Promise<void> {
    for await (const chunk of this.#options.terminal) {
      if (chunk.includes(0)) this.#hasShell = false
      await this.#client?.write(chunk).catch(() => undefined)
      // The shell has ended: so has who was in it.
      if (chunk.includes(0)) this.#leave()
    }
    this.#leave()
  }

  #leave(): void {
    this.#client?.close()
    this.#client = null
  }

  async #serve(client: ByteChannel): Promise<void> {
    if (this.#client !== null) {
      await client.write(`${TAKEN}\r\n`).catch(() => undefined)
      // It leaves by itself: closed before it has read, it might not see why.
      for await (const _ of client);
      client.close()
      return
    }
    this.#client = client
    let isFirst = true
    for await (const chunk of client) {
      const text = Buffer.from(chunk)
      // Into a shell that is there already the words are not typed: a line shows its prompt.
      const begun = isFirst && this.#hasShell && HELLO.test(text.toString('latin1'))
      if (isFirst) this.#hasShell = true
      isFirst = false
      await this.#options.terminal.write(begun ? '\n' : text).catch(() => undefined)
    }
    if (this.#client === client) this.#client = null
  }
}
