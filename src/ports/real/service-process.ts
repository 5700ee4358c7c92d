import { type ChildProcess, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { withDeadline } from './deadline.js'

/** The libraries the process can load, as its argument names them. */
export type ServiceLibrary = 'cache' | 'artifact'

/** The call it answers unasked when the library is loaded. */
export const READY_ID = 0
/** A machine under load takes seconds to load a library; one that takes longer is broken. */
const START_SECONDS = 120

/** One call of a client of the workflow's services: a function of `@actions/cache`, a method of `@actions/artifact`'s client. */
export interface ServiceCall {
  readonly id: number
  readonly method: string
  readonly args: readonly unknown[]
}

export type ServiceReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string } }

/** A process of its own that runs those clients. */
export interface ServiceProcess {
  /** @throws Error with the name and message the client's error had */
  readonly call: (method: string, ...args: readonly unknown[]) => Promise<unknown>
  /** Ends it, and what it is about. */
  readonly close: () => void
}

/** dist/service.js: beside this file in dist/, else (from source) that of the checkout. */
function entryPoint(): string {
  const beside = fileURLToPath(new URL('./service.js', import.meta.url))
  return existsSync(beside) ? beside : fileURLToPath(new URL('../../../dist/service.js', import.meta.url))
}

/**
 * Starts one of the clients with `directory` as their working directory and their GITHUB_WORKSPACE. They must have both to themselves: `@actions/cache`
 * makes the literal paths part of an entry's identity, finds relative ones from the working directory and packs them relative to GITHUB_WORKSPACE
 * (6.3, lib/internal/cacheUtils.js:56 and :145, tar.js:56). So an entry of a relative path is the same for every runner, wherever its directories lie.
 * @throws Error where it cannot be started
 */
export async function startServiceProcess(
  library: ServiceLibrary,
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ServiceProcess> {
  await mkdir(directory, { recursive: true })
  const child = fork(entryPoint(), [library], {
    cwd: directory,
    env: { ...env, GITHUB_WORKSPACE: directory },
    execArgv: [],
    // Its tar and zstd end with it.
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  // Workflow commands (masks, debug lines) are the runner's to read, in the order they came.
  child.stdout?.on('data', (chunk: Buffer) => process.stdout.write(chunk))
  const conversation = new Conversation(child)
  // The deadlines of what follows are the service's, not this machine's.
  const start = await withDeadline(conversation.ready, START_SECONDS)
  if (start.kind === 'done') return conversation
  conversation.close()
  throw new Error(`the process that asks the service did not start within ${START_SECONDS} s`)
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

class Conversation implements ServiceProcess {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  /** @throws Error where it ends before */
  readonly ready: Promise<void>
  #ended: Error | null = null
  #calls = 0

  constructor(child: ChildProcess) {
    this.#child = child
    this.ready = new Promise((resolve, reject) => this.#waiting.set(READY_ID, { resolve: () => resolve(), reject }))
    child.on('message', (reply: ServiceReply) => this.#settle(reply))
    child.on('error', (error) => this.#end(error))
    child.on('exit', (code, signal) => this.#end(new Error(`the process that asks the service ended (${signal ?? `status ${code}`})`)))
  }

  readonly call: ServiceProcess['call'] = (method, ...args) => {
    const id = ++this.#calls
    return new Promise((resolve, reject) => {
      if (this.#ended !== null) return reject(this.#ended)
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ id, method, args } satisfies ServiceCall, (error) => error !== null && this.#end(error))
    })
  }

  readonly close = (): void => {
    const { pid } = this.#child
    if (this.#ended !== null || pid === undefined) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }

  #settle(reply: ServiceReply): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if ('error' in reply) waiting?.reject(Object.assign(new Error(reply.error.message), { name: reply.error.name }))
    else waiting?.resolve(reply.value)
  }

  #end(error: Error): void {
    this.#ended ??= error
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
