import type { Clock } from '../../ports/index.js'
import type { FileWatcher } from '../../ports/watch.js'
import { directoriesOf } from './sources.js'

export interface WatchOptions {
  /** One run; gives its exit code and throws nothing. It is to end soon where its signal aborts. */
  readonly run: (signal: AbortSignal) => Promise<number>
  /** The files whose change starts the next one; asked for anew before each. */
  readonly sources: () => Promise<readonly string[]>
  /** True where a file that was not there before may be a source. */
  readonly mayBeSource: (path: string) => boolean
  /** `wait`: what is saved during a run starts the next one. `restart`: it ends the run, too. */
  readonly duringRun: 'wait' | 'restart'
  readonly watcher: FileWatcher
  readonly clock: Pick<Clock, 'sleep'>
  /** Ends the loop. */
  readonly signal: AbortSignal
  readonly say: (line: string) => void
  /** A path as the reader calls it. */
  readonly shortly: (path: string) => string
}

/** Editors and git write several files at once: a run waits until none was written for this long. */
const SETTLE_SECONDS = 0.3

/** What changed since it was last asked. */
class Changes {
  #paths = new Set<string>()
  #wakers = new Set<() => void>()

  add(path: string): void {
    this.#paths.add(path)
    for (const wake of this.#wakers) wake()
  }

  get count(): number {
    return this.#paths.size
  }

  /** Resolves when there is a change, or when the signal aborts. */
  async any(signal: AbortSignal): Promise<void> {
    if (this.count > 0 || signal.aborted) return
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.#wakers.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#wakers.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }

  take(): readonly string[] {
    const paths = [...this.#paths]
    this.#paths.clear()
    return paths
  }
}

/**
 * Runs, then again whenever a source file changed, until the signal. A file saved during a run starts the next one after it, or,
 * with `restart`, at once. A file that is new is looked for among the sources, which are then asked for again.
 * @returns the last run's exit code
 */
export async function watchLoop(options: WatchOptions): Promise<number> {
  const { signal, say, shortly } = options
  const changes = new Changes()
  let watching: { close(): void } | null = null
  let known: ReadonlySet<string> = new Set()
  const listen = async () => {
    known = new Set(await options.sources())
    const sources = known
    const next = options.watcher.watch(directoriesOf([...sources]), (path) => {
      if (sources.has(path) || options.mayBeSource(path)) changes.add(path)
    })
    // The new one listens before the old one stops: no change falls between.
    watching?.close()
    watching = next
  }
  try {
    for (;;) {
      await listen()
      const exitCode = await runOnce(options, changes, () => known)
      if (signal.aborted) return exitCode
      say(`watching ${known.size} files; Ctrl-C ends`)
      const changed = await nextChange(options, changes, () => known, listen)
      if (signal.aborted) return exitCode
      say(describe(changed.map(shortly)))
    }
  } finally {
    ;(watching as { close(): void } | null)?.close()
  }
}

/** One run, which a save of a source ends where that is wished. */
async function runOnce(options: WatchOptions, changes: Changes, known: () => ReadonlySet<string>): Promise<number> {
  const over = new AbortController()
  const running = options.run(AbortSignal.any([options.signal, over.signal]))
  if (options.duringRun === 'wait') return running
  const done = new AbortController()
  const ended = AbortSignal.any([options.signal, done.signal])
  const cut = async () => {
    const early: string[] = []
    while (!ended.aborted && !early.some((path) => known().has(path))) {
      await changes.any(ended)
      early.push(...changes.take())
    }
    // They are still what the next run is for.
    for (const path of early) changes.add(path)
    if (ended.aborted) return
    options.say('saved: this run ends, and the next one starts')
    over.abort()
  }
  const cutting = cut()
  try {
    return await running
  } finally {
    done.abort()
    await cutting
  }
}

/** Waits until a source was saved, or a new one is there; what else was written starts nothing. Empty when the signal aborts. */
async function nextChange(
  { clock, signal }: WatchOptions,
  changes: Changes,
  known: () => ReadonlySet<string>,
  listen: () => Promise<void>,
): Promise<readonly string[]> {
  while (!signal.aborted) {
    await changes.any(signal)
    const all = await settled(changes, clock, signal)
    const before = known()
    const saved = all.filter((path) => before.has(path))
    if (saved.length > 0) return saved
    if (all.length === 0) continue
    await listen()
    // A directory that is new is told of by its own name only.
    const fresh = [...known()].filter((path) => !before.has(path))
    if (fresh.length > 0) return fresh
  }
  return []
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
