import { join } from 'node:path'
import { type KnownEarly, lastBundle, loadBundle, readFragments, readSuites } from '../bundle/index.js'
import { UserError } from '../domain/errors.js'
import type { Plan } from '../domain/plan.js'
import type { BuiltSuite } from '../domain/stages.js'
import { loadExpectations } from '../plan/expectations.js'
import type { Ports } from '../ports/index.js'
import { suiteOf } from '../suites/index.js'
import { requireBaseline } from './baseline.js'
import type { Directories } from './directories.js'
import { type OpenOptions, planOnly, requireOutput } from './open-run.js'
import { requireAcceptable } from './past-runs.js'
import { hasBundlesKernel, requireBaseBundle } from './prove-on-base.js'
import { resolveSelection } from './resolve-selection.js'

/** Before a kernel is there its release is not known: what a section needs of it is asked again when it is. */
const ANY_RELEASE = ''

/**
 * What is asked for held against what is known of the bundle, before a kernel is compiled. Where a suite is still to be built, nothing is said.
 * @throws UserError as `resolveSelection` does
 */
export async function checkEarly(plan: Plan, known: KnownEarly, places: Directories, ports: Pick<Ports, 'files'>): Promise<void> {
  const suites = plan.suites.flatMap((name) => known.suites.find((suite) => suite.name === name) ?? [])
  // A command in a guest needs no suite.
  if (plan.suites.length === 0 || suites.length < plan.suites.length) return
  const { selection } = await resolveSelection({ plan, built: { ...known, suites }, places }, ports)
  const obstacles: string[] = []
  for (const [suite, tree] of Object.entries(plan.trees)) {
    const tests = selection.tests.filter((test) => test.suite === suite && test.expunged === undefined).map(({ name }) => name)
    const { architecture } = known.bundle
    obstacles.push(...((await suiteOf(suite).obstacles?.(ports.files, tree, { architecture, tests })) ?? []))
  }
  if (obstacles.length > 0) throw new UserError(`Nothing was started: ${obstacles.join(' ')}`, 'Then start the run again.')
}

/** What was found at hand. */
export interface AtHand {
  /** The suites whose trees are given, read once for the whole run. */
  readonly suites: readonly BuiltSuite[]
  /** Sentences for people. */
  readonly notes: readonly string[]
}

/**
 * Refuses what the plan names beside its tests: a record, a bundle, what is to be accepted.
 * @throws UserError
 */
export async function requireNamed(plan: Plan, ports: Pick<Ports, 'files' | 'runner'>): Promise<void> {
  await requireBaseline(plan, ports)
  await requireBaseBundle(plan, ports)
  requireAcceptable(plan, ports.runner.env)
}

/**
 * Every word that a run would be refused for, before a command of several runs makes anything: a worktree, a build, something to wait for.
 * @throws UserError as the run would
 */
export async function checkBeforehand(
  { inputs, places }: Pick<OpenOptions, 'inputs' | 'places'>,
  ports: Pick<Ports, 'clock' | 'exec' | 'files' | 'runner'>,
): Promise<void> {
  const plan = await planOnly({ inputs, places }, ports)
  await requireNamed(plan, ports)
  await checkAtHand(plan, places, ports)
  await requireOutput(plan.outputDirectory, ports.files)
}

/**
 * What is asked for held against what is at hand within a second: the trees that are given, the smoke suite, the bundle that is given, and of
 * a flake the bundle it gave last time. That one may be another by now: what is not in it is said, and the bundle decides before a kernel is built.
 * @throws UserError for what cannot be right, whatever is built
 */
export async function checkAtHand(plan: Plan, places: Directories, ports: Pick<Ports, 'exec' | 'files' | 'runner'>): Promise<AtHand> {
  await refuseMissingFiles(plan, ports.files)
  if (plan.kernelTree !== undefined) {
    const { checkout, workingDirectory } = places
    await readFragments(plan.kernelTree.kconfig, { checkout, workspace: workingDirectory }, ports)
  }
  const suites = await readSuites(plan.trees, ports)
  const kernel = { release: ANY_RELEASE, image: '' }
  if (plan.bundle.kind === 'path') {
    const { bundle } = await loadBundle(plan.bundle.path, ports)
    const held = bundle.suites.filter(({ name }) => !suites.some((suite) => suite.name === name))
    const all = [...suites, ...(await readSuites(sourcesOf(held), ports))]
    const booted = hasBundlesKernel(plan) ? bundle.kernel : kernel
    await checkEarly(plan, { bundle: { ...bundle, kernel: booted }, suites: all }, places, ports)
    return { suites, notes: [] }
  }
  const architecture = (await ports.exec.run(['uname', '-m'])).stdout.trim() === 'aarch64' ? 'aarch64' : 'x86_64'
  if (plan.bundle.kind === 'offline') {
    const smoke = suites.some(({ name }) => name === 'smoke')
      ? []
      : await readSuites({ smoke: join(places.checkout, 'nix/suites/smoke') }, ports)
    await checkEarly(plan, { bundle: { architecture, sections: [], kernel }, suites: [...suites, ...smoke] }, places, ports)
    return { suites, notes: [] }
  }
  return { suites, notes: await checkAgainstLast({ plan, places, suites, architecture }, ports) }
}

async function checkAgainstLast(
  {
    plan,
    places,
    suites,
    architecture,
  }: Pick<KnownEarly, 'suites'> & {
    readonly plan: Plan
    readonly places: Directories
    readonly architecture: KnownEarly['bundle']['architecture']
  },
  ports: Pick<Ports, 'files'>,
): Promise<readonly string[]> {
  const { bundle } = plan
  if (bundle.kind !== 'flake') return []
  const last = await lastBundle({ ...bundle, cwd: places.workingDirectory, cacheDirectory: places.cacheDirectory }, ports)
  if (last === null) return []
  const held = last.suites.filter(({ name }) => !suites.some((suite) => suite.name === name))
  const all = [...suites, ...(await readSuites(sourcesOf(held), ports).catch(() => []))]
  const known = { bundle: { architecture, sections: last.sections, kernel: { release: ANY_RELEASE, image: '' } }, suites: all }
  try {
    await checkEarly(plan, known, places, ports)
    return []
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return [`as the flake was built last: ${error.message} Whether it still is so is asked before anything is compiled.`]
  }
}

function sourcesOf(suites: readonly { readonly name: string; readonly source?: string | undefined }[]): Readonly<Record<string, string>> {
  return Object.fromEntries(suites.flatMap(({ name, source }) => (source === undefined ? [] : [[name, source]])))
}

/** Every list and file that is named and is not there, in one message. */
async function refuseMissingFiles(plan: Plan, files: Ports['files']): Promise<void> {
  const { problems } = await loadExpectations(files, plan.selection)
  const missing = problems.filter((problem) => problem.includes('cannot be read'))
  const named: readonly (readonly [string, string | null | undefined])[] = [
    ['kernel', plan.kernel?.image],
    ['modules', plan.kernel?.modules],
    ['vmlinux', plan.kernel?.vmlinux],
    ['kernel-config', plan.kernel?.config],
    ['local-config', plan.localConfig],
    ...Object.entries(plan.trees),
  ]
  for (const [name, path] of named) {
    if (path !== null && path !== undefined && (await files.realPath(path).catch(() => null)) === null)
      missing.push(`${name} is ${path}, which is not there.`)
  }
  if (missing.length > 0) throw new UserError(missing.join(' '), 'Correct the path; relative ones start at the working directory.')
}
