import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import { UserError } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'
import { beginSearch, nextStep, type Search, searchSchema } from '../tools/bisect/job-rounds.js'
import type { Trial } from '../tools/bisect/rounds.js'
import { announceEnding } from './bisect-ending.js'
import { type TriedCommit, triedCommits } from './bisect-outcomes.js'
import { fetchArtifact } from './handed-out.js'
import { reportError } from './report-error.js'
import type { ActionContext } from './run-action.js'
import { wholeNumber } from './step-inputs.js'

const SEARCH_FILE = 'bisect.json'

/**
 * The sub-action `bisect`, in one of three parts: it reads the history between a good and a bad commit and hands it on; it says which commits a round
 * of jobs is to try, by what the rounds before left; or, in the last job, it names the culprit.
 */
export async function runBisect(ports: Ports, context: ActionContext): Promise<void> {
  const { runner } = ports
  try {
    const name = runner.getInput('from').trim()
    const round = runner.getInput('round').trim()
    if (name === '') await begin(ports, context)
    else if (round === '') await end(name, ports, context)
    else await planRound(name, wholeNumber('round', round, 0, MOST_ROUNDS), ports, context)
  } catch (error) {
    reportError(runner, error)
  }
}

const MOST_ROUNDS = 64
const MOST_RUNNERS = 64

async function begin(ports: Ports, { places }: ActionContext): Promise<void> {
  const { runner, files, artifactStore } = ports
  const input = (name: string) => runner.getInput(name).trim()
  const tree = resolve(places.workingDirectory, input('tree') || '.')
  if (input('good') === '') throw new UserError('There is no `good`.', 'Give a commit where the test passes.')
  const runners = wholeNumber('runners', input('runners') || '4', 1, MOST_RUNNERS)
  const search = await beginSearch(
    { tree, good: input('good'), bad: input('bad') || 'HEAD', paths: input('paths').split(/\s+/).filter(Boolean), runners },
    ports,
  )
  const directory = join(places.temporaryDirectory, 'kernel-vmtest-bisect')
  await files.remove(directory)
  const path = join(directory, SEARCH_FILE)
  await files.write(path, `${JSON.stringify(search)}\n`)
  const name = `${prefixOf(search)}-search-${runner.env.GITHUB_RUN_ATTEMPT || '1'}`
  const uploaded = await artifactStore.upload(name, [path], directory)
  if (uploaded.kind === 'failed')
    throw new UserError(`The artifact ${name} could not be uploaded: ${uploaded.reason}.`, 'Run the job again.', { kind: 'could-not-test' })
  runner.info(`${search.commits.length} commits between ${search.good.hash} and ${search.bad.hash}; ${runners} are tried at once`)
  runner.setOutput('search', uploaded.name ?? name)
}

/** Of this search alone: two of one workflow run keep apart. */
function prefixOf(search: Search): string {
  return `vmtest-bisect-${createHash('sha256').update(JSON.stringify(search)).digest('hex').slice(0, 8)}`
}

async function planRound(name: string, round: number, ports: Ports, context: ActionContext): Promise<void> {
  const { runner } = ports
  const { search, tried } = await readState(name, ports, context)
  const step = nextStep(search, outcomesOf(tried), round)
  const include = step.kind === 'round' || step.kind === 'ends' ? step.picks.map((pick) => rowOf(pick, round, search)) : []
  runner.info(include.length === 0 ? 'Nothing is left to try.' : `Round ${round}: ${include.map(({ commit }) => commit).join(', ')}`)
  runner.setOutput('matrix', JSON.stringify({ include }))
  runner.setOutput('count', String(include.length))
}

/** A job of the matrix: its commit, the ones it goes on to where that cannot be tested, and the names of their artifacts. */
function rowOf({ commit, substitutes }: Trial, round: number, search: Search): Record<string, string> {
  const artifact = (hash: string) => `${prefixOf(search)}-round-${round}-${hash.slice(0, 12)}`
  const row: Record<string, string> = { short: commit.slice(0, 12), commit, artifact: artifact(commit) }
  for (const [index, number] of [2, 3, 4].entries()) {
    const hash = substitutes[index] ?? ''
    row[`commit${number}`] = hash
    row[`artifact${number}`] = hash === '' ? '' : artifact(hash)
  }
  return row
}

async function end(name: string, ports: Ports, context: ActionContext): Promise<void> {
  const { search, tried } = await readState(name, ports, context)
  // Rounds that nothing came of were not held.
  const held = Math.max(0, ...[...tried.values()].map(({ round }) => round))
  const step = nextStep(search, outcomesOf(tried), held + 1)
  await announceEnding({ search, tried, step }, ports)
}

interface State {
  readonly search: Search
  readonly tried: ReadonlyMap<string, TriedCommit>
}

async function readState(name: string, ports: Ports, { places }: ActionContext): Promise<State> {
  const directory = await fetchArtifact(name, join(places.temporaryDirectory, 'kernel-vmtest-bisect'), ports)
  const search = searchSchema.parse(JSON.parse(await ports.files.readText(join(directory, SEARCH_FILE))))
  const hashes = [...search.commits.map(({ hash }) => hash), search.good.hash]
  const root = join(places.temporaryDirectory, 'kernel-vmtest-bisect-tried')
  return { search, tried: await triedCommits({ prefix: `${prefixOf(search)}-round-`, hashes, root }, ports) }
}

const outcomesOf = (tried: State['tried']) => new Map([...tried].map(([hash, { outcome }]) => [hash, outcome]))
