import * as z from 'zod'

/**
 * What became of one planned test. Every planned test starts as `notreached`; anything better is earned.
 * `expunged`: excluded by a list before running. `notrun`: the test declined at run time, with a reason.
 * `crashed`: the kernel or QEMU died under it. `timeout`: the watchdog ended it.
 */
export const testStatusSchema = z.enum(['pass', 'fail', 'notrun', 'expunged', 'crashed', 'timeout', 'notreached'])
export type TestStatus = z.infer<typeof testStatusSchema>

/** A test as fstests names it: directory, slash, number, for example `generic/001`. */
export type TestName = string

/** A test's name and section: what a verdict is about. */
export interface TestId {
  readonly section: string
  readonly name: TestName
}

/** One test a suite offers. `file` is relative to the suite's source tree, `line` 1-based. */
export interface CatalogueTest {
  readonly name: TestName
  readonly groups: readonly string[]
  readonly file: string
  readonly line: number
}

/** Every test of a suite, in the suite's own order. */
export interface Catalogue {
  readonly suite: SuiteName
  readonly tests: readonly CatalogueTest[]
}

export const suiteNameSchema = z.enum(['fstests', 'smoke'])
/** `fstests`: real xfstests. `smoke`: the small built-in suite in the same shape. */
export type SuiteName = z.infer<typeof suiteNameSchema>
