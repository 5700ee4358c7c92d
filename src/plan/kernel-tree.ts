import { isAbsolute, join } from 'node:path'
import { UserError } from '../domain/errors.js'
import type { Inputs } from '../domain/inputs.js'
import type { Plan } from '../domain/plan.js'
import type { Ports } from '../ports/index.js'

/** Where a tree's own part of its kernel's configuration is kept (`vmtest config edit`). */
export function treeFragment(tree: string): string {
  return join(tree, '.vmtest', 'kernel.config')
}

/** That file, where there is one: before what a command line adds, which wins. */
export async function ownFragments(tree: string, files: Pick<Ports['files'], 'stat'>): Promise<readonly string[]> {
  const path = treeFragment(tree)
  return (await files.stat(path)) === null ? [] : [path]
}

/** What the choice depends on beside the inputs. */
export interface TreeFacts {
  readonly workingDirectory: string
  /** The kernel tree the project's directory is, or holds as `linux`. */
  readonly kernelTree: string | null
}

/**
 * Which tree the kernel is built from: the one given, or, for the command, the one at hand where the user named neither kernel nor
 * bundle nor flake. The action never chooses by itself: there the flake's kernel is what the repository says is tested.
 * @throws UserError where a tree's configuration is given and there is no tree
 */
export function chooseKernelTree(inputs: Inputs, facts: TreeFacts): Plan['kernelTree'] | null {
  const directory = treeDirectory(inputs, facts)
  if (directory !== null) return { directory, config: inputs.kernelConfig, kconfig: [...inputs.kconfig] }
  if (inputs.kernel === null && (inputs.kernelConfig !== null || inputs.kconfig.length > 0)) {
    const given = inputs.kernelConfig === null ? 'kconfig' : 'kernel-config'
    if (facts.kernelTree !== null) {
      throw new UserError(
        `\`${given}\` is given, and ${whyNotAtHand(inputs)}, so the kernel tree ${facts.kernelTree} is not built.`,
        `Add \`${inputs.face === 'cli' ? `--kernel-tree ${facts.kernelTree}` : `kernel-tree: ${facts.kernelTree}`}\` to build it with that.`,
      )
    }
    throw new UserError(
      `\`${given}\` is given without \`kernel-tree\`${inputs.kernelConfig === null ? '' : ' or `kernel`'}.`,
      'Name the kernel tree to configure with `kernel-tree`, or run in one.',
    )
  }
  return null
}

/** Why a tree that is there was not chosen by itself. */
function whyNotAtHand({ face, bundle }: Inputs): string {
  if (face === 'action') return 'the action builds no tree that it is not told to'
  return bundle.kind === 'flake' ? `the flake ${bundle.flake} is named` : 'a bundle is named'
}

function treeDirectory(inputs: Inputs, facts: TreeFacts): string | null {
  const { kernelTree } = inputs
  switch (kernelTree.kind) {
    case 'none':
      return null
    case 'tree':
      return isAbsolute(kernelTree.directory) ? kernelTree.directory : join(facts.workingDirectory, kernelTree.directory)
    case 'auto': {
      const unnamed = inputs.kernel === null && inputs.bundle.kind === 'flake' && inputs.bundle.flake === ''
      return inputs.face === 'cli' && unnamed ? facts.kernelTree : null
    }
  }
}

/** The words of the command that make the same choice again, also where another default would hold. */
export function kernelTreeWords(inputs: Inputs, facts: TreeFacts): readonly string[] {
  const { kernelTree } = inputs
  const configuration = inputs.kernelConfig === null || inputs.kernel !== null ? [] : ['--kernel-config', inputs.kernelConfig]
  const more = [...configuration, ...inputs.kconfig.flatMap((fragment) => ['--kconfig', fragment])]
  if (kernelTree.kind === 'tree') return ['--kernel-tree', kernelTree.directory, ...more]
  // A workflow tested the flake's kernel; the command, run in the same tree, would build the tree's.
  const otherwise = kernelTree.kind === 'none' || (inputs.face === 'action' && facts.kernelTree !== null && inputs.kernel === null)
  return otherwise ? ['--kernel-tree', 'none'] : more
}
