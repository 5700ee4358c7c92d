import { UserError } from '../domain/errors.js'
import type { SuiteName } from '../domain/test.js'
import { blktests } from './blktests/index.js'
import { fstests } from './fstests/index.js'
import { kselftest } from './kselftest/index.js'
import { kunit } from './kunit/index.js'
import { ltp } from './ltp/index.js'
import { scripts } from './scripts/index.js'
import { smoke } from './smoke/index.js'
import type { Suite } from './suite.js'

export {
  type BatchDoubt,
  type BatchEvidence,
  type Drive,
  EACH_MARKER,
  type EachDrive,
  type ExitWord,
  type ForeignResults,
  type JudgedAttempt,
  type JudgedBatch,
  type JudgedTest,
  type NamedSections,
  type ProgressParser,
  type RunnerDrive,
  type Suite,
  type SuiteCommand,
  type SuiteNeeds,
  type SuiteProgress,
  type SuiteScale,
  type SuiteTree,
  type TestText,
  type TreeReader,
} from './suite.js'

/** Every suite by name: adding a suite is adding it here. */
export const suites: Readonly<Record<SuiteName, Suite>> = { fstests, smoke, kselftest, scripts, blktests, ltp, kunit }

/** @throws UserError naming the suites there are */
export function suiteOf(name: SuiteName): Suite {
  const suite = Object.hasOwn(suites, name) ? suites[name] : undefined
  if (suite !== undefined) return suite
  throw new UserError(`There is no suite \`${name}\`.`, `The suites are: ${Object.keys(suites).join(', ')}.`)
}

/**
 * The fragments of nix/kconfig that suites bring to a kernel built from a tree, and whether the tests of all of them are in the kernel: such a kernel
 * is small, as it needs nothing for tests outside it.
 */
export function kernelPartsOf(names: readonly SuiteName[]): {
  readonly tests: 'outside' | 'kernel'
  readonly fragments: readonly string[]
} {
  const parts = names.map((name) => suiteOf(name).ofKernel)
  return {
    tests: parts.length > 0 && parts.every((part) => part !== undefined) ? 'kernel' : 'outside',
    fragments: [...new Set(parts.flatMap((part) => part?.fragments ?? []))],
  }
}

/** The suites that an input gives a tree of, or targets to build from the kernel's: what runs where no suite was asked for. */
export function suitesGiven(inputs: {
  readonly trees: Readonly<Record<SuiteName, string>>
  readonly kselftestTargets: readonly string[]
}): SuiteName[] {
  return [...new Set([...Object.keys(inputs.trees), ...(inputs.kselftestTargets.length > 0 ? [kselftest.name] : [])])]
}

/** The suite that runs where none was asked for and no tree is given: what the bundle can be counted on to have. */
export function usualSuite(bundle: 'flake' | 'path' | 'offline'): SuiteName {
  return bundle === 'offline' ? smoke.name : fstests.name
}

/** Names of projects, where a suite's revision has one of these among a bundle's revisions. */
const PROJECTS: Readonly<Record<SuiteName, string>> = { fstests: 'xfstests' }

/** Under what name a suite's revision stands among a bundle's. */
export function revisionName(suite: SuiteName): string {
  return PROJECTS[suite] ?? suite
}
