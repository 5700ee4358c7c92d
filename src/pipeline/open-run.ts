import { basename, dirname, join } from 'node:path'
import { findKernelTree } from '../bundle/index.js'
import { UserError } from '../domain/errors.js'
import type { Inputs } from '../domain/inputs.js'
import type { Plan } from '../domain/plan.js'
import { withoutTrailing } from '../domain/without-trailing.js'
import { jobFacts } from '../plan/comparable.js'
import { ownFragments } from '../plan/kernel-tree.js'
import { makePlan } from '../plan/make-plan.js'
import { OWN_FLAKE } from '../plan/own-flake.js'
import type { Ports } from '../ports/index.js'
import type { Directories } from './directories.js'
import { noteRunning } from './run-process.js'

/** A run that has its plan and its directory. */
export interface OpenRun {
  readonly plan: Plan
  readonly directory: string
  readonly startedAt: Date
  /** `clock.monotonicSeconds()` at that time: every duration of the run counts from here. */
  readonly startedSeconds: number
}

export interface OpenOptions {
  readonly inputs: Inputs
  readonly places: Directories
  /** The environment of a workflow's step, which names its job; absent: a command's. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** False where an action's results cannot be uploaded: they are then kept in the workspace. */
  readonly uploads?: boolean
  /** Makes of the command that runs the same again the one that does so here; absent: it stands as it is. */
  readonly reproduce?: (command: string) => string
}

/** Under this name the plan lies in the run's directory. */
export const PLAN_FILE = 'plan.json'
/** Under this name the planned tests lie there. */
export const SELECTION_FILE = 'selection.json'

/**
 * Makes the plan and the run's directory, with the plan in it before anything else happens.
 * @throws UserError where a given output directory already holds something: results are never overwritten
 */
export async function openRun(options: OpenOptions, ports: Pick<Ports, 'files' | 'clock'>): Promise<OpenRun> {
  const startedAt = ports.clock.now()
  const startedSeconds = ports.clock.monotonicSeconds()
  const plan = await planFor(options, startedAt, ports.files)
  const placed = await claimDirectory(plan, options.inputs.outputDirectory !== '', ports.files).catch((error: unknown) => {
    throw unwritable(plan.outputDirectory, error)
  })
  await requireRoom(placed.outputDirectory, ports.files)
  await noteRunning(placed.outputDirectory, ports.files)
  return { plan: placed, directory: placed.outputDirectory, startedAt, startedSeconds }
}

/** What a run's results take at least, in bytes: the page alone has a MiB, and a full disk is told of from 64 MiB on. */
const LEAST_ROOM_BYTES = 80 * 1024 ** 2

/**
 * Refuses a directory that could not take the results of a run, before there is one. Nothing is left of the trial.
 * @throws UserError as `openRun` does, for what is in the way, what cannot be written and what has no room
 */
export async function requireOutput(directory: string, files: Ports['files']): Promise<void> {
  if (await taken(directory, files)) throw notEmpty(directory)
  let above = directory
  while ((await files.stat(above)) === null && dirname(above) !== above) above = dirname(above)
  const trial = await files.makeTemporary(above, '.vmtest-').catch((error: unknown) => {
    throw unwritable(directory, error)
  })
  try {
    requireEnough(directory, await files.freeBytes(trial))
  } finally {
    await files.remove(trial)
  }
}

/** @throws UserError (`could-not-test`) where results cannot be kept: said now, not when they are written */
async function requireRoom(directory: string, files: Ports['files']): Promise<void> {
  try {
    requireEnough(directory, await files.freeBytes(directory))
  } catch (error) {
    await files.remove(directory)
    throw error
  }
}

/** @throws UserError (`could-not-test`) */
function requireEnough(directory: string, free: number): void {
  if (free >= LEAST_ROOM_BYTES) return
  const [least, there] = [LEAST_ROOM_BYTES, free].map((bytes) => `${Math.floor(bytes / 1024 ** 2)} MiB`)
  throw new UserError(
    `The disk of the output directory ${directory} has ${there} free, and a run's results need at least ${least}.`,
    'Free some space, or name another directory with `--output`.',
    { kind: 'could-not-test' },
  )
}

function unwritable(directory: string, error: unknown): unknown {
  if (error instanceof UserError) return error
  return new UserError(`The output directory ${directory} cannot be made or written.`, 'Name another one with `--output`.', {
    cause: error,
  })
}

function notEmpty(directory: string): UserError {
  return new UserError(
    `The output directory ${directory} is not empty.`,
    'Name another one with `output`, or remove it; results are never overwritten.',
  )
}

async function claimDirectory(plan: Plan, chosenByUser: boolean, files: Ports['files']): Promise<Plan> {
  const wanted = plan.outputDirectory
  for (let number = 1; ; number++) {
    const placed = number === 1 ? plan : { ...plan, outputDirectory: `${wanted}-${number}` }
    if (await claimed(placed, files)) return placed
    if (chosenByUser) throw notEmpty(wanted)
  }
}

/**
 * Takes a directory for this run alone, with the plan in it. It is made beside and renamed: of two runs that want the same one
 * the later finds it full, because a directory replaces only an empty one.
 */
async function claimed(plan: Plan, files: Ports['files']): Promise<boolean> {
  const directory = plan.outputDirectory
  if (await taken(directory, files)) return false
  const text = `${JSON.stringify(plan, null, 2)}\n`
  const beside = await files.makeTemporary(dirname(directory), `.${basename(directory)}-`)
  try {
    await files.chmod(beside, 0o755)
    await files.write(join(beside, PLAN_FILE), text)
    await files.rename(beside, directory)
    return true
  } catch (error) {
    await files.remove(beside)
    if (await taken(directory, files)) return false
    // An empty directory that nothing can replace: a mount point, perhaps.
    if ((await files.stat(directory)) === null) throw error
    await files.write(join(directory, PLAN_FILE), text)
    return true
  }
}

async function taken(path: string, files: Ports['files']): Promise<boolean> {
  const entry = await files.stat(path)
  if (entry === null) return false
  return entry.kind !== 'directory' || (await files.list(path)).length > 0
}

/** The plan alone, for commands that only look. */
export async function planOnly(options: OpenOptions, ports: Pick<Ports, 'files' | 'clock'>): Promise<Plan> {
  return planFor(options, ports.clock.now(), ports.files)
}

async function planFor(
  { inputs, env = {}, places, uploads = true, reproduce = (command) => command }: OpenOptions,
  startedAt: Date,
  files: Ports['files'],
): Promise<Plan> {
  const plan = makePlan(inputs, {
    workingDirectory: places.workingDirectory,
    projectDirectory: places.projectDirectory,
    // This project's own checkout is no kernel's: its flake builds no VM.
    hasFlake: (await files.stat(join(places.projectDirectory, 'flake.nix'))) !== null && !(await isOwnCheckout(places, files)),
    hasOwnFlake: (await files.stat(join(places.projectDirectory, OWN_FLAKE, 'flake.nix'))) !== null,
    kernelTree: await findKernelTree(places.projectDirectory, files),
    startedAt,
    temporaryDirectory: places.temporaryDirectory,
    ...(uploads ? {} : { resultsDirectory: join(places.workingDirectory, '.vmtest', 'runs') }),
    job: jobFacts(env),
  })
  return withTreeFragment({ ...plan, reproduce: reproduce(plan.reproduce) }, files)
}

async function isOwnCheckout({ projectDirectory, checkout }: Directories, files: Ports['files']): Promise<boolean> {
  const real = (path: string) => files.realPath(path).catch(() => withoutTrailing(path, '/'))
  return (await real(projectDirectory)) === (await real(checkout))
}

/** With the fragment that is kept beside the tree, where there is one: before what the command line adds, which wins. */
async function withTreeFragment(plan: Plan, files: Ports['files']): Promise<Plan> {
  const { kernelTree } = plan
  if (kernelTree === undefined) return plan
  return { ...plan, kernelTree: { ...kernelTree, kconfig: [...(await ownFragments(kernelTree.directory, files)), ...kernelTree.kconfig] } }
}
