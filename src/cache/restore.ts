import { join } from 'node:path'
import type { Plan } from '../domain/plan.js'
import type { CacheLedgerEntry } from '../domain/record.js'
import type { CacheOutcome, NixEnvironment } from '../domain/stages.js'
import { holdingLock, type LockRequest, type Ports } from '../ports/index.js'
import { discardAll, unpack } from './archive.js'
import { secondsToBuild } from './build-times.js'
import { type Fingerprint, fingerprint } from './fingerprint.js'
import { attemptOf, indexKeys } from './keys.js'
import { entry, mebibytes } from './ledger.js'
import { NixStore } from './nix-store.js'
import { type Registration, splitClosed } from './registration.js'
import { type Layer, type LayerName, readIndex, type StoreIndex } from './store-index.js'

export type CachePorts = Pick<Ports, 'runner' | 'exec' | 'files' | 'clock' | 'cacheStore'>

export interface RestoreRequest {
  readonly plan: Plan
  readonly nix: NixEnvironment
  /** Where the flake lies, for a bundle whose plan does not say: the staged flake of `offline`. */
  readonly flakeDirectory?: string | null
  /** Directories of the flake's kernel that count. Absent: none. */
  readonly counted?: readonly string[]
}

/** What restoring found out; `saveStore` needs it after the build. */
export interface RestoredStore extends CacheOutcome {
  /** Null where the cache is out of the question; the ledger says why. */
  readonly session: CacheSession | null
}

export interface CacheSession {
  readonly store: NixStore
  readonly fingerprint: Fingerprint
  readonly directory: string
  /** The index that was found, if any, and whether it is of exactly this build. */
  readonly index: StoreIndex | null
  readonly exact: boolean
  /** Seconds each layer took to restore; absent for one that was not or could not be restored. */
  readonly restored: ReadonlyMap<LayerName, number>
}

/** Fetching what was left to an upstream cache must not take longer than building would. */
const UPSTREAM_SECONDS = 300

/** Where entries are packed and unpacked; where that is, is no part of an entry's identity (`CacheStore`). */
export function cacheDirectory(env: Readonly<Record<string, string | undefined>>): string {
  return join(env.RUNNER_TEMP ?? '/tmp', 'kernel-vmtest-cache')
}

/**
 * Brings back the store of an earlier build. On an exact hit `bundlePath` is set: the bundle is there, every archive
 * compared with its hash, every path registered, and nothing needs to be evaluated. Whatever goes wrong is a line in the ledger and a slower run.
 */
export async function restoreStore(request: RestoreRequest, ports: CachePorts): Promise<RestoredStore> {
  const out = (layer: CacheLedgerEntry): RestoredStore => ({ ledger: [layer], bundlePath: null, session: null })
  const { plan, nix } = request
  if (!plan.cache) return out(entry('store', 'disabled', 'switched off'))
  const { cacheStore } = ports
  if (!cacheStore.available() && !cacheStore.writable()) return out(entry('store', 'disabled', 'there is no cache here'))
  try {
    const known = await fingerprint(plan, request.flakeDirectory ?? null, ports, request.counted)
    if (known.kind === 'unknown') return out(entry('store', 'disabled', known.reason))
    const store = await NixStore.open(nix, ports)
    if (typeof store === 'string') return out(entry('store', 'disabled', store))
    return await holdingLock(ports, storeLock(store), () => restore(known.fingerprint, store, ports))
  } catch (error) {
    return out(entry('store', 'failed', error instanceof Error ? error.message : String(error)))
  }
}

/** Two jobs that bring the same paths into one store, or pack in one directory, take turns. */
export function storeLock(store: Pick<NixStore, 'directory'>): LockRequest {
  return { directory: store.directory, waitSeconds: 600 }
}

async function restore(found: Fingerprint, store: NixStore, ports: CachePorts): Promise<RestoredStore> {
  const directory = cacheDirectory(ports.runner.env)
  const session = { store, fingerprint: found, directory, index: null, exact: false, restored: new Map<LayerName, number>() }
  const lookup = await findIndex(found, session.directory, store, ports)
  if (lookup.kind === 'none') return { ledger: [lookup.entry], bundlePath: null, session }
  const { index, exact } = lookup
  const layers = await restoreLayers(index, exact, { store, directory }, ports)
  const restored = new Map(layers.flatMap((layer) => (layer.seconds === null ? [] : [[layer.layer.name, layer.seconds] as const])))
  const bundlePath = exact && found.trusted && (await bundleIsThere(index, store)) ? index.bundlePath : null
  await keepFromCollection(index, store)
  return { ledger: [lookup.entry, ...layers.map((layer) => layer.entry)], bundlePath, session: { ...session, index, exact, restored } }
}

type IndexLookup =
  | { readonly kind: 'found'; readonly index: StoreIndex; readonly exact: boolean; readonly entry: CacheLedgerEntry }
  | { readonly kind: 'none'; readonly entry: CacheLedgerEntry }

async function findIndex(found: Fingerprint, directory: string, store: NixStore, ports: CachePorts): Promise<IndexLookup> {
  const { cacheStore, clock, files, runner } = ports
  const { key, exactPrefix, restoreKeys } = indexKeys(found, attemptOf(runner.env))
  const path = join(directory, 'index')
  await files.remove(path)
  const started = clock.monotonicSeconds()
  const answer = await cacheStore.restore([path], key, restoreKeys)
  const none = (outcome: 'miss' | 'failed', detail: string): IndexLookup => ({
    kind: 'none',
    entry: entry('index', outcome, detail, { key }),
  })
  if (answer.kind === 'miss') return none('miss', `nothing yet for this recipe${found.reason === null ? '' : ` (${found.reason})`}`)
  if (answer.kind === 'failed') return none('failed', answer.reason)
  const file = join(path, 'index.json')
  const text = await files.readText(file).catch(() => '')
  const bytes = (await files.stat(file))?.sizeBytes ?? 0
  await files.remove(path)
  const reading = readIndex(text, store.directory)
  if (reading.kind === 'unusable') return none('miss', `an entry was found, but ${reading.reason}`)
  const exact = exactPrefix !== null && answer.key.startsWith(exactPrefix)
  const detail = `${exact ? 'of exactly this build' : 'of an earlier build'}${found.reason === null ? '' : ` (${found.reason})`}`
  const known = { key: answer.key, bytes, restoreSeconds: clock.monotonicSeconds() - started }
  return { kind: 'found', index: reading.index, exact, entry: entry('index', exact ? 'hit' : 'partial', detail, known) }
}

interface RestoredLayer {
  readonly layer: Layer
  readonly entry: CacheLedgerEntry
  readonly seconds: number | null
}

interface Place {
  readonly store: NixStore
  readonly directory: string
}

/** @param exact false: another kernel than the index has is to be built, and the layer of that one stays away */
export async function restoreLayers(index: StoreIndex, exact: boolean, place: Place, ports: CachePorts): Promise<readonly RestoredLayer[]> {
  // Another kernel's output is of no use to this one.
  const wanted = index.layers.filter((layer) => exact || layer.name !== 'kernel')
  const invalid = await place.store.invalid(wanted.flatMap((layer) => layer.paths.map(({ path }) => path)))
  const brought: Registration[] = []
  // Side by side: while one layer is on its way, another is unpacked.
  const results = await Promise.all(
    wanted.map(async (layer) => {
      const missing = layer.paths.filter(({ path }) => invalid.has(path))
      const result = await restoreLayer(layer, missing, place, ports)
      if (result.seconds !== null) brought.push(...missing)
      return result
    }),
  )
  const lost = await register(brought, index, exact, place.store)
  return results.map((result) => withoutLost(result, lost))
}

/** A layer of which a path could not be registered was not restored, whatever was unpacked. */
function withoutLost(result: RestoredLayer, lost: LostPaths): RestoredLayer {
  if (!result.layer.paths.some(({ path }) => lost.paths.has(path))) return result
  return { ...result, seconds: null, entry: { ...result.entry, outcome: 'miss', detail: lost.reason, savedSeconds: null } }
}

async function restoreLayer(layer: Layer, missing: readonly Registration[], place: Place, ports: CachePorts): Promise<RestoredLayer> {
  const { cacheStore, clock, files } = ports
  const known = { key: layer.key, bytes: layer.sizeBytes }
  if (missing.length === 0) {
    return { layer, seconds: 0, entry: entry(layer.name, 'hit', 'in the store already', { ...known, restoreSeconds: 0 }) }
  }
  const path = join(place.directory, `layer-${layer.name}`)
  await files.remove(path)
  const started = clock.monotonicSeconds()
  const answer = await cacheStore.restore([path], layer.key, [])
  if (answer.kind !== 'hit') {
    const detail = answer.kind === 'miss' ? 'its entry is gone (evicted, or never finished)' : answer.reason
    return { layer, seconds: null, entry: entry(layer.name, answer.kind, detail, known) }
  }
  const unpacking = await unpack(missing, { archives: layer.archives, directory: path }, place.store, ports)
  await files.remove(path)
  const seconds = clock.monotonicSeconds() - started
  if (unpacking.kind === 'refused') {
    return { layer, seconds: null, entry: entry(layer.name, 'miss', `its archive is not usable: ${unpacking.reason}`, known) }
  }
  const detail = `${missing.length} of ${layer.paths.length} paths, ${mebibytes(layer.sizeBytes)}`
  // Paths that were in the store already would not have been built: they spared nothing.
  const savedSeconds = secondsToBuild(missing, new Map(Object.entries(layer.builds)))
  return { layer, seconds, entry: entry(layer.name, 'hit', detail, { ...known, restoreSeconds: seconds, savedSeconds }) }
}

interface LostPaths {
  readonly paths: ReadonlySet<string>
  readonly reason: string
}

/** Registers what was brought, as far as its references are valid too. @returns what could not be */
async function register(brought: readonly Registration[], index: StoreIndex, exact: boolean, store: NixStore): Promise<LostPaths> {
  if (exact && index.upstream.length > 0) {
    const missing = await store.invalid(index.upstream)
    if (missing.size > 0) await store.fetch([...missing], UPSTREAM_SECONDS)
  }
  const own = new Set(brought.map(({ path }) => path))
  const foreign = [...new Set(brought.flatMap(({ references }) => references))].filter((path) => !own.has(path))
  const invalid = await store.invalid(foreign)
  const { closed, open } = splitClosed(brought, (path) => !own.has(path) && !invalid.has(path))
  await discardAll(
    open.map(({ path }) => path),
    store,
  )
  const lost = (paths: readonly Registration[], reason: string) => ({ paths: new Set(paths.map(({ path }) => path)), reason })
  try {
    if (closed.length > 0) await store.register(closed)
    return lost(open, 'paths it refers to could not be had')
  } catch (error) {
    await discardAll(
      closed.map(({ path }) => path),
      store,
    )
    return lost(brought, `Nix did not take the paths: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** True where the bundle and everything it needs is valid: a path can only be registered after its references. */
async function bundleIsThere(index: StoreIndex, store: NixStore): Promise<boolean> {
  return (await store.invalid([index.bundlePath])).size === 0
}

/** The paths no other path of the index refers to keep all of them. */
async function keepFromCollection(index: StoreIndex, store: NixStore): Promise<void> {
  const paths = index.layers.flatMap((layer) => layer.paths)
  const referred = new Set(paths.flatMap(({ path, references }) => references.filter((reference) => reference !== path)))
  const tops = paths.map(({ path }) => path).filter((path) => !referred.has(path))
  const invalid = await store.invalid(tops)
  await store.keep(tops.filter((path) => !invalid.has(path)))
}
