export { type Baseline, type ComparisonFacts, compareRecords, comparisonOf, withCompared } from './compare.js'
export { conclude, countStatuses } from './conclude.js'
export {
  addToHistory,
  emptyHistory,
  type History,
  notPassedSince,
  type PastVerdict,
  parseHistory,
  pastVerdicts,
  testTimes,
} from './history.js'
export { type HistoryRow, renderPast, type TestPast, testPast } from './history-view.js'
export { keepTest, keptAside } from './keep-aside.js'
export { KnownPromises } from './known-promises.js'
export { type Offered, offeredKey } from './lost.js'
export { mergeAll, mergeRecords, relocateRecord } from './merge.js'
export type { ReadContext } from './read-context.js'
export { parseRecord, readRecordFile, readResultsDirectory } from './read-directory.js'
export { buildRecord, type RecordInput } from './record.js'
export { defaultRerunPolicy, type RerunPolicy, testsToRerun } from './rerun.js'
export { mergeShards, ShardMerge, type Whole } from './shards/merge.js'
export { type OwnShard, ownShardSchema, ownShards } from './shards/own.js'
