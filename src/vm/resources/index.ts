export { type DiskPlace, type MachineRoom, readMachineRoom } from './machine.js'
export { diskCandidates, planResources, type ResourcePlan, type ResourceRequest } from './plan.js'
