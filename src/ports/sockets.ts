import type { ByteChannel } from './exec.js'

/** A socket of this machine that others of its user connect to. */
export interface Listener {
  /** Takes no more connections, and removes the socket. */
  close(): Promise<void>
}

/** UNIX sockets of this machine. */
export interface Sockets {
  /** Listens at a path of at most 107 bytes (unix(7)). @throws where it is taken or cannot be made */
  listen(path: string, onConnection: (channel: ByteChannel) => void): Promise<Listener>
  /** @throws where nobody listens */
  connect(path: string): Promise<ByteChannel>
}
