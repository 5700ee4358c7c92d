import fc from 'fast-check'
import { countings, runs, whatBecameBetter, whatDidNotCount, worsen, worsenings } from '../../__tests__/results/monotone.js'
import { damagedTrees, loadVerdictTrees, whatDamagePromoted } from '../../__tests__/suites/damaged-verdicts.js'
import { mustHold, type Target } from '../target.js'

/** Inputs are no text here: each is a seed of what is made. */
function seedOf(input: Uint8Array): number {
  let seed = 0x811c9dc5
  for (const byte of input) seed = Math.imul(seed ^ byte, 0x01000193)
  return seed | 0
}

const changes = fc.array(worsenings, { minLength: 1, maxLength: 3 })
const recordChanges = fc.tuple(runs, changes, fc.option(runs), countings)

/** Records of generated evidence: what makes a run worse makes no test and no conclusion better, and what must count does. A hundred for each input. */
export const verdictRecords: Target = {
  name: 'verdict-records',
  words: ['a', 'b'],
  run(input) {
    for (const [before, made, base, counting] of fc.sample(recordChanges, { numRuns: 100, seed: seedOf(input) })) {
      const better = whatBecameBetter(before, made.reduce(worsen, before), base)
      mustHold(better.length === 0, `${better.join('; ')}: ${JSON.stringify([before, made, base])}`)
      const uncounted = whatDidNotCount(before, counting)
      mustHold(uncounted.length === 0, `${uncounted.join('; ')}: ${JSON.stringify([before, counting])}`)
    }
  },
}

let trees: ReturnType<typeof loadVerdictTrees> | null = null

/** Real results trees, damaged in one place: no test and no conclusion is better than of the whole tree. */
export const verdictTrees: Target = {
  name: 'verdict-trees',
  words: ['a', 'b'],
  async run(input) {
    trees ??= loadVerdictTrees(process.cwd())
    const seed = seedOf(input)
    for (const { index, damage } of fc.sample(damagedTrees, { numRuns: 2, seed })) {
      const all = await trees
      const tree = all[index % all.length]
      mustHold(tree !== undefined, 'there are trees')
      const promoted = await whatDamagePromoted(tree, [damage])
      mustHold(promoted.length === 0, `${tree.directory}: ${promoted.join('; ')}: ${JSON.stringify(damage)}`)
    }
  },
}
