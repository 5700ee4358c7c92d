import type { ExtraTest } from '../lab/vm-lab.js'

/** Fails where the bundle has the bug. */
const withBug = (name: string, bug: string): ExtraTest => ({
  name,
  script: `if planted ${bug}; then echo broken; else echo works; fi`,
  output: 'works',
})

/** Tests whose verdicts depend on the bundle they run in. */
export const PLANTED: readonly ExtraTest[] = [
  // Takes longest, so that it comes first also where times are known: a test alone in a fresh guest does not see its mark.
  { name: 'selftest/910', script: 'sleep 4\n: >/run/was-here\necho works', output: 'works' },
  withBug('selftest/911', 'regression'),
  {
    name: 'selftest/912',
    script: 'if planted leftover && [[ -e /run/was-here ]]; then echo broken; else echo works; fi',
    output: 'works',
  },
  withBug('selftest/913', 'old'),
  { name: 'selftest/914', script: 'planted no-ioctl && _notrun "the kernel has no such ioctl"\necho works', output: 'works' },
  withBug('selftest/915', 'expected'),
  withBug('selftest/916', 'shared'),
  withBug('selftest/917', 'shared'),
]

/** A test the base branch's run leaves out, although it would fail there too. */
export const NOT_ON_BASE = 'selftest/917'

export const BASE_BUGS = ['old', 'expected', 'shared']
/** What the change under test does to the base: 913 is fixed, 915 passes against its expectation, 911, 912 and 914 are worse. */
export const HEAD_BUGS = ['regression', 'leftover', 'no-ioctl', 'shared']
/** The same without what must turn the step red. */
export const HARMLESS_BUGS = HEAD_BUGS.filter((bug) => bug !== 'regression')

export const EXPECTATIONS = 'xfail selftest/915 -- the kernel is known to be wrong here\n'
