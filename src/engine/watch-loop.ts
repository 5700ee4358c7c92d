import type { Clock } from '../ports/index.js'
import type { FileWatcher } from '../ports/watch.js'
import { directoriesOf } from './sources.js'

export interface WatchOptions {
  /** One run; gives its exit code and throws nothing. */
  readonly run: () => Promise<number>
  /** The files whose change starts the next one; asked for anew before each. */
  readonly sources: () => Promise<readonly string[]>
  readonly watcher: FileWatcher
  readonly clock: Pick<Clock, 'sleep'>
  /** Ends the loop. */
  readonly signal: AbortSignal
  readonly say: (line: string) => void
}

/** Editors and git write several files at once: a run waits until none was written for this long. */
const SETTLE_SECONDS = 0.3

/** What changed since it was last asked. */
class Changes {
  #paths = new Set<string>()
  #wake: () => void = () => undefined

  add(path: string): void {
    this.#paths.add(path)
    this.#wake()
  }

  get count(): number {
    return this.#paths.size
  }

  /** Resolves when there is a change, or when the signal aborts. */
  async any(signal: AbortSignal): Promise<void> {
    if (this.count > 0 || signal.aborted) return
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  take(): readonly string[] {
    const paths = [...this.#paths]
    this.#paths.clear()
    return paths
  }
}

/**
 * Runs, then again whenever a source file changed, until the signal. A file saved during a run starts the next one after it.
 * @returns the last run's exit code
 */
export async function watchLoop(options: WatchOptions): Promise<number> {
  const { signal, say, clock, watcher } = options
  const changes = new Changes()
  let watching: { close(): void } | null = null
  try {
    for (;;) {
      const sources = new Set(await options.sources())
      const next = watcher.watch(directoriesOf([...sources]), (path) => sources.has(path) && changes.add(path))
      // The new one listens before the old one stops: no change falls between.
      watching?.close()
      watching = next
      const exitCode = await options.run()
      if (!signal.aborted) say(`watching ${sources.size} files; Ctrl-C ends`)
      await changes.any(signal)
      if (signal.aborted) return exitCode
      say(describe(await settled(changes, clock, signal)))
    }
  } finally {
    watching?.close()
  }
}

async function settled(changes: Changes, clock: Pick<Clock, 'sleep'>, signal: AbortSignal): Promise<readonly string[]> {
  const all = new Set<string>()
  while (changes.count > 0) {
    for (const path of changes.take()) all.add(path)
    await clock.sleep(SETTLE_SECONDS, signal)
  }
  return [...all]
}

function describe(paths: readonly string[]): string {
  const shown = paths.slice(0, 3).join(', ')
  return `changed: ${shown}${paths.length > 3 ? ` and ${paths.length - 3} more` : ''}`
}
