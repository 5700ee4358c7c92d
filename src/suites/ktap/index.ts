export { judgeProgram, type ProgramVerdict, SKIPPED } from './judge.js'
export { KEPT_SUBTESTS, type KtapProblem, type KtapReading, readKtap, type Subtest, type SubtestStatus } from './read.js'
