export { countsAsFailure, isSevere, isStaleExpectation, settle } from './attempts.js'
export { type Baseline, compareRecords } from './compare.js'
export { conclude, countStatuses, exitCode } from './conclude.js'
export { buildRecord, type RecordInput } from './record.js'
