import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describeError } from '../domain/errors.js'
import type { Plan } from '../domain/plan.js'
import type { RunRecord } from '../domain/record.js'
import { comparableKey } from '../plan/comparable.js'
import type { Ports } from '../ports/index.js'
import { emptyHistory, type History, parseHistory, parseRecord } from '../results/index.js'
import { commitOf, type Found, type RecordShelf } from './choose-record.js'

/** Format of the entries: records of another one are not found. */
const VERSION = 2
const HISTORY_FILE = 'history.json'
const RECORD_FILE = 'run.json'

/** The shelf in the workflow's cache, and what lies beside the records. */
export interface CacheShelf extends RecordShelf {
  /** Verdicts and times until an entry's run, itself included. */
  historyOf(found: Found): History
  /** One sentence each, of what could not be read. */
  readonly problems: readonly string[]
  /** Keeps a record under its commit, and under its branch where it is accepted. Where it cannot, one line says so. */
  save(record: RunRecord, history: History): Promise<void>
}

/**
 * The records of comparable runs in the workflow's cache. A run sees entries of its own branch, of the branch it goes to, and of the default
 * branch, in this order; what it writes, only runs of its own branch and those that go to it see.
 * @param directory its name is part of an entry's identity: the same in every comparable run
 */
export function cacheShelf(plan: Plan, directory: string, ports: Ports): CacheShelf {
  const { files, cacheStore, runner } = ports
  const identity = comparableKey(plan.comparable ?? {})
  const records = `kernel-vmtest-record-v${VERSION}-${identity}-`
  const ofCommit = (commit: string) => `${records}${commit}-`
  const ofBranch = (branch: string) => `kernel-vmtest-accepted-v${VERSION}-${identity}-${shortHash(branch)}-`
  const histories = new Map<string, History>()
  const problems: string[] = []

  const restore = async (key: string, restoreKeys: readonly string[]): Promise<Found | null> => {
    if (!cacheStore.available()) return null
    await files.remove(directory)
    const answer = await cacheStore.restore([directory], key, restoreKeys)
    if (answer.kind === 'failed') runner.info(`comparison: the cache was of no help (${answer.reason})`)
    if (answer.kind !== 'hit') return null
    try {
      const path = join(directory, RECORD_FILE)
      const record = parseRecord(await files.readText(path), path)
      histories.set(answer.key, await readHistory(join(directory, HISTORY_FILE), problems, files))
      return { record, key: answer.key }
    } catch (error) {
      problems.push(`A record in the cache is not used: ${describeError(error)}`)
      return null
    }
  }
  const save = async (key: string) => {
    const saved = await cacheStore.save([directory], key)
    if (saved.kind === 'failed') runner.info(`comparison: the record is not kept for later runs (${saved.reason})`)
  }

  return {
    problems,
    ofCommits: async (commits) => {
      const prefixes = commits.map(ofCommit)
      return prefixes[0] === undefined ? null : restore(prefixes[0], prefixes)
    },
    newest: () => restore(records, [records]),
    accepted: (branch) => restore(ofBranch(branch), [ofBranch(branch)]),
    entry: async (key) => {
      const found = await restore(key, [])
      return found?.key === key ? found : null
    },
    historyOf: ({ key }) => histories.get(key) ?? emptyHistory,
    async save(record, history) {
      await files.remove(directory)
      await files.write(join(directory, HISTORY_FILE), JSON.stringify(history))
      await files.write(join(directory, RECORD_FILE), JSON.stringify(record))
      if (!cacheStore.writable() || record.workflow === undefined) return
      const { runId, attempt, ref } = record.workflow
      await save(`${ofCommit(commitOf(record) ?? 'none')}${runId}-${attempt}`)
      if (record.conclusion.kind === 'passed') await save(`${ofBranch(ref)}${runId}-${attempt}`)
    },
  }
}

/** A history file that is not there is an empty history. */
export async function readHistory(path: string, problems: string[], files: Ports['files']): Promise<History> {
  if ((await files.stat(path)) === null) return emptyHistory
  const { history, problem } = parseHistory(await files.readText(path))
  if (problem !== null) problems.push(problem)
  return history
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}
