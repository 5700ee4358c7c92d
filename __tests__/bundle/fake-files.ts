import type { FileStat, Files } from '../../src/ports/index.js'

/** A file system in memory: files by absolute path, directories implied, links by target. Throws on anything else. */
export class FakeFiles {
  readonly files = new Map<string, Uint8Array>()
  readonly links = new Map<string, string>()
  readonly removed: string[] = []

  constructor(contents: Readonly<Record<string, string | Uint8Array>> = {}) {
    for (const [path, text] of Object.entries(contents)) this.set(path, text)
  }

  set(path: string, contents: string | Uint8Array): void {
    this.files.set(path, typeof contents === 'string' ? new TextEncoder().encode(contents) : contents)
  }

  text(path: string): string | null {
    const bytes = this.files.get(path)
    return bytes === undefined ? null : new TextDecoder().decode(bytes)
  }

  /** The part of the port these tests may use. */
  get port(): Files {
    const unexpected = (name: string) => () => {
      throw new Error(`unexpected call of files.${name}`)
    }
    return {
      readText: async (path) => new TextDecoder().decode(this.#bytes(path)),
      readBytes: async (path, range) => {
        const bytes = this.#bytes(path)
        return range === undefined ? bytes : bytes.subarray(range.offset, range.offset + range.length)
      },
      stream: (path) => this.#stream(path),
      write: async (path, contents) => this.set(path, contents),
      openAppend: async (path) => ({
        append: async (bytes) =>
          this.set(path, (this.text(path) ?? '') + (typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes))),
        close: async () => undefined,
      }),
      makeDirectory: async () => undefined,
      remove: async (path) => {
        this.removed.push(path)
        for (const one of [...this.files.keys()]) if (one === path || one.startsWith(`${path}/`)) this.files.delete(one)
      },
      rename: async (from, to) => {
        this.files.set(to, this.#bytes(from))
        this.files.delete(from)
      },
      copy: async (from, to) => this.set(to, this.#bytes(from)),
      stat: async (path) => this.#stat(path),
      list: async (path) => this.#list(path),
      realPath: async (path) => {
        const real = this.#resolve(path)
        if (this.#stat(real) === null) throw new Error(`ENOENT: ${path}`)
        return real
      },
      symlink: unexpected('symlink'),
      chmod: unexpected('chmod'),
      canReadWrite: unexpected('canReadWrite'),
      freeBytes: unexpected('freeBytes'),
      createSparse: unexpected('createSparse'),
      makeTemporary: async (parent, prefix) => `${parent}/${prefix}1`,
    }
  }

  /** Follows links of the path itself and of the directories above it. */
  #resolve(path: string): string {
    for (const [link, target] of this.links) {
      if (path === link) return this.#resolve(target)
      if (path.startsWith(`${link}/`)) return this.#resolve(target + path.slice(link.length))
    }
    return path
  }

  #bytes(path: string): Uint8Array {
    const bytes = this.files.get(this.#resolve(path))
    if (bytes === undefined) throw new Error(`ENOENT: ${path}`)
    return bytes
  }

  async *#stream(path: string): AsyncGenerator<Uint8Array> {
    const bytes = this.#bytes(path)
    // Small pieces, so that readers meet their boundaries.
    for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7)
  }

  #stat(path: string): FileStat | null {
    if (this.links.has(path)) return { kind: 'symlink', sizeBytes: 1, modifiedMs: 1, mode: 0o777 }
    const bytes = this.files.get(this.#resolve(path))
    if (bytes !== undefined) return { kind: 'file', sizeBytes: bytes.length, modifiedMs: 1, mode: 0o644 }
    const real = this.#resolve(path)
    const isDirectory = [...this.files.keys()].some((one) => one.startsWith(`${real}/`))
    return isDirectory ? { kind: 'directory', sizeBytes: 0, modifiedMs: 1, mode: 0o755 } : null
  }

  #list(path: string): readonly string[] {
    const real = this.#resolve(path)
    const below = [...this.files.keys(), ...this.links.keys()].filter((one) => one.startsWith(`${real}/`))
    if (below.length === 0) throw new Error(`ENOENT: ${path}`)
    return [...new Set(below.map((one) => one.slice(real.length + 1).split('/')[0] ?? ''))].sort()
  }
}
