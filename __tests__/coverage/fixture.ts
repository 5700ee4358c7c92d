import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseGcov } from '../../src/coverage/gcov-output.js'
import { type ChangedSource, parseDiff, Tally } from '../../src/coverage/index.js'
import { sourceName } from '../../src/coverage/run-gcov.js'

const directory = join(import.meta.dirname ?? __dirname, 'fixture')

export const fixturePath = (name: string): string => join(directory, name)
export const fixture = (name: string): string => readFileSync(fixturePath(name), 'utf8')

/** What gcov says of these, added up (fixture/make.sh). */
export function tallyOf(...names: readonly string[]): Tally {
  const tally = new Tally()
  for (const name of names) {
    tally.add(parseGcov(fixture(name)), (source) => sourceName(source, { tree: '/work/tree', objects: '/work/objects' }))
  }
  return tally
}

export const SOURCE = fixture('reach.c').split('\n').slice(0, -1)

/** The change that git says made reach.c what it is. */
export function changedSources(): readonly ChangedSource[] {
  return parseDiff(fixture('change.diff')).flatMap((change) => (change.file === 'fs/reach.c' ? [{ change, lines: SOURCE }] : []))
}

/** A change that is all of reach.c. */
export function wholeFile(): readonly ChangedSource[] {
  const hunks = [{ oldStart: 0, oldCount: 0, newStart: 1, added: SOURCE }]
  return [{ change: { file: 'fs/reach.c', oldFile: null, hunks }, lines: SOURCE }]
}
