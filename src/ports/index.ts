import type { Clock } from './clock.js'
import type { Exec } from './exec.js'
import type { Files } from './files.js'
import type { Http } from './http.js'
import type { Runner } from './runner.js'
import type { ArtifactStore, CacheStore, GitHubApi } from './services.js'
import type { Sockets } from './sockets.js'

export type { Clock } from './clock.js'
export type {
  ByteChannel,
  ChildOptions,
  ChildProcess,
  CommandOptions,
  CommandResult,
  Exec,
  InheritedFile,
  ProcessExit,
  SpawnOptions,
  UnprivilegedUser,
} from './exec.js'
export type { AppendFile, FileMark, FileStat, Files } from './files.js'
export type { Http, HttpResponse } from './http.js'
export { holdingLock, type LockRequest } from './lock.js'
export type { Runner } from './runner.js'
export type {
  ArtifactStore,
  ArtifactUpload,
  CacheEntries,
  CacheRestore,
  CacheSave,
  CacheStore,
  GitHubApi,
  ListedEntry,
} from './services.js'
export type { Listener, Sockets } from './sockets.js'

/** The outside world, whole. Stages take the few ports they need: `Pick<Ports, 'exec' | 'files'>`. */
export interface Ports {
  readonly runner: Runner
  readonly exec: Exec
  readonly files: Files
  readonly clock: Clock
  readonly http: Http
  readonly cacheStore: CacheStore
  readonly artifactStore: ArtifactStore
  readonly github: GitHubApi
  /** Absent: nobody can attach to a guest. */
  readonly sockets?: Sockets
}
