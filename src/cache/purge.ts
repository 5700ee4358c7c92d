import type { CacheEntries, ListedEntry, Ports } from '../ports/index.js'
import { mebibytes } from './ledger.js'

/** GitHub's quota of a repository. Above it the server drops what was unused longest, of whatever workflow. */
const QUOTA_BYTES = 10 * 1024 ** 3
/** Room for what a run of a large kernel saves. */
const FULL_BYTES = 0.8 * QUOTA_BYTES
/** Of our entries what is large. Records of runs are small, and later runs are compared with them. */
const PREFIX = 'vmtest-'

export interface PurgeRequest {
  /** Keys this run restored or saved. */
  readonly used: readonly string[]
}

/**
 * Removes superseded entries of ours before the repository's cache is full, as few as make room: otherwise the server drops the entries of
 * other workflows too. Only of this run's own ref, only where `GITHUB_TOKEN` is given and may (`actions: write`). Never throws.
 * @returns what was done, in one sentence; null where there was nothing to do or nobody to ask
 */
export async function purgeSuperseded(
  { used }: PurgeRequest,
  ports: Pick<Ports, 'runner' | 'cacheStore' | 'github'>,
): Promise<string | null> {
  const { caches } = ports.github
  const ref = ports.runner.env.GITHUB_REF
  if (!ref || !ports.cacheStore.writable()) return null
  const usedBytes = await caches.usedBytes()
  if (usedBytes === null || usedBytes <= FULL_BYTES) return null
  const listed = await caches.list(ref, PREFIX)
  if (listed === null) return null
  const room = chooseSuperseded(listed, new Set(used), usedBytes - FULL_BYTES)
  return describe(await removeAll(room, caches), room.length, usedBytes)
}

/**
 * What may go, in the order of its last use, until `excessBytes` are freed. An entry is superseded when a newer one is of the same family
 * and it is not of this run.
 */
export function chooseSuperseded(listed: readonly ListedEntry[], used: ReadonlySet<string>, excessBytes: number): readonly ListedEntry[] {
  const newest = new Map<string, ListedEntry>()
  for (const entry of listed) {
    const family = familyOf(entry.key)
    const known = newest.get(family)
    if (known === undefined || known.createdAt < entry.createdAt) newest.set(family, entry)
  }
  const superseded = listed
    .filter((entry) => newest.get(familyOf(entry.key))?.id !== entry.id && !used.has(entry.key))
    .sort((left, right) => (left.usedAt < right.usedAt ? -1 : left.usedAt > right.usedAt ? 1 : left.id - right.id))
  const chosen: ListedEntry[] = []
  let freed = 0
  for (const entry of superseded) {
    if (freed >= excessBytes) break
    chosen.push(entry)
    freed += entry.sizeBytes
  }
  return chosen
}

/**
 * What an entry is of, whatever build and run it is from (keys.ts): an index of a recipe, a layer's kind, the compiler's cache of a recipe.
 * The format's version is no part of it: newer formats supersede older ones.
 */
function familyOf(key: string): string {
  const [, kind = key, , rest = ''] = /^vmtest-(layer|index|ccache-entry|ccache-note)-v(\d+)-(.*)$/.exec(key) ?? []
  // SYSTEM has two words (x86_64-linux), then comes a layer's name or a recipe; contents, run and attempt follow.
  return `${kind} ${rest.split('-').slice(0, 3).join('-')}`
}

async function removeAll(entries: readonly ListedEntry[], caches: CacheEntries): Promise<readonly ListedEntry[]> {
  const removed: ListedEntry[] = []
  for (const entry of entries) {
    // Refused once, refused again: the token may not.
    if (!(await caches.remove(entry.id))) break
    removed.push(entry)
  }
  return removed
}

function describe(removed: readonly ListedEntry[], chosen: number, usedBytes: number): string | null {
  if (chosen === 0) return null
  const full = `the repository’s cache holds ${mebibytes(usedBytes)} of ${mebibytes(QUOTA_BYTES)}`
  if (removed.length === 0) return `${full}, and GITHUB_TOKEN may not remove superseded entries (permission actions: write)`
  const bytes = removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  return `${full}: ${removed.length} superseded ${removed.length === 1 ? 'entry' : 'entries'} of this branch removed, ${mebibytes(bytes)}`
}
