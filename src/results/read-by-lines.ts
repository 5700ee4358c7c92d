import type { Aside } from '../domain/kept-aside.js'
import { RECORD_VERSION, type TestRecord, testRecordSchema } from '../domain/record.js'
import { keepTest } from './keep-aside.js'

/** What a run.json holds: its tests, and the rest without them. */
export interface ReadRecord {
  readonly rest: Readonly<Record<string, unknown>>
  readonly tests: readonly TestRecord[]
}

/**
 * Reads a run.json as `recordJson` writes it, an item a line, so that no more of it than a test is in memory at once; the bodies of evidence
 * are kept aside.
 * @returns null where it is written in another way, is of another version, or is no record: who reads it whole can say what is wrong
 */
export async function readByLines(file: AsyncIterable<Uint8Array>, aside: Aside): Promise<ReadRecord | null> {
  const rest: Record<string, unknown> = {}
  const tests: TestRecord[] = []
  let list: { readonly name: string; readonly items: unknown[] } | null = null
  const seen = new Set<string>()
  let isOpen = false
  let isClosed = false
  try {
    for await (const line of linesOf(file)) {
      if (isClosed) return null
      if (!isOpen) {
        if (line !== '{') return null
        isOpen = true
      } else if (list !== null && (line === ']' || line === '],')) {
        if (list.name !== 'tests') rest[list.name] = list.items
        list = null
      } else if (list !== null) {
        const item: unknown = JSON.parse(withoutComma(line))
        if (list.name === 'tests') tests.push(keepTest(testRecordSchema.parse(item), aside))
        else list.items.push(item)
      } else if (line === '}') isClosed = true
      else {
        const [, key, value] = /^("(?:[^"\\]|\\.)*"): (.*)$/s.exec(line) ?? []
        if (key === undefined || value === undefined) return null
        const name = JSON.parse(key) as string
        if (seen.has(name)) return null
        seen.add(name)
        if (value === '[') list = { name, items: [] }
        else rest[name] = JSON.parse(withoutComma(value))
        if (rest.version !== RECORD_VERSION) return null
      }
    }
  } catch {
    return null
  }
  return isClosed && seen.has('tests') && rest.tests === undefined ? { rest, tests } : null
}

const withoutComma = (line: string): string => (line.endsWith(',') ? line.slice(0, -1) : line)

const NEWLINE = 0x0a

/** Lines by their bytes: no piece is looked at twice, and none longer than it is. */
async function* linesOf(file: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let before: Uint8Array[] = []
  for await (const chunk of file) {
    let start = 0
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start)
      if (end < 0) break
      yield Buffer.concat([...before, chunk.subarray(start, end)]).toString('utf8')
      before = []
      start = end + 1
    }
    // A copy: who hands it out may use it again.
    if (start < chunk.length) before.push(Uint8Array.from(chunk.subarray(start)))
  }
  if (before.length > 0) yield Buffer.concat(before).toString('utf8')
}
