export {
  type ConfiguredTree,
  checkKernelTree,
  configureKernelTree,
  editInMenu,
  enclosingKernelTree,
  findKernelTree,
  objectDirectory,
  readFragments,
  targetOfMachine,
  usualFragments,
} from '../kernel/index.js'
export { type BuildRequest, buildBundle, type FreshBundle, type KnownEarly } from './build-bundle.js'
export { ensureHostTools, type HostTools } from './host-packages.js'
export { type FlakeOutput, lastBundle, readSuites } from './last-bundle.js'
export { loadBundle } from './load-bundle.js'
export { describeMissing, type MissingProgram, missingPrograms } from './missing-programs.js'
export { type OfflineFlake, type OfflineOptions, stageOfflineFlake } from './offline.js'
