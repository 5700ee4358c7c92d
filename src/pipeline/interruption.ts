import { UserError } from '../domain/errors.js'
import type { Exec, Ports } from '../ports/index.js'

/** What interrupted work gets to end by itself, in seconds: its programs were told to. The whole run is to end within two. */
const GRACE_SECONDS = 1

/**
 * Does work that an interruption ends, unless it comes before: programs it has started get SIGTERM, and so does each it still starts. What answers to
 * no signal (a download, an upload) is not waited for.
 * @throws UserError when the work was given up
 */
export async function untilInterrupted<T>(signal: AbortSignal, ports: Ports, work: (ports: Ports) => Promise<T>): Promise<T> {
  if (signal.aborted) throw interrupted()
  const running = work({ ...ports, exec: endingExec(ports.exec, signal) })
  const over = new AbortController()
  const givenUp = givingUp(signal, over.signal, ports)
  // The one that loses the race may still fail.
  for (const one of [running, givenUp]) one.catch(() => undefined)
  try {
    return await Promise.race([running, givenUp])
  } finally {
    over.abort()
  }
}

async function givingUp(signal: AbortSignal, over: AbortSignal, { clock }: Ports): Promise<never> {
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true, signal: over })
  })
  await clock.sleep(GRACE_SECONDS, over)
  throw interrupted()
}

function interrupted(): UserError {
  return new UserError('The run was interrupted.', 'Start it again.', { kind: 'could-not-test' })
}

function endingExec(exec: Exec, signal: AbortSignal): Exec {
  return {
    run: (argv, options = {}) =>
      exec.run(argv, { ...options, signal: options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]) }),
    spawn: (argv, options) => exec.spawn(argv, options),
    interactive: (argv, options) => exec.interactive(argv, options),
    which: (program) => exec.which(program),
  }
}
