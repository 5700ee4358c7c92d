import { join } from 'node:path'
import { buildBundle, type FreshBundle, stageOfflineFlake } from '../build/index.js'
import { type CacheSession, type RestoredStore, restoreStore, saveStore } from '../cache/index.js'
import type { NixInputs } from '../domain/inputs.js'
import type { Plan } from '../domain/plan.js'
import type { CacheLedgerEntry } from '../domain/record.js'
import type { Built, Progress } from '../domain/stages.js'
import { ensureNix } from '../nix/index.js'
import type { Ports } from '../ports/index.js'
import type { Places } from './places.js'

export interface ObtainOptions {
  readonly plan: Plan
  readonly nix: NixInputs
  readonly places: Places
  /** The builders' whole output goes here; null where nothing is kept. */
  readonly runDirectory: string | null
  /** `leave`: a kernel tree is not compiled, the bundle's own kernel stands in. */
  readonly kernelTree?: 'leave'
  /** Ends the compiling of a kernel tree. */
  readonly signal?: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

export interface Obtained {
  readonly built: Built
  readonly ledger: readonly CacheLedgerEntry[]
  /** The store cache, where it can be asked for more; null otherwise. */
  readonly session: CacheSession | null
}

const NO_CACHE = { ledger: [], bundlePath: null }

/**
 * Nix, cache, build: from the plan to a loaded bundle. What was built is saved right away: a red or cancelled test run
 * must not lose a kernel.
 * @throws UserError
 */
export async function obtainBundle(options: ObtainOptions, ports: Ports): Promise<Obtained> {
  const { plan, places, onProgress } = options
  const stage = (name: 'nix' | 'cache' | 'build', message: string) => onProgress({ kind: 'stage', stage: name, message })
  const request = {
    plan,
    checkout: places.checkout,
    cacheDirectory: places.cacheDirectory,
    workspace: places.workingDirectory,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.kernelTree === undefined ? {} : { kernelTree: options.kernelTree }),
    ...(options.runDirectory === null ? {} : { logPath: join(options.runDirectory, 'build.log') }),
  }
  if (plan.kernelTree !== undefined && options.kernelTree !== 'leave')
    stage('build', `the kernel in ${plan.kernelTree.directory}, by its own make`)
  if (plan.bundle.kind === 'path') {
    stage('build', `loading ${plan.bundle.path}`)
    const built = await buildBundle({ ...request, nix: null, offline: null, cache: NO_CACHE }, ports)
    return { built, ledger: [], session: null }
  }
  const nix = await ensureNix(options.nix, { face: plan.face }, ports)
  stage('nix', `${nix.version} (${nix.origin}: ${nix.program})${nix.sandbox ? '' : ', without sandbox'}`)
  for (const note of nix.notes) stage('nix', note)
  // The cache's key is made of what the flake holds, so it is staged before the cache is asked.
  const offline = plan.bundle.kind === 'offline' ? await stageOfflineFlake(places, ports) : null
  const restored = await restoreStore({ plan, nix, flakeDirectory: offline?.directory ?? null }, ports)
  for (const line of plan.cache ? restored.ledger : []) stage('cache', describeLayer(line))
  stage(
    'build',
    restored.bundlePath === null ? describeSource(plan) : `${restored.bundlePath} is in the cache: nothing to evaluate or build`,
  )
  const built = await buildBundle({ ...request, nix, offline, cache: restored }, ports)
  const ledger = plan.cache ? [...restored.ledger, ...(await save(restored, built, ports, stage))] : []
  return { built, ledger, session: restored.session }
}

async function save(
  restored: RestoredStore,
  built: FreshBundle,
  ports: Ports,
  stage: (name: 'cache', message: string) => void,
): Promise<readonly CacheLedgerEntry[]> {
  const saved = await saveStore({ restored, bundlePath: built.bundlePath, buildTimes: built.buildTimes }, ports)
  for (const line of saved) stage('cache', describeLayer(line))
  return saved
}

function describeLayer({ layer, outcome, detail }: CacheLedgerEntry): string {
  return `${layer}: ${outcome}${detail === '' ? '' : `, ${detail}`}`
}

function describeSource({ bundle }: Plan): string {
  switch (bundle.kind) {
    case 'flake':
      return `${bundle.flake}#${bundle.attribute}${bundle.impure ? ' (impure)' : ''}`
    case 'offline':
      return 'a bundle of this machine’s own programs and a distribution kernel'
    case 'path':
      return bundle.path
  }
}
