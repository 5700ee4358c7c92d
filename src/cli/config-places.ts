import { join, resolve } from 'node:path'
import { findKernelTree, objectDirectory, readFragments, targetOfMachine, usualFragments } from '../bundle/index.js'
import { UserError } from '../domain/errors.js'
import { type ConfigFragment, chooseFragments, type FragmentShelf, readFragmentShelf } from '../kconfig/index.js'
import { builtInSections } from '../pipeline/resolve-selection.js'
import { ownFragments } from '../plan/kernel-tree.js'
import type { CliContext } from './context.js'

/** As the bundle and nix/kconfig name it. */
export function guestArchitecture({ architecture }: Pick<CliContext, 'architecture'>): 'x86_64' | 'aarch64' {
  return architecture === 'arm64' ? 'aarch64' : 'x86_64'
}

/** The fragments and sections there are. */
export async function shelfOf(context: CliContext): Promise<FragmentShelf> {
  const { places, ports } = context
  const sections = await builtInSections('fstests', places, ports.files)
  const directory = join(places.checkout, 'nix/kconfig')
  return readFragmentShelf(directory, { sections, architecture: guestArchitecture(context) }, ports)
}

/** The directory of arch/ in the kernel tree. */
export function kernelArchitecture({ architecture }: CliContext): string {
  return architecture === 'arm64' ? 'arm64' : 'x86'
}

export function absolute(path: string, { places }: CliContext): string {
  return resolve(places.workingDirectory, path)
}

/** The tree that is named, or the one we are in or beside. @throws UserError where there is none */
export async function treeAtHand(named: string | undefined, context: CliContext): Promise<string> {
  const tree = named === undefined ? await findKernelTree(context.places.projectDirectory, context.ports.files) : absolute(named, context)
  if (tree !== null) return tree
  throw new UserError(`${context.places.workingDirectory} is not a kernel's source tree.`, 'Run in one, or name it with `--kernel-tree`.')
}

/** What a kernel tree is configured with by `vmtest`, and where the configuration is. */
export interface TreeConfiguration {
  readonly tree: string
  /** Where it lies once the tree was configured. */
  readonly path: string
  readonly fragments: readonly ConfigFragment[]
}

/** Of the tree we are in or beside; null where there is none. */
export async function treeConfiguration(context: CliContext): Promise<TreeConfiguration | null> {
  const { ports, places } = context
  const found = await findKernelTree(places.projectDirectory, ports.files)
  if (found === null) return null
  const own = await ownFragments(found, ports.files)
  const { target, isForeign } = await targetOfMachine(ports)
  const usual = usualFragments(target.fragment)
  const fragments = await readFragments([...usual, ...own], { checkout: places.checkout, workspace: places.workingDirectory }, ports)
  const tree = await ports.files.realPath(found)
  return {
    tree: found,
    path: join(objectDirectory(places.cacheDirectory, tree, isForeign ? target.architecture : null), '.config'),
    fragments,
  }
}

/** The fragments that are named; where none is, those of the tree at hand, and without a tree those of a bundle's kernel. */
export async function wantedFragments(
  names: readonly string[],
  shelf: FragmentShelf,
  context: CliContext,
): Promise<readonly ConfigFragment[]> {
  const tree = names.length === 0 ? await treeConfiguration(context) : null
  return tree?.fragments ?? chooseFragments(names, shelf)
}
