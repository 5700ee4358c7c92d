export { type BuildRequest, buildBundle } from './build-bundle.js'
export { ensureHostTools, type HostTools } from './host-packages.js'
export { findKernelTree } from './kernel-tree/index.js'
export { loadBundle } from './load-bundle.js'
