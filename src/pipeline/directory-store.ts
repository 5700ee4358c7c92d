import { join } from 'node:path'
import type { CacheRestore, CacheSave, CacheStore, Files } from '../ports/index.js'

/** Under this name an entry's own key lies in its directory. */
const KEY_FILE = 'key'

/**
 * A cache in a directory: what a run would keep in the workflow's cache, to be handed on as an artifact where that cannot be written.
 * @param before asked first, where there is one: the workflow's own, which may be read
 */
export function directoryStore(directory: string, files: Files, before: CacheStore | null = null): CacheStore {
  return {
    available: () => true,
    writable: () => true,
    async restore(paths, key, restoreKeys): Promise<CacheRestore> {
      if (before?.available() === true) {
        const answer = await before.restore(paths, key, restoreKeys)
        if (answer.kind === 'hit') return answer
      }
      const entry = await findEntry(directory, [key, ...restoreKeys], files)
      if (entry === null) return { kind: 'miss' }
      for (const path of paths) await copyTree(join(entry.path, lastName(path)), path, files)
      return { kind: 'hit', key: entry.key, exact: entry.key === key }
    },
    async save(paths, key): Promise<CacheSave> {
      const path = join(directory, encodeURIComponent(key))
      if ((await files.stat(path)) !== null) return { kind: 'exists' }
      for (const each of paths) await copyTree(each, join(path, lastName(each)), files)
      await files.write(join(path, KEY_FILE), key)
      return { kind: 'saved' }
    },
  }
}

/** The first of the keys that is an entry's, or the beginning of one's. */
async function findEntry(
  directory: string,
  keys: readonly string[],
  files: Files,
): Promise<{ readonly key: string; readonly path: string } | null> {
  const entries: { key: string; path: string }[] = []
  for (const name of await files.list(directory).catch(() => [])) {
    const path = join(directory, name)
    const key = await files.readText(join(path, KEY_FILE)).catch(() => null)
    if (key !== null) entries.push({ key, path })
  }
  for (const wanted of keys) {
    const found = entries.find(({ key }) => key === wanted) ?? entries.find(({ key }) => key.startsWith(wanted))
    if (found !== undefined) return found
  }
  return null
}

function lastName(path: string): string {
  return path.split('/').at(-1) ?? path
}

async function copyTree(from: string, to: string, files: Files): Promise<void> {
  const entry = await files.stat(from)
  if (entry?.kind !== 'directory') {
    await files.makeDirectory(to.slice(0, to.lastIndexOf('/')))
    return files.copy(from, to)
  }
  await files.makeDirectory(to)
  for (const name of await files.list(from)) await copyTree(join(from, name), join(to, name), files)
}
