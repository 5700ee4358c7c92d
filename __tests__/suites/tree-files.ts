import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import type { Files } from '../../src/ports/index.js'

/** What the readers of trees need: the real file system, or a tree given as paths and texts. */
export type TreeFiles = Pick<Files, 'list' | 'readText' | 'readBytes' | 'realPath' | 'stat'>

export const diskFiles: TreeFiles = {
  list: async (path) => readdirSync(path).sort(),
  realPath: async (path) => realpathSync(path),
  readText: async (path) => readFileSync(path, 'utf8'),
  readBytes: async (path, range) => {
    const bytes = readFileSync(path)
    return range === undefined ? bytes : bytes.subarray(range.offset, range.offset + range.length)
  },
  stat: async (path) => {
    try {
      const entry = lstatSync(path)
      const kind = entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : entry.isSymbolicLink() ? 'symlink' : 'other'
      return { kind, sizeBytes: entry.size, modifiedMs: entry.mtimeMs, mode: entry.mode & 0o7777 }
    } catch {
      return null
    }
  },
}

/** A tree in memory: `{ 'tests/generic/001': 'text' }`. Directories are there because files are below them. */
export function treeFiles(tree: Readonly<Record<string, string | Uint8Array>>): TreeFiles {
  const bytesOf = (path: string): Uint8Array => {
    const found = tree[path]
    if (found === undefined) throw new Error(`ENOENT: no such file, open '${path}'`)
    return typeof found === 'string' ? new TextEncoder().encode(found) : found
  }
  const below = (path: string): string[] => Object.keys(tree).filter((name) => name.startsWith(`${path}/`))
  return {
    list: async (path) => {
      const names = below(path).map((name) => name.slice(path.length + 1).split('/')[0] ?? '')
      if (names.length === 0) throw new Error(`ENOENT: no such directory, scandir '${path}'`)
      return [...new Set(names)].sort()
    },
    readText: async (path) => new TextDecoder().decode(bytesOf(path)),
    realPath: async (path) => path,
    readBytes: async (path, range) => {
      const bytes = bytesOf(path)
      return range === undefined ? bytes : bytes.subarray(range.offset, range.offset + range.length)
    },
    stat: async (path) => {
      const file = tree[path]
      if (file !== undefined) return { kind: 'file', sizeBytes: bytesOf(path).length, modifiedMs: 0, mode: 0o644 }
      return below(path).length > 0 ? { kind: 'directory', sizeBytes: 0, modifiedMs: 0, mode: 0o755 } : null
    },
  }
}
