import type { FileMark, Files } from '../ports/index.js'

/** What was looked at: each path as it was, and where each led. */
export interface Journal {
  readonly marks: Readonly<Record<string, string | null>>
  readonly leads: Readonly<Record<string, string | null>>
}

/**
 * A view of the file system that notes what is read through it, so that it can be told later, without reading anything again, whether reading
 * it would give the same.
 */
export class JournalFiles {
  private readonly paths = new Set<string>()
  private readonly leads = new Map<string, string | null>()
  readonly files: Files

  /** @param isOwn paths that are ours to write: no note of them */
  constructor(
    private readonly under: Files,
    private readonly isOwn: (path: string) => boolean,
  ) {
    const noted = <A extends unknown[], R>(read: (path: string, ...rest: A) => R) => {
      return (path: string, ...rest: A): R => {
        this.look(path)
        return read(path, ...rest)
      }
    }
    this.files = {
      ...under,
      readText: noted((path) => under.readText(path)),
      readBytes: noted((path, range?: { readonly offset: number; readonly length: number }) => under.readBytes(path, range)),
      stream: noted((path) => under.stream(path)),
      stat: noted((path) => under.stat(path)),
      list: noted((path) => under.list(path)),
      copy: noted((from, to: string) => under.copy(from, to)),
      realPath: (path) => this.follow(path),
    }
  }

  /** Notes a path that something else than `files` reads, a program for example. */
  look(path: string): void {
    if (!this.isOwn(path)) this.paths.add(path)
  }

  private async follow(path: string): Promise<string> {
    if (this.isOwn(path)) return this.under.realPath(path)
    this.paths.add(path)
    try {
      const real = await this.under.realPath(path)
      this.leads.set(path, real)
      return real
    } catch (error) {
      this.leads.set(path, null)
      throw error
    }
  }

  /**
   * Everything as it is now. Null where that may not be as it was when it was read: something changed since `since` or just before, when a
   * further change would not show.
   */
  async close(since: FileMark): Promise<Journal | null> {
    const paths = [...this.paths].sort()
    const marks = await this.under.marks?.(paths)
    if (marks === undefined) return null
    if (marks.some((mark) => mark !== null && mark.changedMs > since.changedMs - UNSEEN_CHANGE_MS)) return null
    return {
      marks: Object.fromEntries(paths.map((path, at) => [path, marks[at]?.text ?? null])),
      leads: Object.fromEntries([...this.leads].sort(([a], [b]) => (a < b ? -1 : 1))),
    }
  }
}

/** A file system's clock ticks this seldom at worst: what changes twice in a tick looks the same. */
const UNSEEN_CHANGE_MS = 2000

/** Whether everything a journal holds is still so. Contents are not read. */
export async function stillHolds({ marks, leads }: Journal, files: Files): Promise<boolean> {
  const paths = Object.keys(marks)
  const now = await files.marks?.(paths)
  if (now === undefined || !paths.every((path, at) => (now[at]?.text ?? null) === marks[path])) return false
  const followed = await Promise.all(Object.keys(leads).map((path) => files.realPath(path).catch(() => null)))
  return Object.values(leads).every((lead, at) => lead === followed[at])
}
