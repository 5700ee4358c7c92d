import { join } from 'node:path'
import { UserError } from '../domain/errors.js'
import type { Inputs } from '../domain/inputs.js'
import type { Plan } from '../domain/plan.js'
import type { SharedPlan } from '../domain/shared-plan.js'
import type { Progress } from '../domain/stages.js'
import { parseInputs } from '../inputs/parse.js'
import { LEFT_OUT } from '../inputs/sub-actions.js'
import { refuseUnsupportedPlatform } from '../pipeline/directories.js'
import { directoryStore } from '../pipeline/directory-store.js'
import { planOnly } from '../pipeline/open-run.js'
import { planShards } from '../pipeline/plan-shards.js'
import { MOST_SHARDS, type ShardCount } from '../plan/shards/index.js'
import type { Ports, Runner } from '../ports/index.js'
import { withChanged } from './choose-changed.js'
import { fetchPlan } from './handed-out.js'
import { reportError } from './report-error.js'
import type { ActionContext } from './run-action.js'
import { stepInputs, wholeNumber } from './step-inputs.js'

/**
 * The sub-action `plan`: builds the bundle once, shares its tests out, and hands both on: the bundle by the store cache or, where that cannot be
 * written, by an artifact; the plan by an artifact; the matrix of shards as an output. With `from` it reads a plan that was made before.
 */
export async function runPlan(ports: Ports, context: ActionContext): Promise<void> {
  const { runner } = ports
  try {
    refuseUnsupportedPlatform(context.platform, context.architecture)
    const from = runner.getInput('from').trim()
    const { temporaryDirectory } = context.places
    const shared =
      from === '' ? await makeSharedPlan(ports, context) : (await fetchPlan(`artifact:${from}`, temporaryDirectory, ports)).shared
    for (const [name, value] of Object.entries(planOutputs(shared))) runner.setOutput(name, value)
    await runner.writeSummary(summaryOf(shared))
  } catch (error) {
    reportError(runner, error)
  }
}

/** What the jobs after it need: small, however many tests there are. */
export function planOutputs({ promise, artifacts, identity }: SharedPlan): Readonly<Record<string, string>> {
  const count = promise.shards.length
  const prefix = artifacts?.prefix ?? `vmtest-${identity}`
  const include = promise.shards.flatMap(({ tests }, index) =>
    tests.length === 0 ? [] : [{ shard: `${index + 1}/${count}`, artifact: `${prefix}-shard-${index + 1}-of-${count}` }],
  )
  return {
    matrix: JSON.stringify({ include }),
    count: String(include.length),
    plan: artifacts?.plan ?? '',
    minutes: String(Math.ceil(Math.max(0, ...promise.shards.map(({ seconds }) => seconds)) / 60)),
  }
}

function summaryOf({ promise }: SharedPlan): string {
  const rows = promise.shards.map(({ seconds, tests }, index) => {
    const number = tests.reduce((sum, { names }) => sum + names.length, 0)
    const sections = tests.map(({ suite, section }) => `${suite} ${section}`).join(', ')
    return `| ${index + 1}/${promise.shards.length} | ${number} | ${Math.ceil(seconds / 60)} min | ${sections} |\n`
  })
  return `### Shards\n\n| shard | tests | taken to last | sections |\n| --- | ---: | ---: | --- |\n${rows.join('')}\n`
}

async function makeSharedPlan(given: Ports, context: ActionContext): Promise<SharedPlan> {
  const { runner, artifactStore, files } = given
  const { places } = context
  if (!artifactStore.available())
    throw new UserError(
      'There is no artifact service here, so that no shard could get the plan.',
      'Use the action itself, without shards.',
      {
        kind: 'could-not-test',
      },
    )
  const asked = await readInputs(runner, given, context)
  const { inputs, ports, store } = handingOver(asked, given, places.temporaryDirectory)
  const plan = await planOnly({ inputs, env: runner.env, places }, ports)
  const directory = join(places.temporaryDirectory, 'kernel-vmtest-shards')
  await files.remove(directory)
  const onProgress = (progress: Progress) => {
    if (progress.kind === 'stage') runner.untrusted(`${progress.stage}: ${progress.message}`)
    if (progress.kind === 'waiting' && progress.message !== null) runner.untrusted(`waiting ${progress.message}`)
  }
  const recorded: Plan = { ...plan, cache: asked.cache }
  const planned = await planShards(
    {
      plan,
      recorded,
      nix: inputs.nix,
      places,
      toolVersion: context.toolVersion,
      count: countOf(runner),
      directory,
      onProgress,
      handsOverStore: store !== null,
    },
    ports,
  )
  for (const note of planned.notes) runner.info(note)
  if (!planned.fits) runner.warning('A test takes longer than `shard-minutes`: its shard does too.')
  const { shared } = planned
  if (shared?.artifacts === undefined) throw new Error('a plan without artifacts')
  if (store !== null && shared.artifacts.store !== undefined) await upload(shared.artifacts.store, store, inputs, ports)
  await upload(shared.artifacts.plan, directory, inputs, ports)
  return shared
}

/** Where the cache cannot be written, what the build makes goes into a directory and from there into an artifact. */
function handingOver(
  inputs: Inputs,
  ports: Ports,
  temporaryDirectory: string,
): { readonly inputs: Inputs; readonly ports: Ports; readonly store: string | null } {
  const { cacheStore, files } = ports
  // A bundle that was given is on every runner, or on none.
  if (inputs.bundle.kind === 'path') return { inputs, ports, store: null }
  if (inputs.cache && inputs.cacheWrites && cacheStore.writable()) return { inputs, ports, store: null }
  const store = join(temporaryDirectory, 'kernel-vmtest-handover')
  const before = inputs.cache ? cacheStore : null
  return { inputs: { ...inputs, cache: true }, ports: { ...ports, cacheStore: directoryStore(store, files, before) }, store }
}

async function readInputs(runner: Runner, ports: Ports, { places }: ActionContext): Promise<Inputs> {
  // The whole is compared with the whole, whichever jobs it was run in.
  const inputs = parseInputs('action', { ...stepInputs(runner, LEFT_OUT), matrix: 'null' })
  const changed = runner.getInput('changed').trim() || 'no'
  if (changed !== 'no' && changed !== 'rules')
    throw new UserError(`\`changed\` is \`${changed}\`; allowed: no, rules.`, 'Correct the `with:` block of the step.')
  return withChanged(inputs, changed, places, ports)
}

/** @throws UserError */
function countOf(runner: Runner): ShardCount {
  const whole = (name: string, usual: string, most: number) => wholeNumber(name, runner.getInput(name).trim() || usual, 1, most)
  if ((runner.getInput('shards').trim() || 'auto') !== 'auto') return { kind: 'count', count: whole('shards', 'auto', MOST_SHARDS) }
  return { kind: 'within', seconds: whole('shard-minutes', '60', 100_000) * 60 }
}

/** @throws UserError where it is not there afterwards: without it no shard can run */
async function upload(name: string, directory: string, inputs: Inputs, { artifactStore, files }: Ports): Promise<void> {
  const paths = await filesBelow(directory, files)
  const lasting = inputs.retentionDays > 0 ? { retentionDays: inputs.retentionDays } : {}
  const uploaded = await artifactStore.upload(name, paths, directory, lasting)
  if (uploaded.kind === 'uploaded' && (uploaded.name ?? name) === name) return
  const why =
    uploaded.kind === 'failed' ? uploaded.reason : 'another one of this run has its name: give this call an `artifact-name` of its own'
  throw new UserError(`The artifact ${name} could not be uploaded: ${why}.`, 'Run the job again.', { kind: 'could-not-test' })
}

async function filesBelow(directory: string, files: Ports['files']): Promise<readonly string[]> {
  const found: string[] = []
  for (const name of await files.list(directory).catch(() => [])) {
    const path = join(directory, name)
    if ((await files.stat(path))?.kind === 'directory') found.push(...(await filesBelow(path, files)))
    else found.push(path)
  }
  return found
}
