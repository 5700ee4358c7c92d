import type { TreeReader } from '../src/suites/suite.js'

/** `%% PATH` on a line of its own begins a file: so one input is a whole results tree. */
export function splitTree(text: string): ReadonlyMap<string, string> {
  const tree = new Map<string, string>()
  let path: string | null = null
  for (const line of text.split('\n')) {
    const header = /^%% ([A-Za-z0-9][A-Za-z0-9._/-]{0,100})$/.exec(line)
    if (header?.[1] !== undefined) path = header[1]
    else if (path !== null) tree.set(path, `${tree.get(path) ?? ''}${line}\n`)
  }
  return tree
}

/** The tree as files below `root`. */
export function treeReader(tree: ReadonlyMap<string, string>, root: string): TreeReader {
  const files = new Map([...tree].map(([path, text]) => [`${root}/${path}`, new TextEncoder().encode(text)]))
  const below = (path: string) => [...files.keys()].filter((name) => name.startsWith(`${path}/`))
  return {
    list: async (path) => [...new Set(below(path).map((name) => name.slice(path.length + 1).split('/')[0] ?? ''))].sort(),
    readBytes: async (path, range) => {
      const bytes = files.get(path)
      if (bytes === undefined) throw new Error(`there is no ${path}`)
      return range === undefined ? bytes : bytes.subarray(range.offset, range.offset + range.length)
    },
    stat: async (path) => {
      const bytes = files.get(path)
      if (bytes !== undefined) return { kind: 'file', sizeBytes: bytes.length, modifiedMs: 0, mode: 0o644 }
      return below(path).length > 0 ? { kind: 'directory', sizeBytes: 0, modifiedMs: 0, mode: 0o755 } : null
    },
  }
}
