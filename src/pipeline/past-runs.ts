import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describeError } from '../domain/errors.js'
import type { Plan } from '../domain/plan.js'
import type { RunRecord } from '../domain/record.js'
import { suitesIdentity } from '../plan/make-plan.js'
import type { Ports } from '../ports/index.js'
import { addToHistory, emptyHistory, type History, parseHistory } from '../results/index.js'
import { loadBaseline } from './baseline.js'
import type { Directories } from './directories.js'

/** What earlier runs left: times and verdicts, and the record to compare with. */
export interface Memory {
  readonly history: History
  readonly baseline: RunRecord | null
  /** One sentence each, for the record. */
  readonly problems: readonly string[]
}

/** Where an interruption came before it could be read. */
export const NOTHING_KNOWN: Memory = { history: emptyHistory, baseline: null, problems: [] }

const HISTORY_FILE = 'history.json'
const RECORD_FILE = 'run.json'

/**
 * Reads what is remembered: a command's from `.vmtest` in the working directory, an action's from the workflow's cache.
 * A baseline the plan names comes first. What cannot be read only makes the run know less.
 */
export async function recall(plan: Plan, places: Directories, ports: Ports): Promise<Memory> {
  const directory = memoryDirectory(plan, places)
  const inCache = plan.face === 'action' && (await restore(plan, directory, ports))
  const history = await readHistory(join(directory, HISTORY_FILE), ports)
  const named = await loadBaseline(plan, ports)
  const remembered =
    inCache && plan.baseline === null
      ? await loadBaseline({ baseline: join(directory, RECORD_FILE) }, ports)
      : { record: null, problems: [] }
  return {
    history: history.history,
    baseline: named.record ?? remembered.record,
    problems: [...history.problems, ...named.problems, ...remembered.problems],
  }
}

/**
 * Keeps a record for the runs after it. A workflow keeps those of branches only: were a pull request's kept, its next push would be
 * compared with itself and every failure known. A run that could not test or was cancelled teaches nothing.
 */
export async function remember(record: RunRecord, memory: Memory, places: Directories, ports: Ports): Promise<void> {
  const { plan, conclusion } = record
  if (conclusion.kind !== 'passed' && conclusion.kind !== 'failed') return
  const directory = memoryDirectory(plan, places)
  try {
    await ports.files.write(join(directory, HISTORY_FILE), JSON.stringify(addToHistory(memory.history, record)))
    if (plan.face !== 'action' || !plan.cache || !isBranchRun(ports.runner.env)) return
    await ports.files.write(join(directory, RECORD_FILE), JSON.stringify(record))
    if (!ports.cacheStore.writable()) return
    const saved = await ports.cacheStore.save([directory], cacheKey(plan, ports))
    if (saved.kind === 'failed') ports.runner.info(`baseline: not saved for later runs (${saved.reason})`)
  } catch (error) {
    ports.runner.warning(`what this run teaches is not kept: ${describeError(error)}`)
  }
}

/** Its name is part of a cache entry's identity: the same in every run of the plan. */
function memoryDirectory(plan: Plan, places: Directories): string {
  if (plan.face === 'cli') return join(places.projectDirectory, '.vmtest')
  return join(places.temporaryDirectory, 'kernel-vmtest-memory', identity(plan))
}

/** What has to be the same for two runs to be compared: a job of a matrix is compared with itself. */
function identity({ bundle, suites, selection, accelerator }: Plan): string {
  return createHash('sha256')
    .update(JSON.stringify([bundle, suitesIdentity({ suites }), selection, accelerator]))
    .digest('hex')
    .slice(0, 16)
}

function keyPrefix(plan: Plan): string {
  return `kernel-vmtest-record-v1-${identity(plan)}-`
}

function cacheKey(plan: Plan, { runner }: Ports): string {
  return `${keyPrefix(plan)}${runner.env.GITHUB_RUN_ID ?? '0'}-${runner.env.GITHUB_RUN_ATTEMPT ?? '1'}`
}

function isBranchRun(env: Readonly<Record<string, string | undefined>>): boolean {
  return (env.GITHUB_REF ?? '').startsWith('refs/heads/') && !(env.GITHUB_EVENT_NAME ?? '').startsWith('pull_request')
}

async function restore(plan: Plan, directory: string, ports: Ports): Promise<boolean> {
  if (!plan.cache || !ports.cacheStore.available()) return false
  const answer = await ports.cacheStore.restore([directory], cacheKey(plan, ports), [keyPrefix(plan)])
  if (answer.kind === 'failed') ports.runner.info(`baseline: none from the cache (${answer.reason})`)
  return answer.kind === 'hit'
}

async function readHistory(path: string, { files }: Ports): Promise<{ history: History; problems: readonly string[] }> {
  if ((await files.stat(path)) === null) return { history: emptyHistory, problems: [] }
  const { history, problem } = parseHistory(await files.readText(path))
  return { history, problems: problem === null ? [] : [problem] }
}
