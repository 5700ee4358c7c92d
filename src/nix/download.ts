import { createHash } from 'node:crypto'
import { UserError } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'

/** A release tarball and what its bytes must be. */
export interface Tarball {
  readonly url: string
  /** Lower-case hexadecimal. */
  readonly sha256: string
}

const STALL_SECONDS = 60

/** The reason a download failed in a way another source may cure: thrown for 404, a cut connection, no route. */
export class DownloadError extends UserError {}

function failed(url: string, what: string, cause?: unknown): DownloadError {
  return new DownloadError(
    `The Nix release ${url} could not be downloaded: ${what}.`,
    'Check the network, or give a mirror with `nix-tarball-url` and `nix-tarball-sha256`.',
    { kind: 'could-not-test', cause },
  )
}

/**
 * Streams a tarball into a file, then compares its hash with the one expected. The file is removed where anything is wrong.
 * @returns the size in bytes
 * @throws DownloadError where it does not arrive whole; UserError where it is not what was expected
 */
export async function downloadTarball(tarball: Tarball, path: string, ports: Pick<Ports, 'files' | 'http'>): Promise<number> {
  try {
    return await receive(tarball, path, ports)
  } catch (error) {
    await ports.files.remove(path)
    throw error
  }
}

async function receive({ url, sha256 }: Tarball, path: string, ports: Pick<Ports, 'files' | 'http'>): Promise<number> {
  const response = await ports.http.get(url, { stallSeconds: STALL_SECONDS }).catch((cause: unknown) => {
    throw failed(url, text(cause), cause)
  })
  if (response.status !== 200) {
    await response.discard()
    throw failed(url, `the server answered ${response.status}`)
  }
  const hash = createHash('sha256')
  const file = await ports.files.openAppend(path)
  let sizeBytes = 0
  try {
    for await (const chunk of received(response.body, url)) {
      hash.update(chunk)
      sizeBytes += chunk.length
      await file.append(chunk)
    }
  } finally {
    await file.close()
  }
  if (response.sizeBytes !== null && sizeBytes !== response.sizeBytes) {
    throw failed(url, `it ended after ${sizeBytes} of ${response.sizeBytes} bytes`)
  }
  const actual = hash.digest('hex')
  if (actual !== sha256) {
    throw new UserError(
      `The Nix release ${url} is not the expected one: its sha256 is ${actual}, expected ${sha256}. Nothing of it was run.`,
      'If the hash was given with `nix-tarball-sha256`, correct it. Otherwise do not trust this source.',
      { kind: 'could-not-test' },
    )
  }
  return sizeBytes
}

/** Errors of the connection, told apart from those of the disk. */
async function* received(body: AsyncIterable<Uint8Array>, url: string): AsyncGenerator<Uint8Array> {
  const iterator = body[Symbol.asyncIterator]()
  for (;;) {
    const next = await iterator.next().catch((cause: unknown) => {
      throw failed(url, `the connection ended early (${text(cause)})`, cause)
    })
    if (next.done === true) return
    yield next.value
  }
}

function text(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
