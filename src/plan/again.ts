import { UserError } from '../domain/errors.js'
import type { Inputs } from '../domain/inputs.js'
import type { Plan } from '../domain/plan.js'
import type { RunRecord } from '../domain/record.js'
import type { TestId } from '../domain/test.js'
import { countingReports, isUnsettled } from '../domain/verdict.js'
import { treeFragment } from './kernel-tree.js'

/** What is needed of a record to run it again. */
export type Rerunnable = Pick<RunRecord, 'plan' | 'tests'> & Partial<Pick<RunRecord, 'unattributedReports'>>

/**
 * The inputs that run again what failed: the record's own, with its paths, and of its tests those that failed, crashed, timed out
 * or were never reached; of a section that a kernel report under no test failed, all. A run that ended before any test was chosen (the kernel did not build) is run again as it was asked for.
 * @param defaults the inputs of a command without any
 * @throws UserError where nothing is left to run
 */
export function inputsAgain(record: Rerunnable, defaults: Inputs): Inputs {
  const inputs: Inputs = { ...defaults, ...inputsOfPlan(record.plan) }
  if (record.tests.length === 0) return inputs
  const reported = new Set(countingReports({ unattributedReports: [], ...record }).map(({ section }) => section))
  const isAgain = (test: RunRecord['tests'][number]) => isUnsettled(test) || (reported.has(test.section) && test.status !== 'expunged')
  const only = record.tests.filter(isAgain).map(({ suite, section, name }): TestId => ({ suite, section, name }))
  if (only.length === 0) {
    throw new UserError(
      `Nothing is left to run again: ${record.tests.length === 1 ? 'the one test of that run did not fail' : `none of the ${record.tests.length} tests of that run failed`}.`,
      'Name a run with failures by `--run DIRECTORY`, or run tests with `vmtest run`.',
    )
  }
  const { suites: planned } = record.plan
  const suites = planned.length < 2 ? planned : planned.filter((name) => only.some(({ suite }) => suite === name))
  // Two suites may have a section or a test of one name.
  const bound = (suite: string, word: string) => (suites.length > 1 ? `${suite}:${word}` : word)
  const names = (of: (test: TestId) => string) => [...new Set(only.map((test) => bound(test.suite, of(test))))]
  return {
    ...inputs,
    suites,
    trees: Object.fromEntries(Object.entries(inputs.trees).filter(([name]) => suites.includes(name))),
    selection: {
      ...inputs.selection,
      sections: names(({ section }) => section),
      tests: names(({ name }) => name),
      groups: [],
      only,
    },
  }
}

/** What a run does not take over from the one before: who asks, where its results go, and what only a workflow has. */
type OwnToEachRun =
  | 'face'
  | 'outputDirectory'
  | 'cache'
  | 'cacheWrites'
  | 'retentionDays'
  | 'upload'
  | 'artifactName'
  | 'nix'
  | 'acceptFailures'
  | 'matrix'
  // What failed is named by test: it is one run again.
  | 'shard'
  | 'shardPlan'

/**
 * What was asked for, from what was decided: the same plan comes of it. Its type holds it to the inputs: a new one is named here or
 * among those each run has of its own.
 */
function inputsOfPlan(plan: Plan): Omit<Inputs, OwnToEachRun> {
  const { kernel, kernelTree } = plan
  const { image, modules, vmlinux, config } = kernel ?? { image: '' }
  return {
    bundle: plan.bundle,
    kernel: kernel === null ? null : { image, ...(modules && { modules }), ...(vmlinux && { vmlinux }), ...(config && { config }) },
    kernelTree: kernelTree === undefined ? { kind: 'none' } : { kind: 'tree', directory: kernelTree.directory },
    kernelConfig: kernelTree?.config ?? config ?? null,
    // What is kept beside the tree is found there again, as it is now.
    kconfig: kernelTree?.kconfig.filter((one) => one !== treeFragment(kernelTree.directory)) ?? [],
    trees: plan.trees,
    kselftestTargets: plan.kselftestTargets ?? [],
    suites: plan.suites,
    localConfig: plan.localConfig,
    selection: plan.selection,
    accelerator: plan.accelerator,
    vms: plan.vms,
    memoryMiB: plan.memoryMiB,
    diskSizeMiB: plan.diskSizeMiB ?? 'auto',
    cpusPerVm: plan.cpusPerVm,
    timeoutMinutes: plan.timeoutMinutes,
    testTimeoutSeconds: plan.testTimeoutSeconds,
    rerunFailed: plan.rerunFailed,
    failOn: plan.failOn,
    lostTests: plan.lostTests ?? 'fail',
    baseline: plan.baseline,
    abProof: plan.abProof ?? false,
    baseBundle: plan.baseBundle ?? null,
    emulationTuning: plan.emulationTuning,
    keep: plan.keep,
    dumpWhen: plan.dumpWhen ?? (plan.dump === true ? 'always' : 'never'),
    dumpArtifact: plan.dumpArtifact ?? plan.dump ?? false,
    coverage: plan.coverage ?? null,
    // Which tests are run again is named.
    changedTests: null,
    keepGoing: plan.keepGoing ?? false,
  }
}
