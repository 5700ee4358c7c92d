import type { TestName } from '../../domain/test.js'

/** Source of a regular expression for a whole name: a directory below tests/ and three digits (`_found_group` of check finds no other). */
export const TEST_NAME_SOURCE = String.raw`[a-z][a-z0-9_-]*/\d{3}`

const WHOLE = new RegExp(`^${TEST_NAME_SOURCE}$`)

/** True for `GROUP/NNN`. */
export function isBlktestsName(text: string): boolean {
  return WHOLE.test(text)
}

/** The directory of a name: `loop` of `loop/001`. */
export function groupOf(name: TestName): string {
  return name.slice(0, Math.max(0, name.indexOf('/')))
}
