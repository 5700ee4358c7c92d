import { jsonOf } from '../domain/kept-aside.js'
import type { RunRecord } from '../domain/record.js'

/** The record as JSON, in pieces: one test or guest on a line, so that it need not fit into one string, and diffs well. */
export function* recordJson(record: RunRecord): Generator<string> {
  let separator = '{\n'
  for (const [key, value] of Object.entries(record)) {
    if (value === undefined) continue
    yield `${separator}${JSON.stringify(key)}: `
    separator = ',\n'
    if (!Array.isArray(value) || value.length === 0) {
      yield jsonOf(value)
      continue
    }
    let before = '[\n'
    for (const item of value) {
      yield `${before}${jsonOf(item)}`
      before = ',\n'
    }
    yield '\n]'
  }
  yield '\n}\n'
}
