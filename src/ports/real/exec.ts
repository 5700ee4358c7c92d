import { type ChildProcess as NodeChild, type SpawnOptions as NodeSpawnOptions, spawn as nodeSpawn } from 'node:child_process'
import { setMaxListeners } from 'node:events'
import { closeSync, constants, openSync, writeFileSync } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { Duplex, Readable, Writable } from 'node:stream'
import { UserError } from '../../domain/errors.js'
import type {
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
} from '../exec.js'

const DEFAULT_BUFFER_BYTES = 64 * 1024 * 1024

/** Processes of this machine. Each child leads its own process group, so that a kill reaches its children too. */
export function createExec(environment: NodeJS.ProcessEnv = process.env): Exec {
  const which = (program: string) => findProgram(program, environment)
  return {
    which,
    run: async (argv, options = {}) => run(await withRights(argv, options, which), options, environment),
    spawn: async (argv, options = {}) => spawn(await withRights(argv, options, which), options, environment),
    interactive: async (argv, options = {}) => {
      const words = await withRights(argv, options, which)
      const child = await start(words, options, environment, { stdio: ['inherit', 'inherit', 'inherit'] })
      return exitOf(child)
    },
  }
}

async function findProgram(program: string, environment: NodeJS.ProcessEnv): Promise<string | null> {
  const candidates = program.includes('/')
    ? [program]
    : // Debian keeps mkfs and friends out of an ordinary user's PATH.
      [...(environment.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].filter(Boolean).map((directory) => join(directory, program))
  for (const candidate of candidates) {
    try {
      await access(candidate, constants.X_OK)
      if ((await stat(candidate)).isFile()) return candidate
    } catch {
      // Not here; the next directory may have it.
    }
  }
  return null
}

/**
 * The kernel's parent-death signal outlives even a kill -9 of ours. One setpriv sets it and changes the user: a later change
 * of ids would clear the signal again (prctl(2)).
 */
async function withRights(argv: readonly string[], options: SpawnOptions, which: Exec['which']): Promise<readonly string[]> {
  const words = [
    ...(options.as === undefined ? [] : userWords(options.as)),
    ...(options.dieWithParent === undefined ? [] : ['--pdeathsig', options.dieWithParent.slice('SIG'.length)]),
  ]
  if (words.length === 0) return argv
  const setpriv = await which('setpriv')
  // setpriv would report a program that is not there as its own failure.
  if (options.as === undefined && (await which(argv[0] ?? '')) === null) return argv
  if (setpriv !== null) return [setpriv, ...words, '--', ...argv]
  if (options.as === undefined) return argv
  throw new UserError('setpriv, which takes rights away from QEMU, is not on PATH.', 'Install util-linux.', { kind: 'could-not-test' })
}

function userWords({ uid, gid, groups }: UnprivilegedUser): readonly string[] {
  return [
    `--reuid=${uid}`,
    `--regid=${gid}`,
    groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`,
    '--inh-caps=-all',
    '--bounding-set=-all',
    '--no-new-privs',
  ]
}

const OPEN_FLAGS: Readonly<Record<InheritedFile['access'], number>> = {
  read: constants.O_RDONLY,
  'read-write': constants.O_RDWR,
  create: constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW,
}

/** Starts a child with the files it inherits open; ours are closed again. */
async function start(
  argv: readonly string[],
  options: ChildOptions,
  environment: NodeJS.ProcessEnv,
  how: { readonly detached?: boolean; readonly stdio: readonly ('pipe' | 'inherit')[] },
): Promise<NodeChild> {
  const descriptors: number[] = []
  try {
    for (const file of options.files ?? []) descriptors.push(openFor(file))
    const stdio = [...how.stdio, ...descriptors]
    return await started(argv, { detached: how.detached ?? false, stdio, cwd: options.cwd, env: options.env ?? environment })
  } finally {
    // At once: a child that ends before anybody listens takes its output with it.
    for (const descriptor of descriptors) closeSync(descriptor)
  }
}

function openFor({ path, access }: InheritedFile): number {
  try {
    return openSync(path, OPEN_FLAGS[access], 0o600)
  } catch (cause) {
    throw new UserError(`${path} cannot be opened.`, 'See that it is there and that this user may open it.', {
      cause,
      kind: 'could-not-test',
    })
  }
}

async function started(argv: readonly string[], options: Omit<NodeSpawnOptions, 'cwd'> & { cwd: string | undefined }): Promise<NodeChild> {
  const [program, ...rest] = argv
  if (program === undefined) throw new Error('an empty command line')
  // What `which` finds can be started: mkfs.xfs too, where PATH is an ordinary user's.
  const path = program.includes('/') ? program : await findProgram(program, options.env ?? {})
  const child = nodeSpawn(path ?? program, rest, { ...options, argv0: program } as NodeSpawnOptions)
  return new Promise((resolve, reject) => {
    child.once('spawn', () => resolve(child))
    child.once('error', (cause) =>
      reject(
        new UserError(`\`${program}\` cannot be started.`, `Check that ${program} is installed and on PATH.`, {
          cause,
          kind: 'could-not-test',
        }),
      ),
    )
  })
}

function exitOf(child: NodeChild): Promise<ProcessExit> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve({ code: child.exitCode, signal: child.signalCode })
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
}

function killGroup(child: NodeChild, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The group is gone already.
  }
}

async function run(argv: readonly string[], options: CommandOptions, environment: NodeJS.ProcessEnv): Promise<CommandResult> {
  const child = await start(argv, options, environment, { detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
  let timedOut = false
  const timer =
    options.timeoutSeconds === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true
          killGroup(child, 'SIGKILL')
        }, options.timeoutSeconds * 1000)
  const abort = () => killGroup(child, 'SIGTERM')
  // A run's signal ends however many commands there are at the same time; Node warns of more than ten.
  if (options.signal !== undefined) setMaxListeners(0, options.signal)
  options.signal?.addEventListener('abort', abort)
  if (options.signal?.aborted === true) abort()
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(options.input ?? '')
  const limit = options.maxBufferBytes ?? DEFAULT_BUFFER_BYTES
  const exit = exitOf(child)
  const [stdout, stderr] = await Promise.all([
    collect(child.stdout, limit, options.onStdoutLine),
    collect(child.stderr, limit, options.onStderrLine),
  ])
  const result = await exit
  clearTimeout(timer)
  options.signal?.removeEventListener('abort', abort)
  return { ...result, stdout, stderr, timedOut }
}

/** Everything a stream says, or its last `limit` bytes; whole lines are handed on as they come. */
async function collect(stream: Readable | null, limit: number, onLine: ((line: string) => void) | undefined): Promise<string> {
  if (stream === null) return ''
  const chunks: Buffer[] = []
  let size = 0
  const lines = onLine === undefined ? undefined : lineSplitter(onLine)
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      lines?.feed(chunk)
      chunks.push(chunk)
      size += chunk.length
      while (size > limit && chunks.length > 1) size -= chunks.shift()?.length ?? 0
    }
  } catch {
    // A killed child's pipe can end with an error; what it said before counts.
  }
  lines?.end()
  return Buffer.concat(chunks).toString('utf8')
}

const LONGEST_LINE = 64 * 1024

function lineSplitter(onLine: (line: string) => void) {
  let rest = ''
  const decoder = new TextDecoder()
  return {
    feed(chunk: Buffer) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = parts.pop() ?? ''
      for (const part of parts) onLine(part.slice(0, LONGEST_LINE))
      if (rest.length > LONGEST_LINE) rest = rest.slice(0, LONGEST_LINE)
    },
    end() {
      if (rest !== '') onLine(rest)
    },
  }
}

async function spawn(argv: readonly string[], options: SpawnOptions, environment: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const channels = Array.from({ length: options.channels ?? 0 }, () => 'pipe' as const)
  const child = await start(argv, options, environment, { detached: true, stdio: ['pipe', 'pipe', 'pipe', ...channels] })
  if (options.expendable === true) giveUpFirst(child.pid)
  const { stdin, stdout, stderr } = child
  if (child.pid === undefined || stdin === null || stdout === null || stderr === null) throw new Error('a started child has its streams')
  stdin.on('error', () => undefined)
  return {
    pid: child.pid,
    stdin: { write: (bytes) => write(stdin, bytes), end: () => void stdin.end() },
    stdout: quietly(stdout),
    stderr: quietly(stderr),
    channels: child.stdio.slice(3, 3 + channels.length).map((stream) => channel(stream as Duplex)),
    exit: exitOf(child),
    kill: (signal) => killGroup(child, signal),
  }
}

/** Between a process like any other (0) and the first to go (1000): proc(5). */
const EXPENDABLE = '500'

function giveUpFirst(pid: number | undefined): void {
  try {
    if (pid !== undefined) writeFileSync(`/proc/${pid}/oom_score_adj`, EXPENDABLE)
  } catch {
    // Gone already, or a container's read-only /proc: the kernel then chooses by size alone.
  }
}

function write(stream: Writable, bytes: Uint8Array | string): Promise<void> {
  return new Promise((resolve, reject) => stream.write(bytes, (error) => (error ? reject(error) : resolve())))
}

/** A stream's bytes until its end; a reset by a killed peer is an end. */
async function* quietly(stream: Readable): AsyncIterable<Uint8Array> {
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) yield chunk
  } catch {
    // The other end is gone.
  }
}

function channel(stream: Duplex): ByteChannel {
  stream.on('error', () => undefined)
  return {
    write: (bytes) => write(stream, bytes),
    close: () => void stream.destroy(),
    [Symbol.asyncIterator]: () => quietly(stream)[Symbol.asyncIterator](),
  }
}
