import { isFirstVersion, isObject, type JsonObject, mapList } from './json.js'
import { upgradePlan, withSuite } from './plan.js'
import { upgradeSection } from './section.js'

/** `run.json` of version 1: one suite for all. Anything else is given back as it is. */
export function upgradeRecord(record: unknown): unknown {
  if (!isFirstVersion(record)) return record
  const suite = isObject(record.plan) ? record.plan.suite : undefined
  return {
    ...record,
    version: 2,
    plan: upgradePlan(record.plan),
    sections: mapList(record.sections, (section) => upgradeSection(section, section.suite)),
    tests: withSuite(record.tests, suite),
    guests: mapList(record.guests, (guest) => ({ ...guest, suite, section: sectionOf(guest, record) })),
    disagreements: withSuite(record.disagreements, suite),
  }
}

/** What a guest of version 1 served shows in its tests; one that came to none counts to the first section. */
function sectionOf(guest: JsonObject, record: JsonObject): unknown {
  const tests = Array.isArray(record.tests) ? record.tests.filter(isObject) : []
  const ran = tests.find(
    ({ attempts }) => Array.isArray(attempts) && attempts.some((attempt) => isObject(attempt) && attempt.guest === guest.id),
  )
  if (ran !== undefined) return ran.section
  const [first]: unknown[] = Array.isArray(record.sections) ? record.sections : []
  return isObject(first) ? first.name : ''
}
