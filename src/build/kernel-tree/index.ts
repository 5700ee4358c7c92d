export { type BuiltKernel, buildKernelTree, type KernelTreeRequest } from './build-tree.js'
export { findKernelTree, isKernelTree } from './layout.js'
