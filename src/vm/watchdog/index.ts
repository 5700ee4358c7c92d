export { type DebugKernel, debugKernel } from './debug-kernel.js'
export { createExpectation } from './expected.js'
export { type TestHistory, type TestTimes, type TimeSample, TimeTable } from './history.js'
export { bootLimit, gapLimit, guestSeconds, type Limit, type LimitOptions, leaveLimit, testLimit } from './limits.js'
