import { rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { type Duplex, PassThrough } from 'node:stream'
import type { ByteChannel } from '../exec.js'
import type { Sockets } from '../sockets.js'

/** UNIX sockets of this machine. */
export function createSockets(): Sockets {
  return {
    listen: (path, onConnection) =>
      new Promise((resolve, reject) => {
        const server = createServer((socket) => onConnection(channelOf(socket)))
        // It must not keep a run that is over alive.
        server.unref()
        server.once('error', reject)
        server.listen(path, () =>
          resolve({
            close: async () => {
              server.close()
              await rm(path, { force: true })
            },
          }),
        )
      }),
    connect: (path) =>
      new Promise((resolve, reject) => {
        const socket = connect(path)
        socket.once('error', reject)
        socket.once('connect', () => resolve(channelOf(socket)))
      }),
  }
}

function channelOf(socket: Duplex): ByteChannel {
  socket.on('error', () => undefined)
  // What comes before somebody reads is kept.
  const incoming = socket.pipe(new PassThrough())
  // A socket that is destroyed, by us too, does not end what it is piped into: its reader would wait for ever.
  socket.once('close', () => incoming.end())
  return {
    write: (bytes) => new Promise((resolve, reject) => socket.write(bytes, (error) => (error ? reject(error) : resolve()))),
    close: () => void socket.destroy(),
    async *[Symbol.asyncIterator]() {
      try {
        for await (const chunk of incoming as AsyncIterable<Buffer>) yield chunk
      } catch {
        // The other end is gone.
      }
    },
  }
}
