import { isFirstVersion, isObject, type JsonObject } from './json.js'
import { withSuite } from './plan.js'

/**
 * The history of version 1, which did not tell suites apart: one that knows tests of `selftest/`, which only smoke has, is smoke's, any
 * other fstests'. Anything else is given back as it is.
 */
export function upgradeHistory(history: unknown): unknown {
  return isFirstVersion(history) ? { ...history, version: 2, tests: withSuite(history.tests, suiteOf(history)) } : history
}

function suiteOf({ tests }: JsonObject): string {
  const isSmoke = Array.isArray(tests) && tests.some((test) => isObject(test) && String(test.name).startsWith('selftest/'))
  return isSmoke ? 'smoke' : 'fstests'
}
