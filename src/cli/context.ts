import type { Command } from 'commander'
import type { Directories } from '../pipeline/directories.js'
import type { PipelineOptions } from '../pipeline/options.js'
import type { Ports } from '../ports/index.js'
import type { FileWatcher } from '../ports/watch.js'

/** What every command gets. */
export interface CliContext {
  readonly ports: Ports
  readonly watcher: FileWatcher
  readonly places: Directories
  readonly toolVersion: string
  readonly platform: string
  readonly architecture: string
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal
  /** Reads what guests left; absent: in this thread. */
  readonly readRecord?: NonNullable<PipelineOptions['readRecord']>
  readonly stdin: AsyncIterable<Uint8Array>
  /** Hands over keys as they are pressed, Ctrl-C too, until what it returns is called. Absent: standard input is no terminal. */
  readonly rawKeys?: () => () => void
  readonly stdout: {
    readonly isTerminal: boolean
    readonly columns: number
    readonly rows?: number
    write(text: string | Uint8Array): void
  }
  readonly stderr: { readonly isTerminal: boolean; readonly columns: number; write(text: string): void }
}

/** Adds one command to the program; `finish` takes its exit code. */
export type AddCommand = (program: Command, context: CliContext, finish: (exitCode: number) => void) => void
