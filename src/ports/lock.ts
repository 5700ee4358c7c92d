import type { ChildProcess, Exec } from './exec.js'

export interface LockRequest {
  /** A directory that is there: it is the lock itself, nothing is written. */
  readonly directory: string
  /** After this it is gone on without: whoever holds it this long may be stuck. */
  readonly waitSeconds: number
}

/**
 * Does something while no other process of ours on this machine does it (flock(1)). The lock goes with its holder, so none is
 * ever left behind; where there is no flock, or the lock cannot be had in time, it is done all the same.
 */
export async function holdingLock<T>(
  { exec }: { readonly exec: Pick<Exec, 'spawn' | 'which'> },
  { directory, waitSeconds }: LockRequest,
  body: () => Promise<T>,
): Promise<T> {
  const flock = await exec.which('flock')
  if (flock === null) return body()
  // `cat` takes flock's place, and with it the lock and the signal at our death.
  const argv = [flock, '--no-fork', '--timeout', String(waitSeconds), directory, 'cat']
  const holder = await exec.spawn(argv, { dieWithParent: 'SIGKILL' })
  try {
    await held(holder)
    return await body()
  } finally {
    holder.stdin.end()
    await holder.exit
  }
}

/** What `cat` gives back was said after the lock was had. Without it the output ends. */
async function held({ stdin, stdout }: ChildProcess): Promise<void> {
  await stdin.write('\n').catch(() => undefined)
  for await (const _ of stdout) return
}
