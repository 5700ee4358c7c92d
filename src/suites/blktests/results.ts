import type { TestName } from '../../domain/test.js'
import type { TreeReader } from '../suite.js'

/** What blktests left of one result: the file `DEVICE_CONDITION/GROUP/NNN`, and those beside it. */
export interface ResultFile {
  readonly name: TestName
  /** Directory below check's output: `nodev`, `nodev_tr_loop`, `vdb`; empty for an array of no devices. */
  readonly place: string
  /** As the reader reaches it. */
  readonly path: string
  /** Its `key<TAB>value` lines; null where the file is not there, but others of the result are. */
  readonly keys: ReadonlyMap<string, string> | null
  /** Endings of the files beside it: `out.bad`, `dmesg`, `full`. */
  readonly beside: readonly string[]
}

const MOST_PLACES = 500
const MOST_BYTES = 256 * 1024

/** Reads a file of a results tree, cut at `most` bytes; null where there is none. Never throws: what cannot be read is a problem. */
export async function readSome(files: TreeReader, path: string, most: number, problems: string[]): Promise<string | null> {
  try {
    const entry = await files.stat(path)
    if (entry?.kind !== 'file') return null
    if (entry.sizeBytes > most) problems.push(`${path} has ${entry.sizeBytes} bytes; the first ${most} were read.`)
    return new TextDecoder().decode(await files.readBytes(path, { offset: 0, length: Math.min(entry.sizeBytes, most) }))
  } catch (error) {
    problems.push(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`)
    return null
  }
}

/** Names in a directory; empty where it is none. */
async function namesIn(files: TreeReader, path: string): Promise<readonly string[]> {
  if ((await files.stat(path).catch(() => null))?.kind !== 'directory') return []
  return files.list(path).catch(() => [])
}

/**
 * Results of these tests below check's output directory, by the place they lie in.
 * @param root what check was given as `-o`
 */
export async function readResultFiles(
  files: TreeReader,
  root: string,
  tests: readonly TestName[],
  problems: string[],
): Promise<readonly ResultFile[]> {
  const byGroup = new Map<string, Set<string>>()
  for (const name of tests) {
    const [group = '', id = ''] = name.split('/')
    byGroup.set(group, (byGroup.get(group) ?? new Set()).add(id))
  }
  const top = await namesIn(files, root)
  if (top.length > MOST_PLACES) problems.push(`${root} has ${top.length} entries; the first ${MOST_PLACES} were read.`)
  const found: ResultFile[] = []
  for (const place of ['', ...top.slice(0, MOST_PLACES)]) {
    const directory = place === '' ? root : `${root}/${place}`
    for (const [group, ids] of byGroup) {
      const names = await namesIn(files, `${directory}/${group}`)
      for (const id of ids) {
        const beside = names.filter((name) => name.startsWith(`${id}.`)).map((name) => name.slice(id.length + 1))
        if (!names.includes(id) && beside.length === 0) continue
        const path = `${directory}/${group}/${id}`
        const text = await readSome(files, path, MOST_BYTES, problems)
        found.push({ name: `${group}/${id}`, place, path, keys: text === null ? null : keysOf(text), beside })
      }
    }
  }
  return found
}

/** `key<TAB>value` lines. */
export function keysOf(text: string): ReadonlyMap<string, string> {
  const keys = new Map<string, string>()
  for (const line of text.split('\n')) {
    const at = line.indexOf('\t')
    if (at > 0) keys.set(line.slice(0, at), line.slice(at + 1))
  }
  return keys
}
