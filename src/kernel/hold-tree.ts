import { join } from 'node:path'
import * as z from 'zod'
import type { Progress } from '../domain/stages.js'
import { holdingLock, type Ports } from '../ports/index.js'

type HoldPorts = Pick<Ports, 'exec' | 'files' | 'clock'>

/** Who works in an object directory, as the next one that wants to is told. */
export interface Holder {
  /** `the run .vmtest/runs/2026-01-31T120000Z`, `config edit`. */
  readonly who: string
  /** Ends the waiting. */
  readonly signal?: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

const HOLDER = 'vmtest-holder.json'

const holderSchema = z.object({ who: z.string(), pid: z.number().int().positive(), since: z.string() })

/** Does something in a tree's object directory while no other run does; a run that waits says for whom, and since when that one is at it. */
export async function holdingTree<T>(objects: string, holder: Holder, ports: HoldPorts, body: () => Promise<T>): Promise<T> {
  const { onProgress, signal } = holder
  let waited = false
  const lock = {
    directory: objects,
    waitSeconds: Number.POSITIVE_INFINITY,
    onWait: async () => {
      waited = true
      onProgress({ kind: 'waiting', message: `for ${await describeHolder(objects, ports)} to leave ${objects}` })
    },
    ...(signal === undefined ? {} : { signal }),
  }
  return holdingLock(ports, lock, async () => {
    if (waited) onProgress({ kind: 'waiting', message: null })
    const note = join(objects, HOLDER)
    await ports.files.write(note, JSON.stringify({ who: holder.who, pid: process.pid, since: ports.clock.now().toISOString() }))
    try {
      return await body()
    } finally {
      await ports.files.remove(note)
    }
  })
}

async function describeHolder(objects: string, { files, clock }: Pick<Ports, 'files' | 'clock'>): Promise<string> {
  const text = await files.readText(join(objects, HOLDER)).catch(() => '')
  try {
    const { who, pid, since } = holderSchema.parse(JSON.parse(text))
    const minutes = Math.round((clock.now().getTime() - Date.parse(since)) / 60_000)
    return `${who} (process ${pid}${minutes < 1 ? '' : `, at it for ${minutes} min`})`
  } catch {
    return 'another process'
  }
}
