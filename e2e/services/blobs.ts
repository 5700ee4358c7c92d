import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { appendFile, mkdir, readFile, rename, rm, stat, truncate } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

interface Blob {
  readonly id: string
  /** The `sig` of the URL that may write, and of the one that may read. */
  readonly writeSignature: string
  readonly readSignature: string
  contentType: string
  committed: boolean
  readonly blocks: Map<string, string>
}

export interface BlobReply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Readable | string
}

/**
 * Blob storage as the clients use Azure's: Put Blob, Put Block, Put Block List, Get Blob (with Range), Get Blob Properties.
 * Blocks lie on disk in the order they came; the block list decides their order in the blob.
 */
export class BlobStore {
  readonly #blobs = new Map<string, Blob>()
  #next = 1

  constructor(
    private readonly directory: string,
    private readonly origin: () => string,
  ) {}

  create(contentType = 'application/octet-stream'): string {
    const id = String(this.#next++)
    const signature = () => randomBytes(24).toString('base64url')
    this.#blobs.set(id, { id, writeSignature: signature(), readSignature: signature(), contentType, committed: false, blocks: new Map() })
    return id
  }

  uploadUrl(id: string): string {
    return `${this.origin()}/blobs/${id}?sp=w&sig=${this.#get(id).writeSignature}`
  }

  downloadUrl(id: string): string {
    return `${this.origin()}/blobs/${id}?sp=r&sig=${this.#get(id).readSignature}`
  }

  /** Where the blob's bytes are: tests spoil them to see what a reader does. */
  file(id: string): string {
    return join(this.directory, `${id}.blob`)
  }

  async sizeBytes(id: string): Promise<number | null> {
    return this.#get(id).committed ? (await stat(this.file(id))).size : null
  }

  async sha256(id: string): Promise<string> {
    const hash = createHash('sha256')
    await pipeline(createReadStream(this.file(id)), hash)
    return hash.digest('hex')
  }

  async truncate(id: string, sizeBytes: number): Promise<void> {
    await truncate(this.file(id), sizeBytes)
  }

  async remove(id: string): Promise<void> {
    await rm(this.file(id), { force: true })
    this.#blobs.delete(id)
  }

  async handle(request: IncomingMessage, url: URL): Promise<BlobReply> {
    const blob = this.#blobs.get(url.pathname.split('/')[2] ?? '')
    if (blob === undefined) return azureError(404, 'BlobNotFound')
    const signature = url.searchParams.get('sig')
    if (request.method === 'PUT') {
      if (signature !== blob.writeSignature) return azureError(403, 'AuthenticationFailed')
      return this.#put(blob, request, url)
    }
    if (request.method === 'GET' || request.method === 'HEAD') {
      if (signature !== blob.readSignature) return azureError(403, 'AuthenticationFailed')
      if (!blob.committed) return azureError(404, 'BlobNotFound')
      return this.#read(blob, request)
    }
    return azureError(405, 'UnsupportedHttpVerb')
  }

  async #put(blob: Blob, request: IncomingMessage, url: URL): Promise<BlobReply> {
    await mkdir(this.directory, { recursive: true })
    const kind = url.searchParams.get('comp')
    if (kind === 'block') {
      const blockId = url.searchParams.get('blockid') ?? ''
      const path = join(this.directory, `${blob.id}.${randomBytes(8).toString('hex')}.block`)
      await pipeline(request, createWriteStream(path))
      blob.blocks.set(blockId, path)
      return created()
    }
    if (kind === 'blocklist') return this.#commit(blob, await readBody(request), request.headers['x-ms-blob-content-type'])
    if (request.headers['x-ms-blob-type'] !== 'BlockBlob') return azureError(400, 'InvalidHeaderValue')
    const type = request.headers['x-ms-blob-content-type'] ?? request.headers['content-type']
    await pipeline(request, createWriteStream(this.file(blob.id)))
    if (typeof type === 'string') blob.contentType = type
    blob.committed = true
    return created()
  }

  async #commit(blob: Blob, list: string, type: string | string[] | undefined): Promise<BlobReply> {
    const ids = [...list.matchAll(/<(?:Latest|Uncommitted|Committed)>([^<]*)</g)].map((match) => match[1] ?? '')
    const paths = ids.map((id) => blob.blocks.get(id))
    if (paths.some((path) => path === undefined)) return azureError(400, 'InvalidBlockList')
    const whole = `${this.file(blob.id)}.part`
    await rm(whole, { force: true })
    await appendFile(whole, '')
    for (const path of paths) if (path !== undefined) await pipeline(createReadStream(path), createWriteStream(whole, { flags: 'a' }))
    await rename(whole, this.file(blob.id))
    for (const path of blob.blocks.values()) await rm(path, { force: true })
    blob.blocks.clear()
    if (typeof type === 'string') blob.contentType = type
    blob.committed = true
    return created()
  }

  async #read(blob: Blob, request: IncomingMessage): Promise<BlobReply> {
    const { size } = await stat(this.file(blob.id))
    const headers = {
      etag: '"0x8D0000000000000"',
      'last-modified': new Date(0).toUTCString(),
      'accept-ranges': 'bytes',
      'content-type': blob.contentType,
      'x-ms-blob-type': 'BlockBlob',
    }
    const range = /^bytes=(\d+)-(\d*)$/.exec(String(request.headers['x-ms-range'] ?? request.headers.range ?? ''))
    if (range === null) {
      const body = request.method === 'HEAD' || size === 0 ? {} : { body: createReadStream(this.file(blob.id)) }
      return { status: 200, headers: { ...headers, 'content-length': String(size) }, ...body }
    }
    const start = Number(range[1])
    const end = Math.min(range[2] ? Number(range[2]) : size - 1, size - 1)
    if (start >= size) return azureError(416, 'InvalidRange')
    return {
      status: 206,
      headers: { ...headers, 'content-length': String(end - start + 1), 'content-range': `bytes ${start}-${end}/${size}` },
      body: createReadStream(this.file(blob.id), { start, end }),
    }
  }

  #get(id: string): Blob {
    const blob = this.#blobs.get(id)
    if (blob === undefined) throw new Error(`no blob ${id}`)
    return blob
  }

  /** The blob as a whole; for tests that compare bytes. */
  async bytes(id: string): Promise<Buffer> {
    return readFile(this.file(id))
  }
}

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function created(): BlobReply {
  return { status: 201, headers: { etag: '"0x8D0000000000000"', 'last-modified': new Date(0).toUTCString() } }
}

function azureError(status: number, code: string): BlobReply {
  const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`
  return { status, headers: { 'content-type': 'application/xml', 'x-ms-error-code': code }, body }
}
