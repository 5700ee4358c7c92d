import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, createReadStream, openSync, readSync } from 'node:fs'
import { relative } from 'node:path'
import type { Readable } from 'node:stream'
import { inflateRawSync } from 'node:zlib'
import { entriesBelow } from './watch.js'

/** In every planted secret: searching for one word finds them all. */
const WORD = `Canary${randomBytes(12).toString('hex')}Word`

/** A secret that can be searched for. */
export const canary = (name: string) => `${name}${WORD}${randomBytes(6).toString('hex')}`

/** The word as it is, in base64 (plain and of URLs: the word's own has neither `+` nor `/`) at each alignment, in hex, reversed. */
export const NEEDLES: readonly Buffer[] = [
  WORD,
  ...[0, 1, 2].map((offset) =>
    Buffer.from(`${'x'.repeat(offset)}${WORD}`)
      .toString('base64')
      .slice(4, -4),
  ),
  Buffer.from(WORD).toString('hex'),
  [...WORD].reverse().join(''),
].map((text) => Buffer.from(text))

/** True where a text holds a canary in any of its forms. */
export const holdsCanary = (text: string) => NEEDLES.some((needle) => text.includes(needle.toString()))

const LONGEST = Math.max(...NEEDLES.map((needle) => needle.length))

/**
 * Files below a directory that hold one of some needles, relative to it: as they lie there and, where they are compressed
 * (zstd, gzip, zip), as they unpack. A tar in it is searched as its bytes, which are those of its files.
 */
export async function filesHolding(
  directory: string,
  needles: readonly Buffer[],
  except: readonly string[] = [],
): Promise<readonly string[]> {
  const found: string[] = []
  for (const { path, kind } of entriesBelow(directory)) {
    if (except.includes(path)) continue
    if (needles.some((needle) => path.includes(needle.toString()))) found.push(`${relative(directory, path)} (its name)`)
    if (kind === 'file' && !path.includes('\ufffd') && (await fileHolds(path, needles))) found.push(relative(directory, path))
  }
  return found
}

async function fileHolds(path: string, needles: readonly Buffer[]): Promise<boolean> {
  if (await streamHolds(createReadStream(path, { highWaterMark: 4 * 1024 ** 2 }), needles)) return true
  switch (kindOf(path)) {
    case 'zstd':
      return unpackedHolds(['zstd', '--decompress', '--stdout', '--quiet', '--long=31'], path, needles)
    case 'gzip':
      return unpackedHolds(['gzip', '--decompress', '--stdout', '--quiet'], path, needles)
    case 'zip':
      return zipHolds(path, needles)
    default:
      return false
  }
}

function kindOf(path: string): 'zstd' | 'gzip' | 'zip' | null {
  const start = Buffer.alloc(4)
  const file = openSync(path, 'r')
  readSync(file, start)
  closeSync(file)
  if (start.readUInt32BE() === 0x28b52ffd) return 'zstd'
  if (start.readUInt16BE() === 0x1f8b) return 'gzip'
  return start.readUInt32BE() === 0x504b0304 ? 'zip' : null
}

async function streamHolds(stream: Readable, needles: readonly Buffer[]): Promise<boolean> {
  let rest: Buffer = Buffer.alloc(0)
  let found = false
  // Read to its end even then: who writes must not wait.
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const bytes = Buffer.concat([rest, chunk])
    found ||= needles.some((needle) => bytes.includes(needle))
    rest = bytes.subarray(Math.max(0, bytes.length - LONGEST))
  }
  return found
}

async function unpackedHolds([program = '', ...options]: readonly string[], path: string, needles: readonly Buffer[]): Promise<boolean> {
  const child = spawn(program, [...options, path], { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const found = await streamHolds(child.stdout, needles)
  if ((await ended) !== 0) throw new Error(`${path} cannot be unpacked by ${program}: it is not searched`)
  return found
}

/** The members of a zip, by its central directory. */
export async function* zipMembers(
  path: string,
): AsyncGenerator<{ readonly name: string; readonly mode: number; readonly bytes: () => Buffer }> {
  const chunks: Buffer[] = []
  for await (const chunk of createReadStream(path)) chunks.push(chunk as Buffer)
  const zip = Buffer.concat(chunks)
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06'))
  if (end < 0) throw new Error(`${path} is no zip`)
  let [count, at] = [zip.readUInt16LE(end + 10), zip.readUInt32LE(end + 16)]
  for (; count > 0; count--) {
    const [method, size, nameLength, extra, comment] = [10, 20, 28, 30, 32].map((offset) =>
      offset === 20 ? zip.readUInt32LE(at + 20) : zip.readUInt16LE(at + offset),
    )
    const name = zip.toString('utf8', at + 46, at + 46 + (nameLength ?? 0))
    const mode = zip.readUInt32LE(at + 38) >>> 16
    const local = zip.readUInt32LE(at + 42)
    const data = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
    const packed = zip.subarray(data, data + (size ?? 0))
    yield { name, mode, bytes: () => (method === 0 ? packed : inflateRawSync(packed)) }
    at += 46 + (nameLength ?? 0) + (extra ?? 0) + (comment ?? 0)
  }
}

async function zipHolds(path: string, needles: readonly Buffer[]): Promise<boolean> {
  for await (const { name, bytes } of zipMembers(path)) {
    if (needles.some((needle) => name.includes(needle.toString()) || bytes().includes(needle))) return true
  }
  return false
}
