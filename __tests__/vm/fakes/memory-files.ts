import type { AppendFile, FileStat, Files } from '../../../src/ports/index.js'

/** A file system in memory: whole files by path. What it is not made for throws. */
export class MemoryFiles implements Files {
  readonly contents = new Map<string, Buffer>()
  /** Once more bytes than this are held, writing fails as on a full disk. */
  capacityBytes = Number.POSITIVE_INFINITY

  text(path: string): string {
    const file = this.contents.get(path)
    if (file === undefined) throw new Error(`no file ${path}; there are: ${[...this.contents.keys()].join(' ')}`)
    return file.toString('utf8')
  }

  private put(path: string, bytes: Buffer): void {
    const before = this.contents.get(path)?.length ?? 0
    const held = [...this.contents.values()].reduce((sum, file) => sum + file.length, 0)
    if (held - before + bytes.length > this.capacityBytes) throw new Error('ENOSPC: no space left on device, write')
    this.contents.set(path, bytes)
  }

  readText = async (path: string) => this.text(path)
  readBytes = async (path: string) => this.contents.get(path) ?? Buffer.from(this.text(path))
  write = async (path: string, bytes: Uint8Array | string) => this.put(path, Buffer.from(bytes))
  openAppend = async (path: string): Promise<AppendFile> => {
    this.contents.set(path, this.contents.get(path) ?? Buffer.alloc(0))
    let open = true
    return {
      append: async (bytes) => {
        if (!open) throw new Error(`${path} is closed`)
        this.put(path, Buffer.concat([this.contents.get(path) ?? Buffer.alloc(0), Buffer.from(bytes)]))
      },
      close: async () => {
        open = false
      },
    }
  }
  async *stream(path: string): AsyncIterable<Uint8Array> {
    yield await this.readBytes(path)
  }
  makeDirectory = async () => undefined
  remove = async (path: string) => {
    for (const name of this.contents.keys()) if (name === path || name.startsWith(`${path}/`)) this.contents.delete(name)
  }
  stat = async (path: string): Promise<FileStat | null> => {
    const file = this.contents.get(path)
    return file === undefined ? null : { kind: 'file', sizeBytes: file.length, modifiedMs: 0, mode: 0o644 }
  }
  list = unexpected('list')
  rename = unexpected('rename')
  copy = unexpected('copy')
  realPath = unexpected('realPath')
  symlink = unexpected('symlink')
  chmod = unexpected('chmod')
  canReadWrite = unexpected('canReadWrite')
  freeBytes = unexpected('freeBytes')
  createSparse = unexpected('createSparse')
  makeTemporary = unexpected('makeTemporary')
}

function unexpected(name: string): () => never {
  return () => {
    throw new Error(`unexpected ${name}`)
  }
}
