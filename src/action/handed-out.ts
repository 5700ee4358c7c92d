import { join } from 'node:path'
import { UserError } from '../domain/errors.js'
import type { Inputs } from '../domain/inputs.js'
import type { SharedPlan } from '../domain/shared-plan.js'
import { directoryStore } from '../pipeline/directory-store.js'
import { readSharedPlan } from '../pipeline/share-out.js'
import type { Ports } from '../ports/index.js'

/** What is before an artifact's name where a path could stand. */
const ARTIFACT = 'artifact:'

/** A plan that was made in another job, here. */
export interface HandedOut {
  readonly directory: string
  readonly shared: SharedPlan
}

/**
 * The plan named by a path or as `artifact:NAME`, an artifact of this run.
 * @throws UserError where it cannot be had
 */
export async function fetchPlan(
  word: string,
  temporaryDirectory: string,
  ports: Pick<Ports, 'artifactStore' | 'files'>,
): Promise<HandedOut> {
  if (!word.startsWith(ARTIFACT)) return { directory: word, shared: await readSharedPlan(word, ports.files) }
  const directory = await fetchArtifact(word.slice(ARTIFACT.length), join(temporaryDirectory, 'kernel-vmtest-plan'), ports)
  return { directory, shared: await readSharedPlan(directory, ports.files) }
}

/** An artifact of this run, in a directory of its own. @throws UserError where it cannot be had */
export async function fetchArtifact(
  name: string,
  directory: string,
  { artifactStore, files }: Pick<Ports, 'artifactStore' | 'files'>,
): Promise<string> {
  await files.remove(directory)
  await files.makeDirectory(directory)
  const found = await artifactStore.download(name, directory)
  if (found !== null) return found
  throw new UserError(
    `The artifact ${name} of this run cannot be had.`,
    'See the job that made it; artifacts expire, and `gh run rerun` does not bring them back: run the whole workflow again.',
    { kind: 'could-not-test' },
  )
}

/**
 * A shard takes over what was handed out: the choice of tests, the record to compare with, and the store where it came as an artifact. It
 * writes no cache: the build has.
 */
export async function withHandedOut(
  inputs: Inputs,
  temporaryDirectory: string,
  ports: Ports,
): Promise<{ readonly inputs: Inputs; readonly ports: Ports }> {
  if (inputs.shard === null || inputs.shardPlan === null) return { inputs, ports }
  const { directory, shared } = await fetchPlan(inputs.shardPlan, temporaryDirectory, ports)
  const { sections, groups, excludeGroups, tests } = shared.plan.selection
  const taken: Inputs = {
    ...inputs,
    shardPlan: directory,
    selection: { ...inputs.selection, sections, groups, excludeGroups, tests },
    baseline: shared.compared === undefined ? inputs.baseline : join(directory, 'baseline'),
    cacheWrites: false,
  }
  if (shared.artifacts?.store === undefined) return { inputs: taken, ports }
  const store = await fetchArtifact(shared.artifacts.store, join(temporaryDirectory, 'kernel-vmtest-store'), ports)
  return { inputs: { ...taken, cache: true }, ports: { ...ports, cacheStore: directoryStore(store, ports.files) } }
}
