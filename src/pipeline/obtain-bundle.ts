import { join } from 'node:path'
import {
  buildBundle,
  checkKernelTree,
  describeMissing,
  type KnownEarly,
  missingPrograms,
  type OfflineOptions,
  stageOfflineFlake,
  targetOfMachine,
} from '../bundle/index.js'
import { type CacheSession, purgeSuperseded, restoreCompilerCache, restoreStore, saveCompilerCache, saveStore } from '../cache/index.js'
import type { NixInputs } from '../domain/inputs.js'
import type { Plan } from '../domain/plan.js'
import type { CacheLedgerEntry } from '../domain/record.js'
import type { Built, Progress } from '../domain/stages.js'
import { ensureNix } from '../nix/index.js'
import { OWN_FLAKE } from '../plan/own-flake.js'
import type { Ports } from '../ports/index.js'
import type { Directories } from './directories.js'
import { checkAtHand, checkEarly } from './early-check.js'

export interface ObtainOptions {
  readonly plan: Plan
  readonly nix: NixInputs
  readonly places: Directories
  /** The builders' whole output goes here; null where nothing is kept. */
  readonly runDirectory: string | null
  /** `leave`: a kernel tree is not compiled, the bundle's own kernel stands in. */
  readonly kernelTree?: 'leave'
  /** Directories of the kernel's tree that are compiled with counters. Absent: none. */
  readonly coverageOf?: readonly string[]
  /** What a flake's kernel must be built of for that: SHA-256 by file of the tree. */
  readonly coverageSources?: Readonly<Record<string, string>>
  /** Ends the compiling of a kernel tree. */
  readonly signal?: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

export interface Obtained {
  readonly built: Built
  readonly ledger: readonly CacheLedgerEntry[]
  /** The store cache, where it can be asked for more; null otherwise. */
  readonly session: CacheSession | null
  /** Seconds for Nix and what the store cache brought back. */
  readonly nixSeconds: number
}

const NO_CACHE = { ledger: [], bundlePath: null }

/**
 * Nix, cache, build: from the plan to a loaded bundle. What was built is saved right away: a red or cancelled test run
 * must not lose a kernel.
 * @throws UserError
 */
export async function obtainBundle(options: ObtainOptions, ports: Ports): Promise<Obtained> {
  const { plan, places, onProgress } = options
  const stage = (name: 'plan' | 'nix' | 'cache' | 'build', message: string) => onProgress({ kind: 'stage', stage: name, message })
  const atHand = await checkAtHand(plan, places, ports)
  const request = {
    plan,
    catalogues: new Map(atHand.suites.map(({ name, catalogue }) => [name, catalogue])),
    checkout: places.checkout,
    cacheDirectory: places.cacheDirectory,
    workspace: places.workingDirectory,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.kernelTree === undefined ? {} : { kernelTree: options.kernelTree }),
    ...(options.coverageOf === undefined ? {} : { coverageOf: options.coverageOf }),
    ...(options.coverageSources === undefined ? {} : { coverageSources: options.coverageSources }),
    ...(options.runDirectory === null ? {} : { logPath: join(options.runDirectory, 'build.log') }),
    onProgress,
    check: (known: KnownEarly) => checkEarly(plan, known, places, ports),
  }
  for (const sentence of atHand.notes) stage('plan', sentence)
  if (plan.kernelTree !== undefined && options.kernelTree !== 'leave') {
    await checkKernelTree(plan.kernelTree.directory, ports)
    stage('build', `the kernel in ${plan.kernelTree.directory}, by its own make`)
  }
  const passedOver = await passedOverFlake(plan, places, ports)
  if (passedOver !== null) stage('build', passedOver)
  if (plan.bundle.kind === 'path') {
    stage('build', `loading ${plan.bundle.path}`)
    const built = await buildBundle({ ...request, nix: null, offline: null, cache: NO_CACHE }, ports)
    return { built, ledger: [], session: null, nixSeconds: 0 }
  }
  const startedSeconds = ports.clock.monotonicSeconds()
  const nix = await ensureNix(options.nix, { face: plan.face, bundle: plan.bundle.kind, cacheDirectory: places.cacheDirectory }, ports)
  const foundSeconds = ports.clock.monotonicSeconds() - startedSeconds
  stage('nix', `${nix.version} (${nix.origin}: ${nix.program})${nix.sandbox ? '' : ', without sandbox'}`)
  for (const note of nix.notes) stage('nix', note)
  // The cache's key is made of what the flake holds, so it is staged before the cache is asked.
  const offline = plan.bundle.kind === 'offline' ? await stagedOffline(options, ports) : null
  const { fstests } = plan.trees
  if (offline !== null && fstests !== undefined) {
    for (const line of describeMissing(await missingPrograms(fstests, ports))) stage('build', line)
  }
  const askedSeconds = ports.clock.monotonicSeconds()
  const stored = { plan, nix, flakeDirectory: offline?.directory ?? null }
  const restored = await restoreStore(options.coverageOf === undefined ? stored : { ...stored, counted: options.coverageOf }, ports)
  told(plan.cache ? restored.ledger : [], stage)
  const compiler = await restoreCompilerCache({ ...compilerRequest(options), nix, restored }, ports)
  told(compiler.ledger, stage)
  const nixSeconds = foundSeconds + ports.clock.monotonicSeconds() - askedSeconds
  stage(
    'build',
    restored.bundlePath === null ? describeSource(plan) : `${restored.bundlePath} is in the cache: nothing to evaluate or build`,
  )
  const saveCompiled = () => saveCompilerCache(compiler, ports).then((lines) => told(lines, stage))
  const building = buildBundle({ ...request, nix, offline, cache: restored, settings: compiler.settings }, ports)
  const built = await building.catch(async (error: unknown) => {
    // A kernel that does not compile leaves the objects that did.
    await saveCompiled()
    throw error
  })
  const saving = { restored, bundlePath: built.bundlePath, buildTimes: built.buildTimes }
  const saved = [...told(await saveStore(saving, ports), stage), ...(await saveCompiled())]
  const ledger = plan.cache ? [...restored.ledger, ...compiler.ledger, ...saved] : []
  await makeRoom(ledger, ports, stage)
  return { built, ledger, session: restored.session, nixSeconds }
}

/** The flake of this machine's programs, each of which is read: a new machine's take a while. */
async function stagedOffline({ plan, places, onProgress }: ObtainOptions, ports: Ports) {
  const guest = await offlineGuest(plan, ports)
  onProgress({ kind: 'waiting', message: "for this machine's programs to be read" })
  const offline = await stageOfflineFlake({ ...places, ...guest }, ports)
  onProgress({ kind: 'waiting', message: null })
  return offline
}

/** Where this run added to the cache, what it supersedes may have to go. */
async function makeRoom(ledger: readonly CacheLedgerEntry[], ports: Ports, stage: (name: 'cache', message: string) => void): Promise<void> {
  if (!ledger.some(({ outcome }) => outcome === 'saved')) return
  const note = await purgeSuperseded({ used: ledger.map(({ key }) => key) }, ports)
  if (note !== null) stage('cache', note)
}

/** Whose programs an offline guest has: of the architecture asked for, or of the one the kernel tree is built for. */
async function offlineGuest({ bundle, kernelTree, suites }: Plan, ports: Ports): Promise<Partial<OfflineOptions>> {
  if (bundle.kind !== 'offline') return {}
  const programs = suites.includes('fstests') ? 'all' : 'required'
  const shared = { programs, environment: ports.runner.env } as const
  if (bundle.architecture !== undefined) return { ...shared, architecture: bundle.architecture }
  return kernelTree === undefined ? shared : { ...shared, architecture: (await targetOfMachine(ports)).target.architecture }
}

/** A person's own flake that is not used, since the tree has one. */
async function passedOverFlake(
  { bundle }: Plan,
  { projectDirectory }: Directories,
  { files }: Pick<Ports, 'files'>,
): Promise<string | null> {
  if (bundle.kind !== 'flake' || ![projectDirectory, '.'].includes(bundle.flake)) return null
  const own = join(projectDirectory, OWN_FLAKE, 'flake.nix')
  return (await files.stat(own)) === null ? null : `the tree's own flake.nix is used, not ${own}`
}

/** Only a flake's kernel is compiled by Nix: `offline` takes the distribution's, and a kernel tree has its own make. */
function compilerRequest({ plan, nix }: ObtainOptions) {
  const compiles = plan.bundle.kind === 'flake' && plan.kernelTree === undefined
  return { mode: nix.ccache, maxMiB: nix.ccacheMaxMiB, compiles }
}

function told(lines: readonly CacheLedgerEntry[], stage: (name: 'cache', message: string) => void): readonly CacheLedgerEntry[] {
  for (const line of lines) stage('cache', describeLayer(line))
  return lines
}

function describeLayer({ layer, outcome, detail }: CacheLedgerEntry): string {
  return `${layer}: ${outcome}${detail === '' ? '' : `, ${detail}`}`
}

function describeSource({ bundle, kernelTree }: Plan): string {
  switch (bundle.kind) {
    case 'flake':
      return `${bundle.flake}#${bundle.attribute}${bundle.impure ? ' (impure)' : ''}`
    case 'offline':
      if (bundle.architecture !== undefined) return `a bundle of the distribution’s ${bundle.architecture} packages`
      return `a bundle of this machine’s own programs${kernelTree === undefined ? ' and a distribution kernel' : ', to boot the tree’s kernel with'}`
    case 'path':
      return bundle.path
  }
}
