import { join } from 'node:path'
import * as z from 'zod'
import { UserError } from '../domain/errors.js'
import type { SharedPlan } from '../domain/shared-plan.js'
import { type DamagedRun, mergeRuns } from '../pipeline/merge-run.js'
import { NOTHING_KNOWN, remember } from '../pipeline/past-runs.js'
import type { Ports } from '../ports/index.js'
import { publish } from '../publish/index.js'
import { fetchPlan } from './handed-out.js'
import { reportError } from './report-error.js'
import type { ActionContext } from './run-action.js'

/**
 * The sub-action `merge`: fetches what the shards of this run left, joins it into one record, and publishes the one verdict. Whatever is
 * missing makes it red: a job that was skipped or cancelled, a shard without an artifact, one that cannot be read.
 */
export async function runMerge(ports: Ports, context: ActionContext): Promise<void> {
  const { runner } = ports
  try {
    const unended = unendedJobs(runner.getInput('results'))
    const name = runner.getInput('plan').trim()
    if (name === '') throw new UserError(whyNoPlan(unended), 'See the job that was to make it.', { kind: 'could-not-test' })
    const { directory, shared } = await fetchPlan(`artifact:${name}`, context.places.temporaryDirectory, ports)
    await mergeAndPublish({ directory, shared, unended }, ports, context)
  } catch (error) {
    reportError(runner, error)
  }
}

interface ToMerge {
  readonly directory: string
  readonly shared: SharedPlan
  readonly unended: readonly string[]
}

async function mergeAndPublish({ directory, shared, unended }: ToMerge, ports: Ports, context: ActionContext): Promise<void> {
  const { runner } = ports
  const { places, toolVersion } = context
  const attempt = runner.env.GITHUB_RUN_ATTEMPT || '1'
  const prefix = shared.artifacts?.prefix ?? `vmtest-${shared.identity}`
  const root = join(places.temporaryDirectory, 'kernel-vmtest-whole')
  await ports.files.remove(root)
  const shards = await fetchShards(prefix, root, ports)
  const artifactName = `${prefix}-whole-attempt-${attempt}`
  const output = join(root, artifactName)
  const { report, history, exitCode } = await mergeRuns(
    {
      ...{ paths: shards.paths, damaged: shards.damaged, output, plan: directory, baseline: null, failOn: null, artifactName, toolVersion },
      troubles: [...unended, ...shards.troubles],
      onNote: (message) => runner.warning(message),
    },
    ports,
  )
  const published = await publish(report, { runDirectory: output, failed: exitCode !== 0 }, ports)
  await remember(report.record, { ...NOTHING_KNOWN, history }, places, ports)
  runner.info(`${report.record.conclusion.kind}: ${report.record.conclusion.reason}`)
  if (published.artifactNote !== null) runner.info(published.artifactNote)
}

interface FetchedShards {
  readonly paths: readonly string[]
  readonly damaged: readonly DamagedRun[]
  readonly troubles: readonly string[]
}

/** Every artifact of a shard of this plan, each in a directory of its name: where logs lead when all are downloaded. */
async function fetchShards(prefix: string, root: string, { artifactStore, files, runner }: Ports): Promise<FetchedShards> {
  const names = await artifactStore.list()
  if (names === null) return { paths: [], damaged: [], troubles: ['the artifacts of this run cannot be listed'] }
  const paths: string[] = []
  const damaged: DamagedRun[] = []
  for (const name of [...names].sort()) {
    const shard = shardOf(name, prefix)
    if (shard === null) continue
    const path = join(root, name)
    await files.makeDirectory(path)
    const found = await artifactStore.download(name, path)
    runner.info(`${name}: ${found === null ? 'cannot be had whole' : 'here'}`)
    if (found !== null) paths.push(found)
    else {
      await files.remove(path)
      damaged.push({ name, shard, reason: `its artifact ${name} is cut or damaged` })
    }
  }
  return { paths, damaged, troubles: [] }
}

function shardOf(name: string, prefix: string): { readonly own: number; readonly attempt: number } | null {
  if (!name.startsWith(`${prefix}-shard-`)) return null
  const [, own, attempt] = /^-shard-(\d+)-of-\d+-attempt-(\d+)/.exec(name.slice(prefix.length)) ?? []
  return own === undefined ? null : { own: Number(own), attempt: Number(attempt) }
}

const resultsSchema = z.record(z.string(), z.looseObject({ result: z.string() }))

/** Jobs that did not end well, each in a clause: `toJSON(needs)` says which. @throws UserError for what is not that */
function unendedJobs(text: string): readonly string[] {
  if (text.trim() === '') return []
  try {
    const jobs = resultsSchema.parse(JSON.parse(text))
    return Object.entries(jobs).flatMap(([job, { result }]) =>
      result === 'success' ? [] : [`job \`${job}\` ended as ${result === '' ? 'nothing' : result}`],
    )
  } catch (cause) {
    throw new UserError('`results` is not what `toJSON(needs)` gives.', 'Give `results: ${{ toJSON(needs) }}`.', { cause })
  }
}

function whyNoPlan(unended: readonly string[]): string {
  return `There is no plan of shards${unended.length === 0 ? '' : `: ${unended.join(', ')}`}.`
}
