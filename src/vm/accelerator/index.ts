export { type AcceleratorOptions, type AcceleratorPorts, decideAccelerator } from './decide.js'
export { type ProbeCommandOptions, probeCommand } from './describe.js'
export { PACE, suiteScale } from './emulation.js'
export { undoPermissions } from './permission.js'
