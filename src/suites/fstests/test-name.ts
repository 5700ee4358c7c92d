import type { TestName } from '../../domain/test.js'

/**
 * A test's name within its directory: three digits, then anything of letters, digits and hyphens.
 * Source: `VALID_TEST_NAME` in fstests' common/test_names.
 */
const idPattern = /^\d{3}-?[A-Za-z0-9-]*$/

/** Source of a regular expression for a whole name, for example `generic/001` or `btrfs/050-name`. */
export const testNameSource = String.raw`[A-Za-z0-9_][A-Za-z0-9_.-]*/\d{3}-?[A-Za-z0-9-]*`

const wholePattern = new RegExp(`^${testNameSource}$`)

/** True for the last part of a name (`001`), as against `001.out` or `Makefile`. */
export function isTestId(text: string): boolean {
  return idPattern.test(text)
}

/** True for a whole name (`generic/001`). */
export function isTestName(text: string): boolean {
  return wholePattern.test(text)
}

/** The directory of a name: `generic` of `generic/001`. */
export function testDirectory(name: TestName): string {
  return name.slice(0, Math.max(0, name.indexOf('/')))
}

/**
 * The order fstests runs tests in: `sort -n` on `tests/generic/001` falls back to comparing bytes, so `generic/1000` comes before
 * `generic/101` (`_prepare_test_list` in check).
 */
export function compareTestNames(left: TestName, right: TestName): number {
  return left < right ? -1 : left > right ? 1 : 0
}
