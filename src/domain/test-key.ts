import type { SectionId, SuiteName, TestId } from './test.js'

/** What a verdict is kept under: a test in a section of a suite. No two tests share it, whatever their names hold. */
export function testKey({ suite, section, name }: TestId): string {
  return `[${quoted(suite)},${quoted(section)},${quoted(name)}]`
}

/** What is kept of a section as a whole is kept under this. */
export function sectionKey({ suite, section }: SectionId): string {
  return `[${quoted(suite)},${quoted(section)}]`
}

/** What needs no escape in JSON: nearly every name. Keys are made for every test many times over. */
const PLAIN = /^[\w /.:+-]*$/

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text)
}

/** The tests whose keys are among those of `chosen`, in their own order. */
export function onlyThese<T extends TestId>(tests: readonly T[], chosen: readonly TestId[]): T[] {
  const keys = new Set(chosen.map(testKey))
  return tests.filter((test) => keys.has(testKey(test)))
}

/** A section's name for a reader: with its suite before it where the run has several. */
export function sectionName(id: SectionId, { plan }: { readonly plan: { readonly suites: readonly SuiteName[] } }): string {
  return plan.suites.length > 1 ? `${id.suite}.${id.section}` : id.section
}
