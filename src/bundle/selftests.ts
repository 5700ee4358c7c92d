import { join } from 'node:path'
import type { Plan } from '../domain/plan.js'
import type { ConfigFragment } from '../kconfig/index.js'
import { buildSelftests, checkSelftests, isKernelTree, type KernelTreeRequest, selftestFragments, treeSetting } from '../kernel/index.js'
import type { Ports } from '../ports/index.js'

type TreePorts = Pick<Ports, 'exec' | 'files' | 'clock' | 'runner'>

/** A kernel tree whose selftests are to be built. */
export interface SelftestsSource {
  readonly tree: string
  readonly targets: readonly string[]
  /** What the targets ask of the kernel's configuration. */
  readonly fragments: readonly ConfigFragment[]
}

/**
 * The kernel tree that kselftest is built from: the one given for it, or the tree under test. Null where the suite does not run, or where
 * what was given for it is installed already.
 * @throws UserError for targets that the tree has not, or none at all
 */
export async function selftestsSource(plan: Plan, ports: Pick<Ports, 'files'>): Promise<SelftestsSource | null> {
  if (!plan.suites.includes('kselftest')) return null
  const given = plan.trees.kselftest
  const tree = given ?? plan.kernelTree?.directory
  if (tree === undefined) return null
  if (given !== undefined && !(await isKernelTree(given, ports.files))) return null
  const targets = plan.kselftestTargets ?? (await namedTargets(plan, tree, ports))
  await checkSelftests(tree, targets, ports)
  return { tree, targets, fragments: await selftestFragments(tree, targets, ports) }
}

/** Of the words of the selection those that are targets of the tree: `-g mount`, `mount:*`, `kselftest:timens:exec`. Others are of other suites. */
async function namedTargets({ selection }: Plan, tree: string, { files }: Pick<Ports, 'files'>): Promise<readonly string[]> {
  const words = [...selection.groups, ...selection.tests].map((word) => word.replace(/^kselftest:/, '').replace(/:[^:]*$/, ''))
  const targets: string[] = []
  for (const word of new Set(words)) {
    if (!/^[\w+-][\w.+/-]*$/.test(word)) continue
    if ((await files.stat(join(tree, 'tools/testing/selftests', word, 'Makefile'))) !== null) targets.push(word)
  }
  return targets
}

/** Builds and installs them. @returns the installed directory @throws UserError as `buildSelftests` does */
export async function installSelftests(
  { tree, targets }: SelftestsSource,
  request: Pick<KernelTreeRequest, 'cacheDirectory' | 'logPath' | 'signal' | 'onProgress'>,
  ports: TreePorts,
): Promise<string> {
  const { setting } = await treeSetting({ ...request, directory: tree }, ports)
  const { logPath, onProgress } = request
  const watched = { ...(logPath === undefined ? {} : { logPath }), ...(onProgress === undefined ? {} : { onProgress }) }
  return buildSelftests({ setting, targets, ...watched }, ports)
}
