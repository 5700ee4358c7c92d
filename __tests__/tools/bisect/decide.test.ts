import { describe, expect, test } from '@jest/globals'
import { exitCode } from '../../../src/domain/verdict.js'
import { outcomeOfRun, readSearchState } from '../../../src/tools/bisect/decide.js'

describe('a run', () => {
  test.each([
    ['passed', 'good'],
    ['failed', 'bad'],
    ['could-not-test', 'skip'],
    ['build-failed', 'skip'],
    ['cancelled', 'cancelled'],
  ] as const)('that %s is %s', (conclusion, verdict) => {
    expect(outcomeOfRun(exitCode({ kind: conclusion }, 'any')).verdict).toBe(verdict)
  })

  test('that ended in a way nobody knows is skipped', () => {
    expect([2, 137, -1].map((code) => outcomeOfRun(code).verdict)).toEqual(['skip', 'skip', 'skip'])
  })
})

// As git 2.39 prints them.
const hash = '3e3c1fbb6c4ae5d9f4fbe0a3b8a9b1f0a1b2c3d4'
describe('what git bisect prints', () => {
  test.each([
    ['goes on', 0, `Bisecting: 7 revisions left to test after this (roughly 3 steps)\n[${hash}] xfs: a change\n`, '', { kind: 'continue' }],
    ['ends', 0, `${hash} is the first bad commit\ncommit ${hash}\nAuthor: A\n`, '', { kind: 'found', commit: hash }],
    [
      'ends among skipped commits',
      2,
      `There are only 'skip'ped commits left to test.\nThe first bad commit could be any of:\n${hash}\n${hash.replace('3', '4')}\nWe cannot bisect more!\n`,
      '',
      { kind: 'inconclusive', commits: [hash, hash.replace('3', '4')] },
    ],
    [
      'refuses',
      1,
      '',
      'Some good revs are not ancestors of the bad rev.\n',
      { kind: 'refused', reason: 'Some good revs are not ancestors of the bad rev.' },
    ],
    ['dies without a word', 128, '', '', { kind: 'refused', reason: 'git bisect ended with exit code 128' }],
  ])('%s', (_what, code, stdout, stderr, state) => {
    expect(readSearchState({ exitCode: code, stdout, stderr })).toEqual(state)
  })

  test('is no verdict where a subject only looks like one', () => {
    const stdout = `Bisecting: 3 revisions left to test after this\n[${hash}] say that ${hash} is the first bad commit\n`
    expect(readSearchState({ exitCode: 0, stdout, stderr: '' })).toEqual({ kind: 'continue' })
  })
})
