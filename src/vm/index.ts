export { type ProgramEnd, parseProgramEnd } from '../domain/program-end.js'
export {
  type AcceleratorOptions,
  type AcceleratorPorts,
  decideAccelerator,
  PACE,
  type ProbeCommandOptions,
  probeCommand,
  suiteScale,
  undoPermissions,
} from './accelerator/index.js'
export { ATTACH_FILE, TAKEN } from './attach-point.js'
export { CONSOLE_FILE } from './console/console-log.js'
export type { Guest, GuestBatch, GuestEvent, GuestOptions, StartGuest } from './guest.js'
export { type InteractiveGuest, type InteractiveOptions, prepareInteractiveGuest } from './interactive.js'
export { DumpBudget, type Explanation, explainMemory, findDrgn, hasTypes, moduleFiles } from './memory/index.js'
export { GUEST_USER } from './qemu/rights.js'
export {
  type DiskPlace,
  diskCandidates,
  type MachineRoom,
  planResources,
  type ResourcePlan,
  type ResourceRequest,
  readMachineRoom,
} from './resources/index.js'
export { type GuestShape, type RunLimits, type RunTestsOptions, runTests } from './scheduler/index.js'
export type { ConsoleObserver } from './session.js'
export { createStartGuest, type StartGuestPorts, type StartGuestSettings } from './start-guest.js'
export type { TestProgram } from './test-program.js'
export {
  bootLimit,
  createExpectation,
  debugKernel,
  guestSeconds,
  leaveLimit,
  type TestHistory,
  type TestTimes,
  type TimeSample,
  TimeTable,
} from './watchdog/index.js'
