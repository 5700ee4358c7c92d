export type { GuestShape, RunLimits, RunTestsOptions } from './options.js'
export { runTests } from './run.js'
