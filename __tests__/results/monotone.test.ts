import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { runs, whatBecameBetter, worsen, worsenings } from './monotone.js'

describe('the verdict is monotone', () => {
  const count = Number(process.env.MONOTONE_RUNS ?? 1000)
  test(`${count} runs: bad evidence more, or good evidence less, makes no test and no conclusion better`, () => {
    fc.assert(
      fc.property(runs, fc.array(worsenings, { minLength: 1, maxLength: 3 }), fc.option(runs), (before, changes, base) => {
        expect(whatBecameBetter(before, changes.reduce(worsen, before), base)).toEqual([])
      }),
      { numRuns: count, seed: Number(process.env.MONOTONE_SEED ?? 20261130) },
    )
  }, 300_000)
})
