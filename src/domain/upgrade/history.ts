import { isFirstVersion } from './json.js'
import { withSuite } from './plan.js'

/**
 * The history of version 1, which did not tell suites apart: tests of the form `selftest/NNN` are smoke's, all others fstests'.
 * Anything else is given back as it is.
 */
export function upgradeHistory(history: unknown): unknown {
  return isFirstVersion(history) ? { ...history, version: 2, tests: withSuite(history.tests, 'fstests') } : history
}
