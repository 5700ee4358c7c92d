import { isObject, type JsonObject } from './json.js'

/** The first version's disks had fstests' roles, of which only `pool` could stand twice. */
const SETTINGS = ['fstyp', 'mkfsOptions', 'mountOptions', 'proof'] as const

/** A section of version 1, all of which were fstests': what is the suite's own moves into `settings`. */
export function upgradeSection(section: JsonObject, suite: unknown): JsonObject {
  const shared = Object.entries(section).filter(([name]) => !(SETTINGS as readonly string[]).includes(name))
  // Where they were left out, they had these defaults.
  const defaults: JsonObject = { fstyp: undefined, mkfsOptions: '', mountOptions: '' }
  const settings = { ...defaults, ...Object.fromEntries(SETTINGS.flatMap((name) => (name in section ? [[name, section[name]]] : []))) }
  return { suite, ...Object.fromEntries(shared), settings }
}

/** Sections of a list that has none of version 1 are left as they are. */
export function upgradeSections(sections: unknown, suite: unknown): unknown {
  if (!Array.isArray(sections)) return sections
  return sections.map((section: unknown) => (isObject(section) ? upgradeSection(section, suite) : section))
}
