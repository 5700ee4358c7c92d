import { join } from 'node:path'
import { findKernelTree } from '../build/index.js'
import { UserError } from '../domain/errors.js'
import type { Inputs } from '../domain/inputs.js'
import type { Plan } from '../domain/plan.js'
import { treeFragment } from '../plan/kernel-tree.js'
import { makePlan } from '../plan/make-plan.js'
import type { Ports } from '../ports/index.js'
import type { Places } from './places.js'

/** A run that has its plan and its directory. */
export interface OpenRun {
  readonly plan: Plan
  readonly directory: string
  readonly startedAt: Date
}

/** Under this name the plan lies in the run's directory. */
export const PLAN_FILE = 'plan.json'
/** Under this name the planned tests lie there. */
export const SELECTION_FILE = 'selection.json'

/**
 * Makes the plan and the run's directory, with the plan in it before anything else happens.
 * @throws UserError where a given output directory already holds something: results are never overwritten
 */
export async function openRun(
  options: { readonly inputs: Inputs; readonly jobName: string; readonly places: Places },
  ports: Pick<Ports, 'files' | 'clock'>,
): Promise<OpenRun> {
  const startedAt = ports.clock.now()
  const plan = await planFor(options, startedAt, ports.files)
  const directory = await freshDirectory(plan.outputDirectory, options.inputs.outputDirectory !== '', ports.files)
  const placed = { ...plan, outputDirectory: directory }
  await ports.files.makeDirectory(directory)
  await ports.files.write(join(directory, PLAN_FILE), `${JSON.stringify(placed, null, 2)}\n`)
  return { plan: placed, directory, startedAt }
}

async function freshDirectory(wanted: string, chosenByUser: boolean, files: Ports['files']): Promise<string> {
  const taken = async (path: string) => {
    const entry = await files.stat(path)
    if (entry === null) return false
    return entry.kind !== 'directory' || (await files.list(path)).length > 0
  }
  if (!(await taken(wanted))) return wanted
  if (chosenByUser) {
    throw new UserError(
      `The output directory ${wanted} is not empty.`,
      'Name another one with `output`, or remove it; results are never overwritten.',
    )
  }
  for (let number = 2; ; number++) if (!(await taken(`${wanted}-${number}`))) return `${wanted}-${number}`
}

/** The plan alone, for commands that only look. */
export async function planOnly(
  options: { readonly inputs: Inputs; readonly jobName: string; readonly places: Places },
  ports: Pick<Ports, 'files' | 'clock'>,
): Promise<Plan> {
  return planFor(options, ports.clock.now(), ports.files)
}

async function planFor(
  { inputs, jobName, places }: { readonly inputs: Inputs; readonly jobName: string; readonly places: Places },
  startedAt: Date,
  files: Ports['files'],
): Promise<Plan> {
  const plan = makePlan(inputs, {
    workingDirectory: places.workingDirectory,
    projectDirectory: places.projectDirectory,
    hasFlake: (await files.stat(join(places.projectDirectory, 'flake.nix'))) !== null,
    kernelTree: await findKernelTree(places.projectDirectory, files),
    startedAt,
    temporaryDirectory: places.temporaryDirectory,
    jobName,
  })
  return withTreeFragment(plan, files)
}

/** With the fragment that is kept beside the tree, where there is one: before what the command line adds, which wins. */
async function withTreeFragment(plan: Plan, files: Ports['files']): Promise<Plan> {
  const { kernelTree } = plan
  if (kernelTree === undefined) return plan
  const own = treeFragment(kernelTree.directory)
  if ((await files.stat(own)) === null) return plan
  return { ...plan, kernelTree: { ...kernelTree, kconfig: [own, ...kernelTree.kconfig] } }
}
