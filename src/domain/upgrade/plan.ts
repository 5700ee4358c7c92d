import { isFirstVersion, isObject, type JsonObject, mapList } from './json.js'
import { upgradeSections } from './section.js'

/** `plan.json` of version 1: one suite, and one tree, which was fstests'. Anything else is given back as it is. */
export function upgradePlan(plan: unknown): unknown {
  if (!isFirstVersion(plan)) return plan
  const { suite, fstests, selection, ...rest } = plan
  return {
    ...rest,
    version: 2,
    suites: [suite],
    trees: typeof fstests === 'string' ? { fstests } : {},
    selection: upgradeRequest(selection, suite),
  }
}

function upgradeRequest(request: unknown, suite: unknown): unknown {
  if (!isObject(request) || request.only === undefined) return request
  return { ...request, only: withSuite(request.only, suite) }
}

/** `selection.json`, which has no version: that of version 1 names one suite for all. */
export function upgradeSelection(selection: unknown): unknown {
  if (!isObject(selection) || !('suite' in selection)) return selection
  const { suite, sections, tests, ...rest } = selection
  return { ...rest, sections: upgradeSections(sections, suite), tests: withSuite(tests, suite) }
}

/** Each item with the suite it is of, unless it says so itself. */
export function withSuite(items: unknown, suite: unknown): unknown {
  return mapList(items, (item: JsonObject) => ({ suite, ...item }))
}
