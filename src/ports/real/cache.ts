import { basename, dirname } from 'node:path'
import { describeError } from '../../domain/errors.js'
import type { CacheRestore, CacheSave, CacheStore } from '../services.js'
import { withDeadline } from './deadline.js'
import { cacheAccess } from './runtime-token.js'
import { startServiceProcess } from './service-process.js'

export interface CacheLimits {
  /** Asking whether there is an entry. */
  readonly lookupSeconds: number
  /** Download and unpacking of one entry. */
  readonly restoreSeconds: number
  /** Packing and upload of one entry. */
  readonly saveSeconds: number
}

const DEFAULT_LIMITS: CacheLimits = { lookupSeconds: 45, restoreSeconds: 600, saveSeconds: 900 }

/** The part of `@actions/cache` used here. */
export interface CacheClient extends Pick<typeof import('@actions/cache'), 'restoreCache' | 'saveCache'> {
  /** Ends the client, and what it is about. */
  close?(): void
}

/** A client that finds and packs paths relative to `directory`. */
type OpenClient = (directory: string) => Promise<CacheClient>

/**
 * The workflow's cache through `@actions/cache`, in a process of its own (`startServiceProcess` says why). An entry's identity is its key and the
 * names of the paths in their directory: never where that directory lies on this machine. Nothing is thrown. After a deadline has passed the
 * service is not asked again in this process: a second request would only wait again.
 */
export function createCacheStore(
  env: Readonly<Record<string, string | undefined>>,
  limits: CacheLimits = DEFAULT_LIMITS,
  open: OpenClient = (directory) => openClient(directory, env),
): CacheStore {
  const access = cacheAccess(env)
  const state: { gaveUp: string | null } = { gaveUp: null }

  const guarded = async <T>(what: string, seconds: number, work: () => Promise<T>) => {
    if (state.gaveUp !== null) return { failed: state.gaveUp } as const
    try {
      const result = await withDeadline(work(), seconds)
      if (result.kind === 'done') return { value: result.value } as const
      state.gaveUp = `the cache service did not ${what} within ${seconds} s and is not asked again`
      return { failed: state.gaveUp } as const
    } catch (error) {
      return { failed: describeError(error) } as const
    }
  }

  const within = async <T extends { kind: string }>(
    paths: readonly string[],
    work: (client: CacheClient, names: string[]) => Promise<T>,
  ) => {
    if (state.gaveUp !== null) return { kind: 'failed', reason: state.gaveUp } as const
    try {
      const client = await open(directoryOf(paths))
      try {
        return await work(
          client,
          paths.map((path) => basename(path)),
        )
      } finally {
        client.close?.()
      }
    } catch (error) {
      return { kind: 'failed', reason: describeError(error) } as const
    }
  }

  return {
    available: () => access.read && state.gaveUp === null,
    writable: () => access.write && state.gaveUp === null,

    async restore(paths, key, restoreKeys): Promise<CacheRestore> {
      if (!access.read) return { kind: 'failed', reason: access.reason ?? 'the cache cannot be read' }
      return within(paths, async (client, names): Promise<CacheRestore> => {
        const ask = () => client.restoreCache(names, key, [...restoreKeys], { lookupOnly: true })
        const found = await guarded('answer', limits.lookupSeconds, ask)
        if ('failed' in found) return { kind: 'failed', reason: found.failed }
        const matched = found.value
        if (matched === undefined) return { kind: 'miss' }
        // The entry just seen, by its whole name: a newer one must not slip in between the question and the download.
        const fetchEntry = () => client.restoreCache(names, matched, [], { segmentTimeoutInMs: 120_000 })
        const restored = await guarded('deliver the entry', limits.restoreSeconds, fetchEntry)
        if ('failed' in restored) return { kind: 'failed', reason: restored.failed }
        if (restored.value === undefined) return { kind: 'failed', reason: `entry ${matched} could not be downloaded or unpacked` }
        return { kind: 'hit', key: restored.value, exact: restored.value === key }
      })
    },

    async save(paths, key): Promise<CacheSave> {
      if (!access.write) return { kind: 'failed', reason: access.reason ?? 'the cache cannot be written' }
      return within(paths, async (client, names): Promise<CacheSave> => {
        const saved = await guarded('take the entry', limits.saveSeconds, () => client.saveCache(names, key))
        if ('failed' in saved) return { kind: 'failed', reason: saved.failed }
        if (saved.value > 0) return { kind: 'saved' }
        return classifyUnsaved(key, await guarded('answer', limits.lookupSeconds, () => lookUp(client, names, key)))
      })
    },
  }
}

async function openClient(directory: string, env: Readonly<Record<string, string | undefined>>): Promise<CacheClient> {
  const service = await startServiceProcess('cache', directory, env)
  return {
    restoreCache: (...args) => service.call('restoreCache', ...args) as Promise<string | undefined>,
    saveCache: (...args) => service.call('saveCache', ...args) as Promise<number>,
    close: () => service.close(),
  }
}

/** @throws Error where the paths are not beside each other, or a name of theirs is a pattern */
function directoryOf(paths: readonly string[]): string {
  const directory = dirname(paths[0] ?? '')
  const stray = paths.find((path) => dirname(path) !== directory || !/^[\w.-]+$/.test(basename(path)))
  if (paths.length === 0 || stray !== undefined) throw new Error(`${JSON.stringify(stray ?? '')} is no plain name in ${directory}`)
  return directory
}

async function lookUp(client: CacheClient, paths: readonly string[], key: string): Promise<boolean> {
  return (await client.restoreCache([...paths], key, [], { lookupOnly: true })) === key
}

/** `saveCache` gives -1 for every failure; only asking again tells a key that is taken from a service that is down. */
function classifyUnsaved(key: string, seen: { readonly value: boolean } | { readonly failed: string }): CacheSave {
  if ('failed' in seen) return { kind: 'failed', reason: seen.failed }
  return seen.value
    ? { kind: 'exists' }
    : { kind: 'failed', reason: `the service did not take ${key} (reserved by another job, or refused)` }
}
