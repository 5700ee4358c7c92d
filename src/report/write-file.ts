import type { Files } from '../ports/index.js'

/** Pieces are handed on in writes of about this many bytes: each wakes another thread. */
const BATCH_BYTES = 1 << 19

/** Writes a file from pieces, beside its name first: a reader never sees half of it, and memory holds one batch. */
export async function writePieces(
  files: Pick<Files, 'openAppend' | 'remove' | 'rename'>,
  path: string,
  pieces: Iterable<string>,
): Promise<void> {
  const partial = `${path}.part`
  await files.remove(partial)
  const file = await files.openAppend(partial)
  try {
    // The disk writes one batch while the next is made.
    let [batch, other] = [Buffer.allocUnsafe(BATCH_BYTES), Buffer.allocUnsafe(BATCH_BYTES)]
    let filled = 0
    let writing = Promise.resolve()
    const handOn = async (bytes: Uint8Array) => {
      await writing
      writing = file.append(bytes)
      // What it throws is thrown where it is waited for.
      writing.catch(() => undefined)
    }
    const handOnBatch = async () => {
      if (filled === 0) return
      await handOn(batch.subarray(0, filled))
      ;[batch, other] = [other, batch]
      filled = 0
    }
    for (const piece of pieces) {
      // A character has three bytes at most.
      if (piece.length * 3 > BATCH_BYTES - filled) await handOnBatch()
      if (piece.length * 3 > BATCH_BYTES) await handOn(Buffer.from(piece))
      else filled += batch.write(piece, filled)
    }
    await handOnBatch()
    await writing
  } finally {
    await file.close()
  }
  await files.rename(partial, path)
}
