import type { SuiteName } from '../domain/test.js'
import { fstests } from './fstests/index.js'
import { smoke } from './smoke/index.js'
import type { Suite } from './suite.js'

export type { ProgressParser, Suite, SuiteCommand, SuiteProgress, SuiteScale } from './suite.js'

/** Every suite by name. */
export const suites: Readonly<Record<SuiteName, Suite>> = { fstests, smoke }
