/** The files of one batch that are on the host, with their sizes, and how many lie below each directory. */
export class KnownFiles {
  private readonly sizes = new Map<string, number>()
  private readonly below = new Map<string, number>()

  get count(): number {
    return this.sizes.size
  }

  paths(): readonly string[] {
    return [...this.sizes.keys()]
  }

  has(path: string): boolean {
    return this.sizes.has(path)
  }

  sizeOf(path: string): number | undefined {
    return this.sizes.get(path)
  }

  set(path: string, sizeBytes: number): void {
    if (!this.sizes.has(path)) for (const directory of directoriesOf(path)) this.below.set(directory, (this.below.get(directory) ?? 0) + 1)
    this.sizes.set(path, sizeBytes)
  }

  /** Forgets a file. @returns what is then to be removed: the topmost directory it leaves empty, or the file itself */
  delete(path: string): string {
    if (!this.sizes.delete(path)) return path
    let empty = path
    // From the nearest up: the last that is empty is the topmost.
    for (const directory of directoriesOf(path).reverse()) {
      const left = (this.below.get(directory) ?? 1) - 1
      this.below.set(directory, left)
      if (left > 0) continue
      this.below.delete(directory)
      empty = directory
    }
    return empty
  }

  clear(): void {
    this.sizes.clear()
    this.below.clear()
  }
}

function directoriesOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}
