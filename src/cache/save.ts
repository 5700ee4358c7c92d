import { join } from 'node:path'
import type { CacheLedgerEntry } from '../domain/record.js'
import { holdingLock } from '../ports/index.js'
import { pack } from './archive.js'
import { type BuildTimes, secondsToBuild, timesOf } from './build-times.js'
import { bundleRoots } from './bundle-roots.js'
import { attemptOf, contentsOf, indexKeys, layerKey } from './keys.js'
import { entry, mebibytes, pays } from './ledger.js'
import { partition } from './partition.js'
import type { Registration } from './registration.js'
import { type CachePorts, type CacheSession, type RestoredStore, storeLock } from './restore.js'
import { formatIndex, INDEX_VERSION, type Layer, type LayerName, type StoreIndex } from './store-index.js'

export interface SaveRequest {
  readonly restored: RestoredStore
  /** What was built. */
  readonly bundlePath: string
  /** Of what this run built itself. */
  readonly buildTimes: BuildTimes
}

/** Most valuable first: where time or quota runs out, the kernel is what a later run misses most. */
const ORDER: readonly LayerName[] = ['kernel', 'suite', 'tools']
/** One entry above half of a repository's quota would push out everything else. */
const ENTRY_LIMIT_BYTES = 5 * 1024 ** 3
/** What must stay free beside the archive. */
const SPARE_BYTES = 512 * 1024 ** 2

/**
 * Saves what the build made, right after it: a red or cancelled test run must not lose a kernel. Layers the cache has are
 * not packed again. Nothing here can fail a run.
 * @returns what happened to each layer
 */
export async function saveStore(request: SaveRequest, ports: CachePorts): Promise<readonly CacheLedgerEntry[]> {
  const { session, bundlePath: hit } = request.restored
  if (session === null || hit === request.bundlePath) return []
  if (!ports.cacheStore.writable()) return [entry('store', 'not-saved', 'this run may not write to the cache')]
  try {
    return await holdingLock(ports, storeLock(session.store), () => save(request, session, ports))
  } catch (error) {
    return [entry('store', 'not-saved', error instanceof Error ? error.message : String(error))]
  }
}

async function save(request: SaveRequest, session: CacheSession, ports: CachePorts): Promise<readonly CacheLedgerEntry[]> {
  const { store, fingerprint } = session
  const closure = await store.closure(request.bundlePath)
  const upstream = await servedUpstream(request.bundlePath, session)
  const own = closure.filter(({ path }) => !upstream.has(path))
  const parts = partition(own, await bundleRoots(request.bundlePath, store.directory, ports))
  const times = knownTimes(request.buildTimes, session)
  const layers: Layer[] = []
  const ledger: CacheLedgerEntry[] = []
  for (const name of ORDER.filter((one) => parts[one].length > 0)) {
    const result = await saveLayer({ name, paths: parts[name], times }, session, ports)
    if (result.layer !== null) layers.push(result.layer)
    ledger.push(result.entry)
  }
  if (layers.length === 0) return ledger
  if (session.exact && layers.every((layer) => session.index?.layers.some((known) => known.key === layer.key))) return ledger
  const covered = new Set(layers.flatMap((layer) => layer.paths.map(({ path }) => path)))
  const index: StoreIndex = {
    version: INDEX_VERSION,
    storeDirectory: store.directory,
    bundlePath: request.bundlePath,
    layers,
    upstream: [...upstream],
    complete: own.every(({ path }) => covered.has(path)),
  }
  const { key } = indexKeys(fingerprint, attemptOf(ports.runner.env))
  return [...ledger, await saveIndex(index, key, session, ports)]
}

/** Decided by signature, not by asking the network: a path built here has none of a trusted key. */
async function servedUpstream(bundlePath: string, { store }: CacheSession): Promise<ReadonlySet<string>> {
  const trusted = await store.trustedKeyNames()
  const signatures = await store.signatures(bundlePath)
  const signed = (names: readonly string[]) => names.some((signature) => trusted.includes(signature.split(':')[0] ?? ''))
  return new Set([...signatures].filter(([, names]) => signed(names)).map(([path]) => path))
}

/** The layer of the index this run restored, where it holds the same paths and was there. */
function reusable(name: LayerName, paths: readonly Registration[], { index, restored }: CacheSession): Layer | null {
  const layer = index?.layers.find((candidate) => candidate.name === name)
  return layer !== undefined && restored.has(name) && contentsOf(layer.paths) === contentsOf(paths) ? layer : null
}

/** What this run measured, and for what it did not build what the index it restored remembers. */
function knownTimes(measured: BuildTimes, { index }: CacheSession): BuildTimes {
  return new Map([...(index?.layers ?? []).flatMap(({ builds }) => Object.entries(builds)), ...measured])
}

interface LayerToSave {
  readonly name: LayerName
  readonly paths: readonly Registration[]
  readonly times: BuildTimes
}

interface SavedLayer {
  readonly layer: Layer | null
  readonly entry: CacheLedgerEntry
}

async function saveLayer({ name, paths, times }: LayerToSave, session: CacheSession, ports: CachePorts): Promise<SavedLayer> {
  const there = reusable(name, paths, session)
  if (there !== null) return { layer: there, entry: entry(name, 'hit', 'in the cache already', { key: there.key, bytes: there.sizeBytes }) }
  const not = (detail: string): SavedLayer => ({ layer: null, entry: entry(name, 'not-saved', detail) })
  if (name === 'kernel' && session.fingerprint.exact === null) return not(session.fingerprint.reason ?? 'no later run can ask for it')
  const before = session.index?.layers.find((layer) => layer.name === name)
  const restoreSeconds = session.restored.get(name) ?? null
  const buildSeconds = before === undefined ? null : secondsToBuild(before.paths, new Map(Object.entries(before.builds)))
  if (!pays(restoreSeconds, buildSeconds)) {
    return not(`restoring it took ${restoreSeconds?.toFixed(1)} s, building it ${buildSeconds?.toFixed(1)} s: it does not pay`)
  }
  const directory = join(session.directory, `layer-${name}`)
  const lacking = await spaceLacking(paths, session.directory, ports)
  if (lacking !== null) return not(lacking)
  const started = ports.clock.monotonicSeconds()
  try {
    await ports.files.remove(directory)
    const archives = await pack(paths, directory, session.store, ports)
    const sizeBytes = archives.reduce((sum, archive) => sum + archive.sizeBytes, 0)
    if (sizeBytes > ENTRY_LIMIT_BYTES) return not(`${mebibytes(sizeBytes)} is more than half of a repository's cache`)
    const key = layerKey(session.fingerprint.system, { name, paths, archives }, attemptOf(ports.runner.env))
    const saving = await ports.cacheStore.save([directory], key)
    const saveSeconds = ports.clock.monotonicSeconds() - started
    if (saving.kind === 'failed') return not(saving.reason)
    const layer = { name, key, archives: [...archives], sizeBytes, builds: timesOf(paths, times), saveSeconds, paths: [...paths] }
    const built = secondsToBuild(paths, times)
    const detail = `${paths.length} paths, ${mebibytes(sizeBytes)}${built === null ? '' : `, built in ${built.toFixed(1)} s`}`
    return { layer, entry: entry(name, 'saved', detail, { key, bytes: sizeBytes, saveSeconds }) }
  } catch (error) {
    // The others may still serve.
    return not(error instanceof Error ? error.message : String(error))
  } finally {
    await ports.files.remove(directory)
  }
}

/** The archive lies twice on the disk for a moment: ours, and the client's around it. */
async function spaceLacking(paths: readonly Registration[], directory: string, { files }: CachePorts): Promise<string | null> {
  await files.makeDirectory(directory)
  const free = await files.freeBytes(directory)
  const needed = paths.reduce((sum, { narSize }) => sum + narSize, 0) + SPARE_BYTES
  return free >= needed ? null : `packing may need ${mebibytes(needed)}, and ${directory} has ${mebibytes(free)} free`
}

async function saveIndex(index: StoreIndex, key: string, session: CacheSession, ports: CachePorts): Promise<CacheLedgerEntry> {
  const path = join(session.directory, 'index')
  const started = ports.clock.monotonicSeconds()
  const text = formatIndex(index)
  await ports.files.write(join(path, 'index.json'), text)
  const saving = await ports.cacheStore.save([path], key)
  await ports.files.remove(path)
  if (saving.kind === 'failed') return entry('index', 'not-saved', saving.reason, { key })
  const known = { key, bytes: Buffer.byteLength(text), saveSeconds: ports.clock.monotonicSeconds() - started }
  return entry('index', 'saved', index.complete ? 'the next run of this build needs no Nix evaluation' : 'some layers were left out', known)
}
