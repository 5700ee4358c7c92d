import { join } from 'node:path'
import { buildBundle, loadBundle } from '../bundle/index.js'
import { type CacheSession, restoreBundle } from '../cache/index.js'
import { describeError } from '../domain/errors.js'
import { whyNoExcuse } from '../domain/origin.js'
import type { Plan } from '../domain/plan.js'
import type { BaseVerdict, RunRecord } from '../domain/record.js'
import type { Built } from '../domain/stages.js'
import type { TestId } from '../domain/test.js'
import { onlyThese, sectionKey, testKey } from '../domain/test-key.js'
import type { VmRun } from '../domain/vm-run.js'
import { selectionOf } from '../plan/select.js'
import type { Ports } from '../ports/index.js'
import { compareRecords, defaultRerunPolicy, relocateRecord } from '../results/index.js'
import { revisionName } from '../suites/index.js'
import { originOfBuild } from './origin.js'
import { type GuestsOptions, runGuests } from './run-guests.js'

/** Below the run's directory: what the guests of the base's bundle left. */
const BASE_DIRECTORY = 'base'

export interface ProofOptions extends Omit<GuestsOptions, 'firstGuest' | 'testsPerGuest'> {
  readonly baseline: RunRecord | null
  /** The store cache, for a base bundle that is not in the store. */
  readonly session: CacheSession | null
  /** The verdicts so far. */
  readonly record: RunRecord
  /** Makes a record of what ran on the base's bundle. */
  readonly judgeBase: (ran: Pick<GuestsOptions, 'run' | 'built' | 'selection'> & { readonly vmRun: VmRun }) => Promise<RunRecord>
}

/** The failures that were run again on the base, and a sentence for the record where that was wanted and could not be done. */
export interface Proof {
  readonly verdicts: ReadonlyMap<string, BaseVerdict>
  readonly problems: readonly string[]
}

export const NO_PROOF: Proof = { verdicts: new Map(), problems: [] }

/**
 * Runs new failures again, each in a fresh VM of the base's own bundle: kernel, programs and tests. What fails there too was not broken
 * by this change. Whatever goes wrong here is a sentence in the record, and the failure stays new.
 */
export async function proveOnBase(options: ProofOptions, ports: Ports): Promise<Proof> {
  const { run, baseline, record, onProgress } = options
  if (run.plan.abProof !== true || options.signal.aborted) return NO_PROOF
  if (baseline === null) return run.plan.baseBundle ? problem('there is no baseline to tell new ones by') : NO_PROOF
  const failures = compareRecords(record, baseline).newFailures
  if (failures.length === 0) return NO_PROOF
  try {
    const base = await findBase(options, ports)
    if (base.kind === 'none') {
      onProgress({ kind: 'stage', stage: 'vm', message: `new failures are not tried on the base: ${base.reason}` })
      return NO_PROOF
    }
    if (failures.length > defaultRerunPolicy.mostTests)
      return problem(`${failures.length} are new, more than ${defaultRerunPolicy.mostTests}`)
    return { verdicts: await runOnBase(failures, base.built, options, ports), problems: [] }
  } catch (error) {
    return problem(describeError(error))
  }
}

function problem(reason: string): Proof {
  return { verdicts: new Map(), problems: [`New failures were not tried on the base's kernel: ${reason}`] }
}

/** The record with what the base said to its new failures. */
export function withProof(record: RunRecord, { verdicts, problems }: Proof): RunRecord {
  const tests = record.tests.map((test) => {
    const onBase = verdicts.get(testKey(test))
    return onBase === undefined ? test : { ...test, onBase }
  })
  return { ...record, tests, problems: [...record.problems, ...problems] }
}

/** Refuses a base bundle that is not one, before anything slow. @throws UserError */
export async function requireBaseBundle(plan: Pick<Plan, 'baseBundle'>, ports: Pick<Ports, 'files'>): Promise<void> {
  if (plan.baseBundle) await loadBundle(plan.baseBundle, ports)
}

/** A bundle's path as later runs may rely on it: in a Nix store a path never comes to mean something else. A kernel that counts is none to compare with. */
export function lastingBundlePath(
  { bundlePath, coverage }: Pick<Built, 'bundlePath' | 'coverage'>,
  plan: Pick<Plan, 'kernel' | 'kernelTree'>,
): string | null {
  return coverage === undefined && hasBundlesKernel(plan) && /^\/nix\/store\/[0-9a-z]{32}-[^/]+$/.test(bundlePath) ? bundlePath : null
}

/** False where another kernel than the bundle's own is booted. */
export function hasBundlesKernel({ kernel, kernelTree }: Pick<Plan, 'kernel' | 'kernelTree'>): boolean {
  return kernel === null && kernelTree === undefined
}

type Base = { readonly kind: 'found'; readonly built: Built } | { readonly kind: 'none'; readonly reason: string }

async function findBase({ run, built, baseline, places, session, record, toolVersion }: ProofOptions, ports: Ports): Promise<Base> {
  const { plan } = run
  const none = (reason: string): Base => ({ kind: 'none', reason })
  const path = plan.baseBundle ?? baseline?.bundlePath ?? null
  if (path === null) return none('the baseline does not say where its bundle lies; `base-bundle` can')
  if (!plan.baseBundle && !(await isInStore(path, baseline, session, ports)))
    return none(`its bundle ${path} is neither in this store nor in the cache`)
  // With other tests a failure there would say nothing about the kernel.
  const strange = Object.keys(plan.trees).filter((suite) => !isSameTree(revisionName(suite), built, baseline))
  if (strange.length > 0) {
    const which = plan.suites.length > 1 ? ` of ${strange.join(', ')}` : ''
    return none(`the tests${which} are of a tree that is not the one the baseline ran`)
  }
  const request = { nix: null, offline: null, cache: { ledger: [], bundlePath: null }, kernelTree: 'leave' } as const
  const directories = { checkout: places.checkout, cacheDirectory: places.cacheDirectory, workspace: places.workingDirectory }
  const basePlan: Plan = { ...plan, bundle: { kind: 'path', path }, kernel: null }
  const base = await buildBundle({ ...request, ...directories, plan: basePlan }, ports)
  if (base.bundlePath === built.bundlePath && hasBundlesKernel(plan)) return none('its bundle is the one under test')
  const there = { runId: BASE_DIRECTORY, revisions: base.bundle.revisions, ...(await originOfBuild(base, toolVersion, ports.files)) }
  const reason = whyNoExcuse(record, there)
  if (reason !== null) return none(`of its bundle: ${reason}`)
  return { kind: 'found', built: base }
}

async function isInStore(path: string, baseline: RunRecord | null, session: CacheSession | null, ports: Ports): Promise<boolean> {
  // Without the cache's store the loading of the bundle looks whether every path of it is there.
  if (session === null) return (await ports.files.stat(path)) !== null
  const index = baseline?.cache.find(({ layer, outcome }) => layer === 'index' && (outcome === 'saved' || outcome === 'hit'))
  return restoreBundle({ session, indexKey: index?.key ?? null, bundlePath: path }, ports)
}

/** True for tests of a given tree whose revision says all, a commit with nothing changed since, and is the baseline's. */
function isSameTree(name: string, { bundle }: Built, baseline: RunRecord | null): boolean {
  const revision = bundle.revisions[name]
  return revision !== undefined && !revision.endsWith('-dirty') && revision === baseline?.revisions[name]
}

async function runOnBase(
  failures: readonly TestId[],
  built: Built,
  options: ProofOptions,
  ports: Ports,
): Promise<ReadonlyMap<string, BaseVerdict>> {
  const there = new Map(built.suites.map(({ name, catalogue }) => [name, new Set(catalogue.tests.map((test) => test.name))]))
  const tests = onlyThese(options.selection.tests, failures).filter((test) => there.get(test.suite)?.has(test.name) === true)
  if (tests.length === 0) return new Map()
  const revision = built.bundle.revisions.kernel ?? null
  const what = `${tests.length} new ${tests.length === 1 ? 'failure' : 'failures'} on the base's kernel ${revision ?? built.bundle.kernel.release}`
  options.onProgress({ kind: 'stage', stage: 'vm', message: `running ${what}` })
  const selection = selectionOf(options.selection, tests)
  const run = { ...options.run, directory: join(options.run.directory, BASE_DIRECTORY) }
  await ports.files.makeDirectory(run.directory)
  const vmRun = await runGuests({ ...options, run, built, selection, firstGuest: 1, testsPerGuest: 1 }, ports)
  const record = relocateRecord(await options.judgeBase({ run, built, selection, vmRun }), BASE_DIRECTORY)
  const releases = new Map(record.sections.map(({ suite, name, kernelRelease }) => [sectionKey({ suite, section: name }), kernelRelease]))
  return new Map(
    record.tests.map((test) => {
      const kernelRelease = releases.get(sectionKey(test)) ?? null
      return [testKey(test), { status: test.status, revision, kernelRelease, bundlePath: built.bundlePath, attempts: test.attempts }]
    }),
  )
}
