/** The workflow's cache. A failure is a value: caches only make things faster. */
export interface CacheStore {
  /** False where there is no service or the token cannot read. */
  available(): boolean
  /** False where the token cannot write: known before anything is compressed. */
  writable(): boolean
  /**
   * Brings paths back to where they are asked for. An entry's identity is its key and the last component of each path: these must be the
   * same in every run, the directory they lie in (one for all, absolute) may be another on each machine.
   */
  restore(paths: readonly string[], key: string, restoreKeys: readonly string[]): Promise<CacheRestore>
  /** Packs paths, as `restore` takes them. */
  save(paths: readonly string[], key: string): Promise<CacheSave>
}

export type CacheRestore =
  | { readonly kind: 'hit'; readonly key: string; readonly exact: boolean }
  | { readonly kind: 'miss' }
  | { readonly kind: 'failed'; readonly reason: string }

export type CacheSave = { readonly kind: 'saved' } | { readonly kind: 'exists' } | { readonly kind: 'failed'; readonly reason: string }

/** The workflow's artifacts. */
export interface ArtifactStore {
  available(): boolean
  upload(name: string, files: readonly string[], root: string, options?: ArtifactOptions): Promise<ArtifactUpload>
  /** Names of this run's artifacts, of every attempt; null where they cannot be listed. */
  list(): Promise<readonly string[] | null>
  /** Downloads an artifact of this run by name into a directory; null when there is none. */
  download(name: string, directory: string): Promise<string | null>
}

export interface ArtifactOptions {
  /** Days it is kept. Absent: as the repository has it. */
  readonly retentionDays?: number
}

export type ArtifactUpload =
  /** `name`: the name it has, where a retry had to take another one than asked for. */
  | { readonly kind: 'uploaded'; readonly id: number; readonly sizeBytes: number; readonly name?: string }
  | { readonly kind: 'failed'; readonly reason: string }

/** What is asked of GitHub's API; absent without a token. */
export interface GitHubApi {
  available(): boolean
  /** Files the pull request changes, relative to the repository; null where it cannot be known. */
  changedFiles(): Promise<readonly string[] | null>
  readonly caches: CacheEntries
}

/** An entry of the workflow's cache as the server lists it. */
export interface ListedEntry {
  readonly id: number
  readonly key: string
  /** ISO 8601 in UTC. */
  readonly createdAt: string
  readonly usedAt: string
  readonly sizeBytes: number
}

/** The repository's cache entries. A failure is a value: what cannot be asked or removed stays. */
export interface CacheEntries {
  /** What all entries of the repository take; null where it cannot be known (no token, no right to ask). */
  usedBytes(): Promise<number | null>
  /** Entries of a ref (`refs/heads/main`) whose key begins with a prefix, those used longest ago first; null as above. */
  list(ref: string, prefix: string): Promise<readonly ListedEntry[] | null>
  /** False where the token may not. */
  remove(id: number): Promise<boolean>
}
