import { UserError } from '../domain/errors.js'
import type { ChildProcess, Exec } from './exec.js'

export interface LockRequest {
  /** A directory that is there: it is the lock itself, nothing is written. */
  readonly directory: string
  /** After this it is gone on without: whoever holds it this long may be stuck. `Infinity`: it is waited for. */
  readonly waitSeconds: number
  /** Called where another holds it, before it is waited for. */
  readonly onWait?: () => Promise<void> | void
  /** Ends the waiting: the work is then not done. */
  readonly signal?: AbortSignal
}

/**
 * Does something while no other process of ours on this machine does it (flock(1)). The lock goes with its holder, so none is
 * ever left behind; where there is no flock, or the lock cannot be had in time, it is done all the same.
 * @throws UserError where the waiting was interrupted
 */
export async function holdingLock<T>(
  { exec }: { readonly exec: Pick<Exec, 'spawn' | 'which'> },
  { directory, waitSeconds, onWait, signal }: LockRequest,
  body: () => Promise<T>,
): Promise<T> {
  const flock = await exec.which('flock')
  if (flock === null) return body()
  // `cat` takes flock's place, and with it the lock and the signal at our death.
  const take = (...how: readonly string[]) => exec.spawn([flock, '--no-fork', ...how, directory, 'cat'], { dieWithParent: 'SIGKILL' })
  let holder = await take('--nonblock')
  try {
    if (!(await held(holder))) {
      await onWait?.()
      holder = await take(...(Number.isFinite(waitSeconds) ? ['--timeout', String(waitSeconds)] : []))
      await heldUnlessEnded(holder, signal)
    }
    return await body()
  } finally {
    holder.stdin.end()
    await holder.exit
  }
}

/** What `cat` gives back was said after the lock was had. Without it the output ends. */
async function held({ stdin, stdout }: ChildProcess): Promise<boolean> {
  await stdin.write('\n').catch(() => undefined)
  for await (const _ of stdout) return true
  return false
}

async function heldUnlessEnded(holder: ChildProcess, signal: AbortSignal | undefined): Promise<void> {
  const end = () => holder.kill('SIGKILL')
  signal?.addEventListener('abort', end)
  if (signal?.aborted === true) end()
  await held(holder)
  signal?.removeEventListener('abort', end)
  if (signal?.aborted === true) {
    throw new UserError('The run was interrupted while it waited for another.', 'Start it again.', { kind: 'could-not-test' })
  }
}
