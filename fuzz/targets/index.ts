import type { Target } from '../target.js'
import { compilerMessages, nixLog } from './build-output.js'
import { consoleTarget } from './console.js'
import { fstestsOutput } from './fstests-output.js'
import { fstestsTree } from './fstests-tree.js'
import { fstestsXml } from './fstests-xml.js'
import { ktap } from './ktap.js'
import { excludeFile, expectations, localConfig, registrations } from './lists.js'
import { resultFrames } from './result-frames.js'
import { bundle, history, record, storeIndex } from './stored-json.js'
import { suiteLogs } from './suite-logs.js'
import { verdictRecords, verdictTrees } from './verdicts.js'

/** Every parser that reads bytes of a guest, a build, a cache or a kernel tree. */
export const TARGETS: readonly Target[] = [
  ...[consoleTarget, fstestsOutput, fstestsXml, fstestsTree, ktap, resultFrames, nixLog, compilerMessages],
  ...[verdictRecords, verdictTrees, suiteLogs],
  ...[bundle, record, history, storeIndex, registrations, expectations, excludeFile, localConfig],
]
