import type { Places } from '../engine/places.js'
import type { Ports } from '../ports/index.js'
import type { FileWatcher } from '../ports/watch.js'

/** What every command gets. */
export interface CliContext {
  readonly ports: Ports
  readonly watcher: FileWatcher
  readonly places: Places
  readonly toolVersion: string
  readonly platform: string
  readonly architecture: string
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal
  readonly stdin: AsyncIterable<Uint8Array>
  readonly stdout: { readonly isTerminal: boolean; readonly columns: number; write(text: string): void }
  readonly stderr: { readonly isTerminal: boolean; readonly columns: number; write(text: string): void }
}
