export {
  type ConfiguredTree,
  checkKernelTree,
  configureKernelTree,
  editInMenu,
  enclosingKernelTree,
  findKernelTree,
  objectDirectory,
  readFragments,
  usualFragments,
} from '../kernel/index.js'
export { type BuildRequest, buildBundle, type FreshBundle } from './build-bundle.js'
export { ensureHostTools, type HostTools } from './host-packages.js'
export { loadBundle } from './load-bundle.js'
export { describeMissing, type MissingProgram, missingPrograms } from './missing-programs.js'
export { type OfflineFlake, stageOfflineFlake } from './offline.js'
