import * as z from 'zod'
import type { BuildCount } from '../domain/stages.js'
import type { Ports } from '../ports/index.js'

/** What Kbuild prints when a source was made an object: `  CC      fs/xfs/xfs_inode.o`, `  AS [M]  …`. */
const OBJECT = /^ {2}(?:CC|AS|RUSTC)(?: \[M\])? +(?<file>\S+\.o)$/
/** Any other step of Kbuild's. */
const STEP = /^ {2}(?<step>[A-Z][A-Z0-9_]+(?: \[M\])? +\S+)/
/** The same in what `make -n` prints. */
const WOULD_MAKE = /echo +'(?<step> {2}(?:CC|AS|RUSTC)(?: \[M\])? +\S+\.o)'/

/** Seconds the rate is taken over. */
const WINDOW_SECONDS = 60

/** Counts the objects of a kernel's build by what make prints. */
export class ObjectCount {
  #done = 0
  #total: number | null
  #step: string | null = null
  /** When each of the last objects was made. */
  #times: number[] = []

  /** @param about how many there are about, from an earlier build; null where that is not known */
  constructor(about: number | null) {
    this.#total = about
  }

  /** @returns true where the line tells of a step */
  feed(line: string, nowSeconds: number): boolean {
    const step = STEP.exec(line)?.groups?.step
    if (step === undefined) return false
    this.#step = step.replace(/ +/g, ' ')
    if (OBJECT.test(line)) {
      this.#done++
      this.#times.push(nowSeconds)
      while ((this.#times[0] ?? nowSeconds) < nowSeconds - WINDOW_SECONDS) this.#times.shift()
    }
    return true
  }

  get done(): number {
    return this.#done
  }

  /** Takes what `make -n` says is left. */
  expect(left: number): void {
    this.#total = this.#done + left
  }

  get counted(): BuildCount {
    const first = this.#times[0]
    const last = this.#times.at(-1)
    const span = first === undefined || last === undefined ? 0 : last - first
    const perSecond = span > 0 ? (this.#times.length - 1) / span : null
    // An estimate that was passed is none.
    const total = this.#total !== null && this.#total >= this.#done ? this.#total : null
    const secondsLeft = total === null || perSecond === null || perSecond === 0 ? null : (total - this.#done) / perSecond
    return { done: this.#done, total, perSecond, secondsLeft, step: this.#step }
  }
}

/** Objects that `make -n` would make. */
export function objectsToMake(output: string): number {
  return output.split('\n').filter((line) => WOULD_MAKE.test(line)).length
}

const noteSchema = z.object({ objects: z.number().int().positive() })

/** How many objects the last build from nothing made; null where none is known. */
export async function objectsNoted(path: string | undefined, files: Pick<Ports['files'], 'readText'>): Promise<number | null> {
  if (path === undefined) return null
  const text = await files.readText(path).catch(() => '')
  try {
    return noteSchema.parse(JSON.parse(text)).objects
  } catch {
    return null
  }
}

/** Notes it for the next one. */
export async function noteObjects(path: string | undefined, objects: number, files: Pick<Ports['files'], 'write'>): Promise<void> {
  if (path !== undefined && objects > 0) await files.write(path, JSON.stringify({ objects }))
}
