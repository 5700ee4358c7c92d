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
}
