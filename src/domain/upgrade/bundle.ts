import { isFirstVersion, isObject } from './json.js'
import { upgradeSection } from './section.js'

/** `vmtest.json` of version 1: every suite of it ran every section. Anything else is given back as it is. */
export function upgradeBundle(bundle: unknown): unknown {
  if (!isFirstVersion(bundle) || !Array.isArray(bundle.suites) || !Array.isArray(bundle.sections)) return bundle
  const { suites, sections }: { suites?: unknown[]; sections?: unknown[] } = bundle
  const names = suites.flatMap((suite) => (isObject(suite) ? [suite.name] : []))
  const own = names.flatMap((name) => sections.map((section) => (isObject(section) ? upgradeSection(section, name) : section)))
  return { ...bundle, version: 2, sections: own }
}
