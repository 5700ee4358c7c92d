import { join } from 'node:path'
import type { Inputs } from '../domain/inputs.js'
import type { Progress, Receipt } from '../domain/stages.js'
import { parseInputs } from '../inputs/parse.js'
import { type Directories, refuseUnsupportedPlatform } from '../pipeline/directories.js'
import { openRun } from '../pipeline/open-run.js'
import type { PipelineOptions } from '../pipeline/options.js'
import { runPipeline } from '../pipeline/run-pipeline.js'
import type { Ports, Runner } from '../ports/index.js'
import { RECEIPT_STATE } from '../post/index.js'
import { publish } from '../publish/index.js'
import { withProgress } from '../report/progress-view.js'
import { type Changed, withChanged } from './choose-changed.js'
import { withHandedOut } from './handed-out.js'
import { reportError } from './report-error.js'
import { StageGroups } from './stage-groups.js'
import { stepInputs } from './step-inputs.js'

export interface ActionContext {
  readonly places: Directories
  readonly platform: string
  readonly architecture: string
  readonly toolVersion: string
  readonly signal: AbortSignal
  /** Reads what guests left; absent: in this thread. */
  readonly readRecord?: NonNullable<PipelineOptions['readRecord']>
}

/** The action's main: reads the step's inputs, carries out the line, publishes. The one catch for everything below. */
export async function runAction(ports: Ports, context: ActionContext): Promise<void> {
  const { runner } = ports
  try {
    refuseUnsupportedPlatform(context.platform, context.architecture)
    await carryOut(parseInputs('action', stepInputs(runner)), ports, context)
  } catch (error) {
    reportError(runner, error)
  }
}

async function carryOut(asked: Inputs, outer: Ports, context: ActionContext): Promise<void> {
  const { runner } = outer
  const handedOut = await withHandedOut(asked, context.places.temporaryDirectory, outer)
  const { ports: given } = handedOut
  const inputs = await withChanged(handedOut.inputs, readChanged(handedOut.inputs, runner), context.places, given)
  const ports = inputs.cacheWrites === false ? { ...given, cacheStore: readOnly(given.cacheStore) } : given
  const receipt = createReceipt(runner)
  const run = await openRun({ inputs, env: runner.env, places: context.places, uploads: ports.artifactStore.available() }, ports)
  const { artifactName, upload, retentionDays } = run.plan
  receipt({ stage: 'plan', runDirectory: run.directory, artifactName, upload, ...(retentionDays === undefined ? {} : { retentionDays }) })
  await runner.group(`plan: ${run.plan.suites.join(', ')} from ${run.plan.bundle.kind}`, async () =>
    runner.info(JSON.stringify(run.plan, null, 2)),
  )
  // Names of tests and titles of kernel reports come from the guest: every line goes out fenced.
  const output = { live: false, columns: 0, write: (text: string) => runner.untrusted(text) }
  const groups = new StageGroups(runner)
  const { report, exitCode } = await withProgress(output, ports.clock, (show) => {
    const onProgress = (progress: Progress) => {
      groups.show(progress)
      show(progress)
    }
    return runPipeline({ inputs, run, ...context, onProgress, onReceipt: receipt }, ports)
  }).finally(() => groups.close())
  receipt({ stage: 'publish' })
  const published = await publish(report, { runDirectory: run.directory, failed: exitCode !== 0 }, ports)
  receipt({ stage: 'post', artifactUploaded: published.artifactId !== null || run.plan.upload !== 'always' })
  runner.info(`${report.record.conclusion.kind}: ${report.record.conclusion.reason}`)
  runner.info(`results: ${join(run.directory, 'report.html')}`)
}

/** A shard of a plan has its tests from there. */
function readChanged({ shardPlan }: Inputs, runner: Runner): Changed {
  const changed = runner.getInput('changed').trim()
  return shardPlan === null && (changed === 'rules' || changed === 'first' || changed === 'only') ? changed : 'no'
}

/** `cache: read`: what is there is restored, nothing is packed or saved. */
function readOnly(store: Ports['cacheStore']): Ports['cacheStore'] {
  return {
    available: () => store.available(),
    writable: () => false,
    restore: (...args) => store.restore(...args),
    save: async () => ({ kind: 'failed', reason: '`cache` is `read`' }),
  }
}

/** Keeps what post has to know in the step's state, anew at each change: main may be killed at any time. */
function createReceipt(runner: Runner): (change: Partial<Receipt>) => void {
  let receipt: Receipt = {
    version: 1,
    stage: 'inputs',
    runDirectory: null,
    artifactUploaded: false,
    artifactName: '',
    upload: 'always',
    cleanups: [],
  }
  return (change) => {
    receipt = { ...receipt, ...change, cleanups: [...receipt.cleanups, ...(change.cleanups ?? [])] }
    runner.saveState(RECEIPT_STATE, JSON.stringify(receipt))
  }
}
