import type { Files } from '../../src/ports/index.js'

/** The part of the file system a report needs, in memory. Using what is not there fails as it would on a disk. */
export class MemoryFiles implements Pick<Files, 'makeDirectory' | 'openAppend' | 'remove' | 'rename' | 'write'> {
  readonly contents = new Map<string, string>()
  /** What happened, in order: `open a`, `append a`, `close a`, `rename a b`, `write a`, `remove a`. */
  readonly log: string[] = []
  /** Appending to a path that holds this text fails, as on a full disk. */
  full: string | null = null

  async makeDirectory(path: string): Promise<void> {
    this.log.push(`makeDirectory ${path}`)
  }

  async openAppend(path: string) {
    this.log.push(`open ${path}`)
    this.contents.set(path, this.contents.get(path) ?? '')
    return {
      append: async (bytes: Uint8Array | string) => {
        if (this.full !== null && path.includes(this.full)) throw new Error('ENOSPC: no space left on device')
        const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8')
        this.contents.set(path, (this.contents.get(path) ?? '') + text)
      },
      close: async () => {
        this.log.push(`close ${path}`)
      },
    }
  }

  async remove(path: string): Promise<void> {
    this.contents.delete(path)
  }

  async rename(from: string, to: string): Promise<void> {
    const text = this.contents.get(from)
    if (text === undefined) throw new Error(`ENOENT: ${from}`)
    this.contents.delete(from)
    this.contents.set(to, text)
    this.log.push(`rename ${from} ${to}`)
  }

  async write(path: string, contents: Uint8Array | string): Promise<void> {
    this.contents.set(path, typeof contents === 'string' ? contents : Buffer.from(contents).toString('utf8'))
    this.log.push(`write ${path}`)
  }
}
