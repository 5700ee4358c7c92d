/** How a process ended: exactly one of code and signal is set. */
export interface ProcessExit {
  readonly code: number | null
  readonly signal: string | null
}

/** A user with an id and nothing else: no name, no home, no capability, and no way to get one. */
export interface UnprivilegedUser {
  readonly uid: number
  readonly gid: number
  /** Supplementary groups, by number. */
  readonly groups: readonly number[]
}

/** A file we open and a child inherits, whatever its own rights and wherever the file lies. */
export interface InheritedFile {
  readonly path: string
  /** `create`: a fresh, empty file to write (mode 0600). */
  readonly access: 'read' | 'read-write' | 'create'
}

/** What a child is, whichever way it is started. */
export interface ChildOptions {
  readonly cwd?: string
  /** The whole environment; absent: ours. */
  readonly env?: Readonly<Record<string, string>>
  /**
   * The kernel sends this signal to the child when we die, however we die. It is cleared where the program is setuid (sudo), and
   * where this machine has no setpriv it is not set.
   */
  readonly dieWithParent?: 'SIGTERM' | 'SIGKILL'
  /** Become this user before the program starts (only root can; setpriv of util-linux does it). */
  readonly as?: UnprivilegedUser
  /** Open files, as file descriptors 3, 4, … (after the channels of `spawn`). */
  readonly files?: readonly InheritedFile[]
}

export interface CommandOptions extends ChildOptions {
  readonly input?: Uint8Array | string
  /** Killed (SIGKILL, the process group) after this; the result's `timedOut` is true. */
  readonly timeoutSeconds?: number
  readonly signal?: AbortSignal
  /** Called with each line of standard error as it comes. */
  readonly onStderrLine?: (line: string) => void
  readonly onStdoutLine?: (line: string) => void
  /** Bytes kept of each stream (the last ones); default 64 MiB. */
  readonly maxBufferBytes?: number
}

export interface CommandResult extends ProcessExit {
  readonly stdout: string
  readonly stderr: string
  readonly timedOut: boolean
}

export interface SpawnOptions extends ChildOptions {
  /** Further duplex channels, passed as file descriptors 3, 4, … (connected UNIX sockets). */
  readonly channels?: number
  /** When memory runs out the kernel takes this child before us. */
  readonly expendable?: boolean
}

/** A duplex byte stream. Reading slower than the other end writes holds it back. */
export interface ByteChannel extends AsyncIterable<Uint8Array> {
  /** Resolves when the bytes are handed on; rejects when the other end is gone. */
  write(bytes: Uint8Array | string): Promise<void>
  close(): void
}

export interface ChildProcess {
  readonly pid: number
  readonly stdin: { write(bytes: Uint8Array | string): Promise<void>; end(): void }
  readonly stdout: AsyncIterable<Uint8Array>
  readonly stderr: AsyncIterable<Uint8Array>
  readonly channels: readonly ByteChannel[]
  /** Never rejects. */
  readonly exit: Promise<ProcessExit>
  /** Signals the whole process group. Harmless when it is gone. */
  kill(signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT' | 'SIGSTOP' | 'SIGCONT'): void
}

/** Processes. Command lines are argv arrays; there is no shell. */
export interface Exec {
  /**
   * Runs a program to its end and gives its output, whatever its exit code.
   * @throws UserError (`could-not-test`) when the program cannot be started
   */
  run(argv: readonly string[], options?: CommandOptions): Promise<CommandResult>
  /** Starts a program and hands over its streams. @throws UserError when it cannot be started */
  spawn(argv: readonly string[], options?: SpawnOptions): Promise<ChildProcess>
  /** Runs a program on our own terminal, for interactive use. */
  interactive(argv: readonly string[], options?: ChildOptions): Promise<ProcessExit>
  /** The absolute path of a program on PATH, or null. */
  which(program: string): Promise<string | null>
}
