import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Entry {
  readonly path: string
  readonly kind: 'file' | 'directory' | 'other'
}

/** Everything below a directory, links not followed. */
export function entriesBelow(directory: string): readonly Entry[] {
  const found: Entry[] = []
  const pending = [directory]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const entry of readdirSync(next, { withFileTypes: true })) {
      const path = join(next, entry.name)
      const kind = entry.isDirectory() ? 'directory' : entry.isFile() ? 'file' : 'other'
      found.push({ path, kind })
      if (kind === 'directory') pending.push(path)
    }
  }
  return found
}

/** Files below a directory that hold a text. */
export function filesHolding(directory: string, text: string): readonly string[] {
  return entriesBelow(directory)
    .filter(({ kind, path }) => kind === 'file' && readFileSync(path).includes(text))
    .map(({ path }) => path)
}
