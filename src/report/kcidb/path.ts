/** A level of a KCIDB path; a dot separates levels, all else that it does not allow becomes `_` (as kernelci-pipeline does). */
const NOT_IN_PATH = /[^a-zA-Z0-9_-]+/g

/**
 * Where a test stands in KCIDB's tree of all tests: the suite, then the name's parts, so that `generic/001` of fstests is
 * `xfstests.generic.001`, as others write it, and `mount:run_nosymfollow.sh` of kselftest `kselftest.mount.run_nosymfollow_sh`.
 */
export function pathOf(suite: string, name: string): string {
  const levels = name.split(/[/:]/).map(levelOf)
  return [SUITES[suite] ?? levelOf(suite), ...levels].filter((level) => level !== '').join('.')
}

/** One level of a path: a dot would begin another. */
export function levelOf(text: string): string {
  return text.replace(NOT_IN_PATH, '_')
}

/** Suites that others know by another name (github.com/kernelci/kcidb, tests.yaml). */
const SUITES: Readonly<Record<string, string>> = { fstests: 'xfstests' }
