import { describe, expect, it } from '@jest/globals'
import { globMatcher, isGlob } from '../../src/plan/glob.js'

describe('shell patterns', () => {
  it.each([
    ['xfs/00?', ['xfs/001', 'xfs/00a'], ['xfs/01', 'xfs/0012', 'ext4/001', 'xfs/00/']],
    ['*fs/001', ['xfs/001', 'btrfs/001'], ['xfs/x/001', 'fs']],
    ['generic/[0-3]*', ['generic/001', 'generic/3'], ['generic/401', 'generic/']],
    ['generic/[!0-3]*', ['generic/401'], ['generic/001']],
    ['generic/[^0-3]*', ['generic/401'], ['generic/001']],
    ['a[]b]c', ['a]c', 'abc'], ['a[c']],
    ['a[b', ['a[b'], ['ab']],
    ['a[9-0]', [], ['a9', 'a5', 'a0']],
    ['a.c', ['a.c'], ['abc']],
    ['*a*b*', ['ab', 'xaybz', 'aab'], ['ba', 'a/b']],
    ['**', ['', 'abc'], ['a/b']],
  ])('%s', (pattern, fitting, others) => {
    const matches = globMatcher(pattern)
    expect(fitting.filter((text) => !matches(text))).toEqual([])
    expect(others.filter(matches)).toEqual([])
  })

  it('twenty thousand stars are one', () => {
    const started = process.cpuUsage()
    expect(globMatcher(`generic/${'*'.repeat(20_000)}`)('generic/001')).toBe(true)
    expect(globMatcher(`generic/${'*1'.repeat(10_000)}`)(`generic/${'1'.repeat(5000)}`)).toBe(false)
    expect(globMatcher('[a'.repeat(20_000))('x')).toBe(false)
    const { user, system } = process.cpuUsage(started)
    expect(user + system).toBeLessThan(2_000_000)
  })

  it('a word without pattern characters is none', () => {
    expect(['generic/001', '*', 'a?', '[a]'].map(isGlob)).toEqual([false, true, true, true])
  })
})
