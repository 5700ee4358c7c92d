import { UserError } from '../domain/errors.js'
import type { Inputs } from '../domain/inputs.js'
import type { Plan } from '../domain/plan.js'
import type { RunRecord } from '../domain/record.js'
import { isFailure, type TestId } from '../domain/test.js'
import { treeFragment } from './kernel-tree.js'

/**
 * The inputs that run again what failed: the record's own, with its paths, and of its tests those that failed, crashed, timed out
 * or were never reached. A run that ended before any test was chosen (the kernel did not build) is run again as it was asked for.
 * @param defaults the inputs of a command without any
 * @throws UserError where nothing is left to run
 */
export function inputsAgain(record: Pick<RunRecord, 'plan' | 'tests'>, defaults: Inputs): Inputs {
  const inputs: Inputs = { ...defaults, ...inputsOfPlan(record.plan) }
  if (record.tests.length === 0) return inputs
  const only = record.tests.filter(isUnsettled).map(({ section, name }): TestId => ({ section, name }))
  if (only.length === 0) {
    throw new UserError(
      `Nothing is left to run again: ${record.tests.length === 1 ? 'the one test of that run did not fail' : `none of the ${record.tests.length} tests of that run failed`}.`,
      'Name a run with failures by `--run DIRECTORY`, or run tests with `vmtest run`.',
    )
  }
  const names = (of: (test: TestId) => string) => [...new Set(only.map(of))]
  return {
    ...inputs,
    selection: {
      ...inputs.selection,
      sections: names(({ section }) => section),
      tests: names(({ name }) => name),
      groups: [],
      only,
    },
  }
}

function isUnsettled(test: RunRecord['tests'][number]): boolean {
  if (test.status === 'notreached') return true
  return isFailure(test.status) && !(test.status === 'fail' && test.expectedFailure !== null)
}

/** What was asked for, from what was decided: the same plan comes of it. Results go to a new directory. */
function inputsOfPlan(plan: Plan): Partial<Inputs> {
  const { kernel, kernelTree } = plan
  const { image, modules, vmlinux, config } = kernel ?? { image: '' }
  return {
    bundle: plan.bundle,
    kernel: kernel === null ? null : { image, ...(modules && { modules }), ...(vmlinux && { vmlinux }), ...(config && { config }) },
    kernelTree: kernelTree === undefined ? { kind: 'none' } : { kind: 'tree', directory: kernelTree.directory },
    kernelConfig: kernelTree?.config ?? config ?? null,
    // What is kept beside the tree is found there again, as it is now.
    kconfig: kernelTree?.kconfig.filter((one) => one !== treeFragment(kernelTree.directory)) ?? [],
    fstests: plan.fstests,
    suite: plan.suite,
    localConfig: plan.localConfig,
    selection: plan.selection,
    accelerator: plan.accelerator,
    vms: plan.vms,
    memoryMiB: plan.memoryMiB,
    cpusPerVm: plan.cpusPerVm,
    timeoutMinutes: plan.timeoutMinutes,
    testTimeoutSeconds: plan.testTimeoutSeconds,
    rerunFailed: plan.rerunFailed,
    failOn: plan.failOn,
    baseline: plan.baseline,
    emulationTuning: plan.emulationTuning,
    keep: plan.keep,
    dump: plan.dump ?? false,
  }
}
