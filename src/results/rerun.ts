import type { TestRecord } from '../domain/record.js'
import type { TestId } from '../domain/test.js'
import { isWorthAnotherAttempt } from '../domain/verdict.js'

/** How much running again may cost. */
export interface RerunPolicy {
  /** Beyond this many failures the change is broken, not flaky: none is run again. */
  readonly mostTests: number
  /** What the first attempts took, added up, at most; null: no limit. Tests over it are left out, shortest kept. */
  readonly budgetSeconds: number | null
}

export const defaultRerunPolicy: RerunPolicy = { mostTests: 50, budgetSeconds: null }

/** Assumed for a test whose first attempt left no time. */
const unknownSeconds = 60

/**
 * The failed tests worth running again in a fresh VM, in the record's order: those that never passed and were not expected to fail.
 * The attempts that follow are further attempts of the same test; the worst verdict stands.
 */
export function testsToRerun(
  record: { readonly tests: readonly TestRecord[] },
  policy: RerunPolicy = defaultRerunPolicy,
): readonly TestId[] {
  const failed = record.tests.filter(isWorthAnotherAttempt)
  if (failed.length > policy.mostTests) return []
  const chosen = withinBudget(failed, policy.budgetSeconds)
  return failed.filter((test) => chosen.has(test)).map(({ suite, section, name }) => ({ suite, section, name }))
}

function withinBudget(tests: readonly TestRecord[], budgetSeconds: number | null): ReadonlySet<TestRecord> {
  if (budgetSeconds === null) return new Set(tests)
  const chosen = new Set<TestRecord>()
  let spent = 0
  for (const test of [...tests].sort((left, right) => costSeconds(left) - costSeconds(right))) {
    spent += costSeconds(test)
    if (spent > budgetSeconds) break
    chosen.add(test)
  }
  return chosen
}

function costSeconds(test: TestRecord): number {
  const last = test.attempts.at(-1)
  if (last?.exit?.kind === 'timeout') return last.exit.afterSeconds
  return last?.durationSeconds ?? unknownSeconds
}
