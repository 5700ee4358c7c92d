import { createHash } from 'node:crypto'
import * as z from 'zod'
import { describeError } from '../domain/errors.js'
import { registrationSchema, STORE_NAME } from './registration.js'

/** The format of what lies in the cache. Another number is a miss, never a guess. */
export const INDEX_VERSION = 2

export const layerNameSchema = z.enum(['kernel', 'suite', 'tools'])
/** `kernel`: what a kernel edit changes, and the bundle itself. `suite`: root image and suites. `tools`: QEMU and the rest. */
export type LayerName = z.infer<typeof layerNameSchema>

/** One file of a layer's cache entry. */
export const archiveSchema = z.object({
  /** A file's name, never a path. */
  name: z.string().regex(/^store-\d+\.tar\.zst$/),
  sizeBytes: z.number().int().positive(),
  /** Of the file, 64 hexadecimal digits: what is unpacked is what was saved. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of the store paths in it, without the store's directory. */
  names: z.array(z.string().regex(STORE_NAME)).min(1),
})
export type Archive = z.infer<typeof archiveSchema>

export const layerSchema = z.object({
  name: layerNameSchema,
  /** The cache entry that holds its archives. */
  key: z.string().min(1).max(512),
  archives: z.array(archiveSchema).min(1),
  /** Of the archives together. */
  sizeBytes: z.number().nonnegative(),
  /** Seconds the builders of these paths ran, by derivation, as the run that built them measured; absent where none did. */
  builds: z.record(z.string(), z.number().nonnegative()),
  saveSeconds: z.number().nonnegative(),
  paths: z.array(registrationSchema).min(1),
})
export type Layer = z.infer<typeof layerSchema>

export const storeIndexSchema = z.object({
  version: z.literal(INDEX_VERSION),
  storeDirectory: z.string().startsWith('/'),
  bundlePath: z.string(),
  layers: z.array(layerSchema),
  /** Paths of the closure an upstream cache signs: left to it. */
  upstream: z.array(z.string()),
  /** True where layers and upstream together are the bundle's whole closure. */
  complete: z.boolean(),
})
/** What one build left in the cache: small, looked up first, and the only place that says what an archive must hold. */
export type StoreIndex = z.infer<typeof storeIndexSchema>

export type IndexReading = { readonly kind: 'index'; readonly index: StoreIndex } | { readonly kind: 'unusable'; readonly reason: string }

/** One line of JSON, and a line with its sha256: what an index says of hashes is believed, so that it must be whole itself. */
export function formatIndex(index: StoreIndex): string {
  const json = JSON.stringify(index)
  return `${json}\n${digest(json)}\n`
}

function digest(json: string): string {
  return createHash('sha256').update(json).digest('hex')
}

/** Reads an index from the cache: foreign bytes until every path in it is seen to be one of this machine's store. */
export function readIndex(text: string, storeDirectory: string): IndexReading {
  const unusable = (reason: string): IndexReading => ({ kind: 'unusable', reason })
  try {
    const [json = '', sum = ''] = text.split('\n')
    const raw: unknown = JSON.parse(json)
    const version = raw !== null && typeof raw === 'object' && 'version' in raw ? raw.version : undefined
    if (version !== INDEX_VERSION) return unusable(`its format is ${String(version).slice(0, 20)}, not ${INDEX_VERSION}`)
    if (digest(json) !== sum) return unusable('it is damaged (its hash differs)')
    const parsed = storeIndexSchema.safeParse(raw)
    if (!parsed.success) return unusable(`it is malformed at ${parsed.error.issues[0]?.path.join('.') ?? 'its beginning'}`)
    const index = parsed.data
    if (index.storeDirectory !== storeDirectory) return unusable(`it is of a store at ${index.storeDirectory}`)
    const registrations = index.layers.flatMap((layer) => layer.paths)
    const named = [index.bundlePath, ...index.upstream, ...registrations.flatMap(({ path, references }) => [path, ...references])]
    const stranger = named.find((path) => !isStorePath(path, storeDirectory))
    if (stranger !== undefined) return unusable(`${JSON.stringify(stranger.slice(0, 80))} is no store path`)
    // A line end in a deriver would forge further lines of the registration.
    if (registrations.some(({ deriver }) => deriver !== '' && !isStorePath(deriver, storeDirectory)))
      return unusable('a deriver is no store path')
    return { kind: 'index', index }
  } catch (error) {
    return unusable(describeError(error))
  }
}

export function isStorePath(path: string, storeDirectory: string): boolean {
  return path.startsWith(`${storeDirectory}/`) && STORE_NAME.test(path.slice(storeDirectory.length + 1))
}
