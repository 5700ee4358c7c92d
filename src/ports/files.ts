import type { TextStore } from '../domain/kept-aside.js'

export interface FileStat {
  readonly kind: 'file' | 'directory' | 'symlink' | 'other'
  readonly sizeBytes: number
  readonly modifiedMs: number
  /** Permission bits. */
  readonly mode: number
}

/** What tells a file's state from every other it was in, without reading it. */
export interface FileMark {
  readonly kind: FileStat['kind']
  /** Device, inode, size, permissions, and the times of its last change, to the nanosecond. */
  readonly text: string
  /** When its contents last changed, as make looks at it, in nanoseconds since 1970. */
  readonly modifiedNs: bigint
  /** When its contents or its inode last changed (ctime), in milliseconds since 1970: nobody can set it back. */
  readonly changedMs: number
}

/** A file open for appending. */
export interface AppendFile {
  append(bytes: Uint8Array | string): Promise<void>
  close(): Promise<void>
}

/** The file system. Nothing follows a symbolic link unless it says so. */
export interface Files {
  /** @throws when absent */
  readText(path: string): Promise<string>
  /** @throws when absent */
  readBytes(path: string, range?: { readonly offset: number; readonly length: number }): Promise<Uint8Array>
  stream(path: string): AsyncIterable<Uint8Array>
  /** Creates the directories above; replaces the file as a whole (write beside, then rename). */
  write(path: string, contents: Uint8Array | string): Promise<void>
  openAppend(path: string): Promise<AppendFile>
  makeDirectory(path: string): Promise<void>
  /** Removes a file or a tree; harmless when absent. */
  remove(path: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  copy(from: string, to: string): Promise<void>
  /** The entry itself (lstat), or null when absent. */
  stat(path: string): Promise<FileStat | null>
  /** Marks of entries themselves (lstat), null for what is not there. Absent: these files have none, and nothing can be known of them unread. */
  marks?(paths: readonly string[]): Promise<readonly (FileMark | null)[]>
  /** Names in a directory, sorted. @throws when absent */
  list(path: string): Promise<readonly string[]>
  /** Where a path leads with every link followed. @throws when absent */
  realPath(path: string): Promise<string>
  symlink(target: string, path: string): Promise<void>
  chmod(path: string, mode: number): Promise<void>
  /** True when the path can be opened for reading and writing by us. */
  canReadWrite(path: string): Promise<boolean>
  /** Free bytes for us on the file system of a path. */
  freeBytes(path: string): Promise<number>
  /** A sparse file of the apparent size. */
  createSparse(path: string, sizeBytes: number): Promise<void>
  /**
   * A store for texts on the disk of a directory, gone when we are. Absent: these files have none, and what would lie there stays in memory.
   * @throws where nothing can be written there
   */
  openTexts?(directory: string): TextStore
  /** A fresh directory below the parent. */
  makeTemporary(parent: string, prefix: string): Promise<string>
}
