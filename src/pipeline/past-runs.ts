import { join } from 'node:path'
import { describeError, UserError } from '../domain/errors.js'
import type { Origin, Tested } from '../domain/origin.js'
import { whyNoExcuse } from '../domain/origin.js'
import type { Plan } from '../domain/plan.js'
import type { RunRecord } from '../domain/record.js'
import type { Built } from '../domain/stages.js'
import { comparableKey } from '../plan/comparable.js'
import { holdingLock, type Ports } from '../ports/index.js'
import { addToHistory, type ComparisonFacts, emptyHistory, type History, notPassedSince } from '../results/index.js'
import { loadBaseline } from './baseline.js'
import { type Choice, chooseRecord, commitOf, type Found } from './choose-record.js'
import type { Directories } from './directories.js'
import { originOfBuild, readOrigin } from './origin.js'
import { type CacheShelf, cacheShelf, readHistory } from './record-shelf.js'
import { gitIn, gitLineage, isChange, readCheckout, readSituation } from './situation.js'

/** What earlier runs left: times and verdicts, and the record to compare with. */
export interface Memory {
  readonly history: History
  readonly baseline: RunRecord | null
  /** What the comparison with it is told. */
  readonly facts: ComparisonFacts
  /** Where this run's own record comes from. */
  readonly origin: Origin
  /** One sentence each, for the record. */
  readonly problems: readonly string[]
}

/** Where an interruption came before it could be read. */
export const NOTHING_KNOWN: Memory = { history: emptyHistory, baseline: null, facts: {}, origin: {}, problems: [] }

/** Beside a run's memory, and in the plan that is handed out to shards. */
export const HISTORY_FILE = 'history.json'
/** A run that adds to it is done in a moment. */
const HISTORY_WAIT_SECONDS = 30

export interface Recalling {
  readonly plan: Plan
  readonly places: Directories
  readonly built: Built
  readonly toolVersion: string
  /** Beyond what the tree says. */
  readonly tested?: Partial<Tested>
}

/**
 * Reads what is remembered: a command's from `.vmtest` in the working directory, an action's from the workflow's cache.
 * A baseline the plan names comes first. What cannot be read only makes the run know less.
 */
export async function recall({ plan, places, built, toolVersion, tested = {} }: Recalling, ports: Ports): Promise<Memory> {
  const git = gitIn(places.projectDirectory, ports)
  const checkedOut = await readCheckout(git)
  const read = await readOrigin(plan, places, checkedOut, ports)
  const origin = {
    ...read,
    ...(tested.tree === undefined ? {} : { tested: { ...read.tested, ...tested, tree: tested.tree } }),
    ...(await originOfBuild(built, toolVersion, ports.files)),
  }
  const named = await loadBaseline(plan, ports)
  const handedOut = plan.shard?.planDirectory
  if (handedOut !== undefined && plan.face === 'action') {
    const problems = [...named.problems]
    const history = await readHistory(join(handedOut, HISTORY_FILE), problems, ports.files)
    return { history, origin, problems, ...compareWith(named.record, history, {}) }
  }
  if (plan.face === 'cli') {
    const problems = [...named.problems]
    const history = await readHistory(join(places.projectDirectory, '.vmtest', HISTORY_FILE), problems, ports.files)
    return { history, origin, problems, ...compareWith(named.record, history, {}) }
  }
  const shelf = cacheShelf(plan, shelfDirectory(plan, places), ports)
  const situation = await readSituation(ports.runner.env, checkedOut, git, ports.files)
  const newest = plan.cache && situation.kind === 'branch' ? await shelf.newest() : null
  const here = { ...origin, runId: '', revisions: built.bundle.revisions }
  const canExcuse = (record: RunRecord) => whyNoExcuse(here, record) === null
  const choosing = { situation, shelf, lineage: gitLineage(git), canExcuse }
  const chosen = plan.cache && plan.baseline === null ? await chooseRecord(choosing) : null
  if (chosen !== null) ports.runner.info(`comparison: ${describeChoice(chosen)}`)
  const found = chosen?.found ?? null
  const history = historyFor(newest ?? found, shelf)
  return {
    history,
    origin,
    problems: [...named.problems, ...shelf.problems],
    ...compareWith(named.record ?? found?.record ?? null, history, found === null ? {} : { key: found.key, choice: chosen?.why ?? '' }),
  }
}

function compareWith(baseline: RunRecord | null, history: History, facts: ComparisonFacts): Pick<Memory, 'baseline' | 'facts'> {
  return { baseline, facts: { ...facts, since: notPassedSince(history) } }
}

function historyFor(found: Found | null, shelf: CacheShelf): History {
  return found === null ? emptyHistory : shelf.historyOf(found)
}

function describeChoice({ found, why }: Choice): string {
  if (found === null) return `with no record, so that every failure counts: ${why}`
  const { workflow } = found.record
  const run = workflow === undefined ? '' : `, run ${workflow.runId}-${workflow.attempt} of ${workflow.ref}`
  return `with ${why}: commit ${commitOf(found.record) ?? 'unknown'}${run}`
}

/**
 * Keeps a record for the runs after it. A workflow keeps those of branches only: a change is compared with what it goes to, never with
 * itself. A run that could not test or was cancelled teaches nothing.
 */
export async function remember(record: RunRecord, memory: Memory, places: Directories, ports: Ports): Promise<void> {
  const { plan, conclusion, shards } = record
  // Of a run that is shared out the whole is kept, by whoever joins it.
  if (shards?.own !== undefined) return
  if (conclusion.kind !== 'passed' && conclusion.kind !== 'failed') return
  const history = addToHistory(memory.history, record)
  try {
    if (plan.face === 'cli') await addToOwnHistory(record, places, ports)
    else if (plan.cache && isBranchRun(ports.runner.env)) await cacheShelf(plan, shelfDirectory(plan, places), ports).save(record, history)
  } catch (error) {
    ports.runner.warning(`what this run teaches is not kept: ${describeError(error)}`)
  }
}

/** Onto what is there now: a run beside this one may have ended since this one began. */
async function addToOwnHistory(record: RunRecord, { projectDirectory }: Directories, ports: Ports): Promise<void> {
  const { files } = ports
  const directory = join(projectDirectory, '.vmtest')
  const path = join(directory, HISTORY_FILE)
  await files.makeDirectory(directory)
  await holdingLock(ports, { directory, waitSeconds: HISTORY_WAIT_SECONDS }, async () =>
    files.write(path, JSON.stringify(addToHistory(await readHistory(path, [], files), record))),
  )
}

/** Its name is part of a cache entry's identity: the same in every comparable run. */
function shelfDirectory(plan: Plan, places: Directories): string {
  return join(places.temporaryDirectory, 'kernel-vmtest-memory', comparableKey(plan.comparable ?? {}))
}

function isBranchRun(env: Readonly<Record<string, string | undefined>>): boolean {
  return (env.GITHUB_REF ?? '').startsWith('refs/heads/') && !isChange(env.GITHUB_EVENT_NAME ?? '')
}

/** Refuses to accept failures where no later run would be compared with this one. @throws UserError */
export function requireAcceptable(plan: Pick<Plan, 'acceptFailures'>, env: Readonly<Record<string, string | undefined>>): void {
  if (plan.acceptFailures !== true) return
  if (env.GITHUB_EVENT_NAME === 'workflow_dispatch' && isBranchRun(env)) return
  throw new UserError(
    `\`accept-failures\` is given in a run of \`${env.GITHUB_EVENT_NAME ?? 'no event'}\` on \`${env.GITHUB_REF ?? 'no ref'}\`.`,
    'Start the workflow by hand (`workflow_dispatch`) on the branch whose failures are accepted; leave it out everywhere else.',
  )
}
