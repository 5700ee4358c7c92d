import { join } from 'node:path'
import { holdingLock } from '../ports/index.js'
import { type CachePorts, type CacheSession, restoreLayers, storeLock } from './restore.js'
import { readIndex } from './store-index.js'

export interface BundleRequest {
  /** Null where the cache is out of the question. */
  readonly session: CacheSession | null
  /** The cache entry that holds the index of the build that made the bundle, as that run's ledger has it; null where it has none. */
  readonly indexKey: string | null
  readonly bundlePath: string
}

/**
 * Brings back the bundle of another build than the one at hand, verified like any layer. Never throws.
 * @returns false where it cannot be had; it may then be there in part, which Nix does not take for valid
 */
export async function restoreBundle({ session, indexKey, bundlePath }: BundleRequest, ports: CachePorts): Promise<boolean> {
  if (session === null) return false
  const { store, directory } = session
  try {
    if ((await store.invalid([bundlePath])).size === 0) return true
    if (indexKey === null) return false
    return await holdingLock(ports, storeLock(store), async () => {
      const path = join(directory, 'index')
      await ports.files.remove(path)
      const answer = await ports.cacheStore.restore([path], indexKey, [])
      if (answer.kind !== 'hit') return false
      const reading = readIndex(await ports.files.readText(join(path, 'index.json')), store.directory)
      await ports.files.remove(path)
      if (reading.kind === 'unusable' || reading.index.bundlePath !== bundlePath) return false
      await restoreLayers(reading.index, true, { store, directory }, ports)
      return (await store.invalid([bundlePath])).size === 0
    })
  } catch {
    return false
  }
}
