import type { BlobStore } from './blobs.js'
import { canRead, canWrite, type TokenClaims } from './token.js'
import { count, denied, exists, invalid, type Message, TwirpError, text } from './twirp.js'

/** One entry: reserved, then perhaps finalised. Its key is immutable in its scope and version from the reservation on. */
export interface CacheEntry {
  readonly id: number
  readonly scope: string
  readonly key: string
  readonly version: string
  readonly blob: string
  sizeBytes: number
  finalised: boolean
  usedAtMs: number
}

export interface CacheServiceOptions {
  /** A repository's quota: above it the least recently used entries go. GitHub's is 10 GB. */
  readonly quotaBytes: number
  /** Entries not read for this long go. GitHub's is 7 days. */
  readonly idleDays: number
  /** New entries per minute; above it the answer is 429. GitHub's is 200. */
  readonly createsPerMinute: number
  readonly now: () => number
}

const KEY_LIMIT = 512
const DAY_MS = 24 * 3600 * 1000

/**
 * `github.actions.results.api.v1.CacheService`. Scopes are searched in the token's order (own ref, base, default branch);
 * in each: the exact key, then entries whose key begins with it, then each restore key, newest first.
 */
export class CacheService {
  readonly entries: CacheEntry[] = []
  readonly #creates: number[] = []
  #next = 1

  constructor(
    private readonly blobs: BlobStore,
    private readonly options: CacheServiceOptions,
  ) {}

  async call(method: string, token: TokenClaims, message: Message): Promise<Message> {
    switch (method) {
      case 'CreateCacheEntry':
        return this.#create(token, message)
      case 'FinalizeCacheEntryUpload':
        return this.#finalise(token, message)
      case 'GetCacheEntryDownloadURL':
        return this.#download(token, message)
      default:
        throw new TwirpError(404, 'bad_route', `no method ${method}`)
    }
  }

  #create(token: TokenClaims, message: Message): Message {
    const key = checkKey(text(message, 'key'))
    const version = text(message, 'version')
    const scope = token.scopes.find(canWrite)?.Scope
    if (scope === undefined) return { ok: false, signed_upload_url: '', message: 'cache write denied: the token has no writable scope' }
    this.#limitRate()
    const taken = this.entries.some((entry) => entry.scope === scope && entry.key === key && entry.version === version)
    if (taken) throw exists('cache entry with the same key, version, and scope already exists')
    const blob = this.blobs.create()
    const now = this.options.now()
    this.entries.push({ id: this.#next++, scope, key, version, blob, sizeBytes: 0, finalised: false, usedAtMs: now })
    return { ok: true, signed_upload_url: this.blobs.uploadUrl(blob), message: '' }
  }

  async #finalise(token: TokenClaims, message: Message): Promise<Message> {
    const key = text(message, 'key')
    const version = text(message, 'version')
    const scope = token.scopes.find(canWrite)?.Scope
    const entry = this.entries.find((e) => e.scope === scope && e.key === key && e.version === version && !e.finalised)
    if (entry === undefined) throw invalid('no such reservation')
    const sizeBytes = count(message, 'size_bytes')
    const stored = await this.blobs.sizeBytes(entry.blob)
    if (stored !== sizeBytes) return { ok: false, entry_id: '0', message: `uploaded ${stored ?? 'no'} bytes, told ${sizeBytes}` }
    Object.assign(entry, { sizeBytes, finalised: true, usedAtMs: this.options.now() })
    await this.evict()
    return { ok: true, entry_id: String(entry.id), message: '' }
  }

  async #download(token: TokenClaims, message: Message): Promise<Message> {
    const key = checkKey(text(message, 'key'))
    const version = text(message, 'version')
    const restoreKeys = Array.isArray(message.restore_keys) ? message.restore_keys.map((k) => checkKey(String(k))) : []
    const scopes = token.scopes.filter(canRead).map((scope) => scope.Scope)
    if (scopes.length === 0) throw denied('cache read denied: the token has no readable scope')
    await this.evict()
    const entry = this.#find(scopes, key, restoreKeys, version)
    if (entry === null) return { ok: false, signed_download_url: '', matched_key: '' }
    entry.usedAtMs = this.options.now()
    return { ok: true, signed_download_url: this.blobs.downloadUrl(entry.blob), matched_key: entry.key }
  }

  #find(scopes: readonly string[], key: string, restoreKeys: readonly string[], version: string): CacheEntry | null {
    for (const scope of scopes) {
      const candidates = this.entries.filter((e) => e.finalised && e.scope === scope && e.version === version).sort((a, b) => b.id - a.id)
      const exact = candidates.find((entry) => entry.key === key)
      if (exact !== undefined) return exact
      for (const prefix of [key, ...restoreKeys]) {
        const newest = candidates.find((entry) => entry.key.startsWith(prefix))
        if (newest !== undefined) return newest
      }
    }
    return null
  }

  /** Drops what is idle for too long, then the least recently used until the quota is kept. */
  async evict(): Promise<void> {
    const oldest = this.options.now() - this.options.idleDays * DAY_MS
    for (const entry of this.entries.filter((e) => e.finalised && e.usedAtMs < oldest)) await this.#drop(entry)
    const total = () => this.entries.reduce((sum, entry) => sum + entry.sizeBytes, 0)
    const byUse = this.entries.filter((entry) => entry.finalised).sort((a, b) => a.usedAtMs - b.usedAtMs || a.id - b.id)
    for (const entry of byUse) {
      if (total() <= this.options.quotaBytes) return
      await this.#drop(entry)
    }
  }

  async #drop(entry: CacheEntry): Promise<void> {
    this.entries.splice(this.entries.indexOf(entry), 1)
    await this.blobs.remove(entry.blob)
  }

  #limitRate(): void {
    const now = this.options.now()
    while (this.#creates[0] !== undefined && this.#creates[0] <= now - 60_000) this.#creates.shift()
    if (this.#creates.length >= this.options.createsPerMinute)
      throw new TwirpError(429, 'resource_exhausted', 'too many new cache entries', 30)
    this.#creates.push(now)
  }
}

function checkKey(key: string): string {
  if (key.length > KEY_LIMIT || key.includes(',')) throw invalid(`not a cache key: ${key.slice(0, 60)}`)
  return key
}
