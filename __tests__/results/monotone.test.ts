import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { countings, runs, whatBecameBetter, whatDidNotCount, worsen, worsenings } from './monotone.js'

const count = Number(process.env.MONOTONE_RUNS ?? 1000)
const options = { numRuns: count, seed: Number(process.env.MONOTONE_SEED ?? 20261130) }

describe('the verdict is monotone', () => {
  test(`${count} runs: bad evidence more, or good evidence less, makes no test and no conclusion better`, () => {
    fc.assert(
      fc.property(runs, fc.array(worsenings, { minLength: 1, maxLength: 3 }), fc.option(runs), (before, changes, base) => {
        expect(whatBecameBetter(before, changes.reduce(worsen, before), base)).toEqual([])
      }),
      options,
    )
  }, 300_000)
})

test('whatever else is there, a failure with nothing behind it counts, and so does a report that ended the kernel', () => {
  fc.assert(
    fc.property(runs, countings, (run, counting) => {
      expect(whatDidNotCount(run, counting)).toEqual([])
    }),
    options,
  )
}, 300_000)
