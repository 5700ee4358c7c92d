import { describe, expect, it } from '@jest/globals'
import { isProvoked as isProvokedBy } from '../../src/crash/index.js'
import type { KernelReport, KernelReportKind } from '../../src/domain/kernel-report.js'
import { fstests } from '../../src/suites/fstests/index.js'
import { numbered } from '../../src/suites/fstests/provocations.js'

const isProvoked = (given: Pick<KernelReport, 'kind' | 'title' | 'test'>, provocations = fstests.provocations) =>
  isProvokedBy(given, provocations)
const report = (test: string | null, kind: KernelReportKind, title = 'x') => ({ test, kind, title })

describe('provoked reports', () => {
  it('a shutdown is provoked by the test that shuts down, and by no other', () => {
    expect(isProvoked(report('generic/050', 'fs-shutdown', 'XFS user initiated shutdown'))).toBe(true)
    expect(isProvoked(report('generic/001', 'fs-shutdown', 'XFS user initiated shutdown'))).toBe(false)
    expect(isProvoked(report(null, 'fs-shutdown'))).toBe(false)
  })

  it('no test provokes memory errors, deadlocks or hangs', () => {
    const never: readonly KernelReportKind[] = [
      'kasan',
      'kfence',
      'kcsan',
      'kmsan',
      'lockdep',
      'hung-task',
      'soft-lockup',
      'list-corruption',
      'refcount',
      'oops',
    ]
    expect(fstests.provocations.flatMap(({ kinds }) => kinds).filter((kind) => never.includes(kind))).toEqual([])
  })

  it('the crash that the harness asks for is provoked, another panic under the same test is not', () => {
    expect(isProvoked(report('selftest/005', 'panic', 'kernel panic: sysrq triggered crash'))).toBe(true)
    expect(isProvoked(report('selftest/005', 'panic', 'kernel panic: Fatal exception'))).toBe(false)
  })

  it('ranges name their ends and what lies between, and tests of another directory are others', () => {
    const provocations = [numbered({ tests: { xfs: '42-44 50' }, kinds: ['fs-shutdown'], why: 'a reason' })]
    const provoked = (test: string) => isProvoked(report(test, 'fs-shutdown'), provocations)
    expect(['xfs/042', 'xfs/043', 'xfs/044', 'xfs/050'].map(provoked)).toEqual([true, true, true, true])
    expect(['xfs/041', 'xfs/045', 'xfs/005', 'generic/042', 'xfs', ''].map(provoked)).toEqual([false, false, false, false, false, false])
  })

  it('every entry says why', () => {
    for (const { why, kinds } of fstests.provocations) expect([why.length > 10, kinds.length > 0]).toEqual([true, true])
  })
})
