import { basename, dirname } from 'node:path'
import { UserError } from '../domain/errors.js'
import { type RunRecord, runRecordSchema } from '../domain/record.js'
import type { ShardPromise } from '../domain/shards.js'
import { isObject, upgradeRecord } from '../domain/upgrade/index.js'
import type { Files } from '../ports/index.js'
import { suites, type TreeReader } from '../suites/index.js'
import { readForeignConsole } from './foreign-console.js'
import { foreignRecord } from './foreign-record.js'
import { keptAside } from './keep-aside.js'
import { KnownPromises } from './known-promises.js'
import { readByLines } from './read-by-lines.js'
import type { ReadContext } from './read-context.js'

/**
 * The record of a directory: its run.json, or one made from the results tree of a suite that was run without us; or of a file: a run.json, or a
 * suite's log.
 * @throws UserError where it holds neither, or a run.json that is no record
 */
export async function readResultsDirectory(files: TreeReader & RecordReader, directory: string, context: ReadContext): Promise<RunRecord> {
  const path = `${directory}/run.json`
  if ((await files.stat(path)) !== null) return readRecordFile(files, path)
  const kind = (await files.stat(directory))?.kind
  if (kind === 'file') return readResultsFile(files, directory, context)
  if (kind !== 'directory') {
    throw new UserError(
      `${directory} is not a directory.`,
      'Give the directory of a run (it holds run.json), or a results tree of the suite itself.',
    )
  }
  for (const suite of Object.values(suites)) {
    const results = (await suite.readForeignDirectory?.(files, directory)) ?? null
    if (results === null) continue
    return foreignRecord({ directory, context, suite: suite.name, results, console: await readForeignConsole(files, directory, suite) })
  }
  throw new UserError(
    `${directory} holds no results: no run.json, check.stdout, result.xml, check.log or per-test file.`,
    'Give the directory of a run, or a results tree of the suite itself.',
  )
}

async function readResultsFile(files: TreeReader & RecordReader, path: string, context: ReadContext): Promise<RunRecord> {
  if (path.endsWith('.json')) return readRecordFile(files, path)
  const directory = dirname(path)
  for (const suite of Object.values(suites)) {
    const results = (await suite.readForeignLog?.(files, path)) ?? null
    if (results === null) continue
    // A log of a serial console has the kernel's reports between the lines.
    const console = await readForeignConsole(files, directory, suite, [basename(path)])
    return foreignRecord({ directory, context, suite: suite.name, results, console })
  }
  throw new UserError(
    `${path} is no log of a suite that is known here: neither of run_kselftest.sh nor KTAP.`,
    'Give such a log, the directory of a run, or a results tree of the suite itself.',
  )
}

/** What a record is read with; without a stream it is read whole. */
export type RecordReader = Pick<Files, 'readText' | 'stat' | 'openTexts'> & Partial<Pick<Files, 'stream'>>

/** From here on a record is not held whole in memory. */
const LARGE_BYTES = 16 * 1024 * 1024

/**
 * Reads a run.json: a large one test by test, the bodies of its evidence kept in a file beside it, where it is written as we write it.
 * @throws UserError naming what does not fit
 */
export async function readRecordFile(files: RecordReader, path: string): Promise<RunRecord> {
  const isLarge = files.stream !== undefined && ((await files.stat(path))?.sizeBytes ?? 0) >= LARGE_BYTES
  const read = files.stream === undefined || !isLarge ? null : await readByLines(files.stream(path), keptAside(dirname(path), files))
  const rest = read === null ? null : runRecordSchema.safeParse({ ...read.rest, tests: [] })
  if (read === null || rest?.success !== true) return parseRecord(await files.readText(path), path)
  return { ...rest.data, tests: [...read.tests] }
}

/**
 * Reads a run.json.
 * @param path for messages
 * @param promises of plans whose shards were read before: each of them has the same, which is as large as the whole run
 * @throws UserError naming what does not fit
 */
export function parseRecord(text: string, path: string, promises: KnownPromises = new KnownPromises()): RunRecord {
  let json: unknown
  try {
    json = parseJson(text, promises)
  } catch (cause) {
    throw new UserError(`${path} is not JSON.`, 'It may be cut off; make the record again from the results beside it.', { cause })
  }
  const promise = takePromise(json, promises)
  const parsed = runRecordSchema.safeParse(upgradeRecord(json))
  if (parsed.success) return promise === null ? parsed.data : withPromise(parsed.data, promise)
  const [issue] = parsed.error.issues
  throw new UserError(
    `${path} is not a record of this version: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}.`,
    'Use the version of vmtest that wrote it, or make it again.',
  )
}

/** A promise that is known is not parsed again, unless the record is of another plan than it is. */
function parseJson(text: string, promises: KnownPromises): unknown {
  const short = promises.without(text)
  const json: unknown = JSON.parse(short.json)
  if (short.plan === null || (isObject(json) && isObject(json.shards) && json.shards.plan === short.plan)) return json
  return JSON.parse(text)
}

/** Takes a promise that is known already out of a record that is yet to be checked. */
function takePromise(json: unknown, promises: KnownPromises): ShardPromise | null {
  if (!isObject(json) || !isObject(json.shards) || typeof json.shards.plan !== 'string') return null
  const known = promises.get(json.shards.plan)
  if (known !== null) Object.assign(json.shards, { promise: { sections: [], offered: [], shards: [] } })
  return known
}

function withPromise(record: RunRecord, promise: ShardPromise): RunRecord {
  return record.shards === undefined ? record : { ...record, shards: { ...record.shards, promise } }
}
