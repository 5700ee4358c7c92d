import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { gatherEvidence, readFstestsResults } from '../../src/suites/fstests/index.js'
import { applyDamage, damages, loadTree, type Tree } from './damage.js'
import { damagedTrees, loadVerdictTrees, whatDamagePromoted } from './damaged-verdicts.js'
import { treeFiles } from './tree-files.js'

const here = import.meta.dirname ?? __dirname
const realTrees = join(here, '../../../shared/fstests-results')
const directories = [
  ...readdirSync(join(here, 'cases')).map((name) => join(here, 'cases', name)),
  ...(existsSync(realTrees) ? ['xfs-mixed', 'xfs-smoke'].map((name) => join(realTrees, name)) : []),
]

interface Read {
  /** Tests all of whose attempts passed: what a record would call a pass. */
  readonly passed: ReadonlySet<string>
  /** Tests no source of which says pass: to call one a pass, a reader would have to make it up. */
  readonly neverPassed: ReadonlySet<string>
}

async function read(tree: Tree): Promise<Read> {
  const { verdicts, disagreements } = readFstestsResults(await gatherEvidence(treeFiles(tree), 'x'))
  const disputed = new Set(disagreements.map((one) => `${one.section} ${one.test}`))
  const names = (list: typeof verdicts) => list.map((verdict) => `${verdict.section ?? ''} ${verdict.name}`)
  const never = verdicts.filter((verdict) => verdict.attempts.every((attempt) => attempt.status !== 'pass'))
  return {
    passed: new Set(names(verdicts.filter((verdict) => verdict.attempts.every((attempt) => attempt.status === 'pass')))),
    neverPassed: new Set(names(never).filter((name) => !disputed.has(name))),
  }
}

describe('damaged results', () => {
  const runs = Number(process.env.DAMAGE_RUNS ?? 1000)
  test(`${runs} damaged variants: never a crash, never a test promoted to pass`, async () => {
    const trees = await Promise.all(
      directories.map(async (directory) => {
        const tree = loadTree(directory)
        // fast-check prints a counterexample whole: show the directory only.
        return { directory, tree: () => tree, neverPassed: (await read(tree)).neverPassed }
      }),
    )
    expect(trees.reduce((sum, tree) => sum + tree.neverPassed.size, 0)).toBeGreaterThan(20)
    // One seed, so that a red run can be repeated; DAMAGE_SEED explores.
    const seed = Number(process.env.DAMAGE_SEED ?? 20261124)
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...trees), damages, async ({ tree, neverPassed }, list) => {
        const promoted = [...(await read(applyDamage(tree(), list))).passed].filter((name) => neverPassed.has(name))
        expect(promoted).toEqual([])
      }),
      { numRuns: runs, seed },
    )
  }, 300_000)
})

describe('damaged results in one place', () => {
  const runs = Number(process.env.DAMAGE_RUNS ?? 600)
  test(`${runs} damaged variants: no test and no exit status is better than of the whole tree`, async () => {
    const trees = await loadVerdictTrees(join(here, '../..'))
    expect(trees.filter(({ verdict }) => verdict.exit !== 0).length).toBeGreaterThan(5)
    await fc.assert(
      fc.asyncProperty(damagedTrees, async ({ index, damage }) => {
        const tree = trees[index % trees.length]
        expect(tree === undefined ? ['no tree'] : await whatDamagePromoted(tree, [damage])).toEqual([])
      }),
      { numRuns: runs, seed: Number(process.env.DAMAGE_SEED ?? 20261130) },
    )
  }, 300_000)
})
