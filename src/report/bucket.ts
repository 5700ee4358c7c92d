/**
 * Where a reader finds a test: every planned test has exactly one place.
 * `new`: a failure the baseline does not have, or any failure where there is no baseline.
 * `known`: a failure the baseline has too. `flaky`: failed, then passed. `xfail`: failed as expected.
 * `stale`: passed although a failure was expected.
 */
export type Place = 'new' | 'known' | 'flaky' | 'xfail' | 'stale' | 'pass' | 'notrun' | 'expunged' | 'notreached'

export const PLACES: readonly Place[] = ['new', 'known', 'flaky', 'xfail', 'stale', 'notreached', 'notrun', 'expunged', 'pass']
