import type { Files } from '../ports/index.js'

/** Pieces are handed on in writes of about this many characters: small enough to be collected as young garbage. */
const BATCH = 1 << 16

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
    let batch: string[] = []
    let length = 0
    // The disk writes one batch while the next is made.
    let writing = Promise.resolve()
    for (const piece of pieces) {
      batch.push(piece)
      length += piece.length
      if (length < BATCH) continue
      await writing
      writing = file.append(batch.join(''))
      // What it throws is thrown where it is waited for.
      writing.catch(() => undefined)
      batch = []
      length = 0
    }
    await writing
    await file.append(batch.join(''))
  } finally {
    await file.close()
  }
  await files.rename(partial, path)
}
