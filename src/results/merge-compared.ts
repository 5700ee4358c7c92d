import type { Compared } from '../domain/compared.js'
import type { Origin } from '../domain/origin.js'
import type { TestId } from '../domain/test.js'
import { testKey } from '../domain/test-key.js'

/** What two records of one run were compared with; null where that is not one and the same, so that every failure counts. */
export function mergeCompared(left: Compared | undefined, right: Compared | undefined): Compared | null {
  if (left === undefined || right === undefined || left.runId !== right.runId) return null
  return {
    ...left,
    noExcuse: left.noExcuse ?? right.noExcuse,
    lost: joined(left.lost, right.lost),
    gone: joined(left.gone, right.gone),
    fixed: joined(left.fixed, right.fixed),
    vanished: joined(left.vanished, right.vanished),
    newlyNotrun: joined(left.newlyNotrun, right.newlyNotrun),
    otherSections: [...new Set([...left.otherSections, ...right.otherSections])],
  }
}

function joined<T extends TestId>(left: readonly T[], right: readonly T[]): T[] {
  const known = new Set(left.map(testKey))
  return [...left, ...right.filter((test) => !known.has(testKey(test)))]
}

/** Where both come from: what is the same in both. */
export function mergeOrigins(left: Origin, right: Origin): Origin {
  const keys = ['commit', 'kernelCommit', 'workflow', 'tested', 'images', 'suiteRevisions'] as const
  return Object.fromEntries(keys.flatMap((key) => (sameValue(left[key], right[key]) ? [[key, left[key]]] : [])))
}

function sameValue(left: unknown, right: unknown): boolean {
  return left !== undefined && JSON.stringify(left) === JSON.stringify(right)
}
