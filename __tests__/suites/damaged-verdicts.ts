import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import type { TestStatus } from '../../src/domain/test.js'
import { testKey } from '../../src/domain/test-key.js'
import { exitCode, isWorse } from '../../src/domain/verdict.js'
import { readResultsDirectory } from '../../src/results/index.js'
import { applyDamage, type Damage, damages, loadTree, type Tree } from './damage.js'
import { treeFiles } from './tree-files.js'

/** A results tree, and what `vmtest report` makes of it. */
export interface VerdictTree {
  readonly directory: string
  readonly tree: () => Tree
  readonly verdict: TreeVerdict
}

interface TreeVerdict {
  readonly exit: number
  readonly statuses: ReadonlyMap<string, TestStatus>
  /** Tests on which sources disagree: whoever takes away the one that speaks against a test takes away all that does. */
  readonly disputed: ReadonlySet<string>
}

async function verdictOf(tree: Tree): Promise<TreeVerdict> {
  try {
    const record = await readResultsDirectory(treeFiles(tree), 'x', { toolVersion: '0', now: '2026-11-30T00:00:00.000Z' })
    const disputed = record.disagreements.map(({ suite, section, test }) => testKey({ suite, section, name: test }))
    return {
      exit: exitCode(record.conclusion, 'any'),
      statuses: new Map(record.tests.map((test) => [testKey(test), test.status])),
      disputed: new Set(disputed),
    }
  } catch {
    // Nothing is left that could be read: refused, and not green.
    return { exit: 2, statuses: new Map(), disputed: new Set() }
  }
}

/** The project's own trees, and the real ones beside the checkout where they are. @param root the project's directory */
export async function loadVerdictTrees(root: string): Promise<readonly VerdictTree[]> {
  const own = join(root, '__tests__/suites/cases')
  const real = join(root, '../shared/fstests-results')
  const directories = [
    ...readdirSync(own).map((name) => join(own, name)),
    ...(existsSync(real) ? ['xfs-mixed', 'xfs-smoke'].map((name) => join(real, name)) : []),
  ]
  return Promise.all(
    directories.map(async (directory) => {
      const tree = loadTree(directory)
      return { directory, tree: () => tree, verdict: await verdictOf(tree) }
    }),
  )
}

export const damagedTrees = fc.record({ index: fc.nat(1000), damage: damages.map(([first]) => first as Damage) })

/**
 * What is better of a damaged tree than of the whole one: a test, or an exit status of 0 that was none. That a test is gone is nothing of
 * the kind, as long as the conclusion does not turn.
 */
export async function whatDamagePromoted({ tree, verdict }: VerdictTree, list: readonly Damage[]): Promise<readonly string[]> {
  const damaged = await verdictOf(applyDamage(tree(), list))
  const promoted = [...damaged.statuses].flatMap(([key, status]) => {
    const before = verdict.statuses.get(key)
    return before !== undefined && !verdict.disputed.has(key) && isWorse(before, status) && status === 'pass'
      ? [`${key}: ${before} became ${status}`]
      : []
  })
  // A word that only one source has, such as `Interrupted!`, is gone with it; a failure is in several.
  return verdict.exit === 1 && verdict.disputed.size === 0 && damaged.exit === 0 ? [...promoted, `exit ${verdict.exit} became 0`] : promoted
}
