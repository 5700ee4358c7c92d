export { buildKernel, builtCommits, type KernelBuildOptions } from './build-commit.js'
export type { BuildLog } from './build-log.js'
export { type BuiltKernel, buildKernelTree, type TreeBuildRequest } from './build-tree.js'
export { readFragments, usualFragments } from './configure.js'
export {
  type ConfiguredTree,
  checkKernelTree,
  configureKernelTree,
  type KernelTreeRequest,
  targetOfMachine,
  treeSetting,
} from './configure-tree.js'
export { requirePlainDirectory } from './coverage-flags.js'
export { enclosingKernelTree, findKernelTree, isKernelTree, objectDirectory, treeName } from './layout.js'
export { editInMenu } from './menu.js'
export { buildSelftests, checkSelftests, selftestFragments } from './selftests.js'
