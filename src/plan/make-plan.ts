import { isAbsolute, join } from 'node:path'
import type { BundleSource, Inputs } from '../domain/inputs.js'
import { PLAN_VERSION, type Plan } from '../domain/plan.js'
import { suitesGiven, usualSuite } from '../suites/index.js'
import { comparableKey, comparableWords, type JobFacts } from './comparable.js'
import { chooseKernelTree, kernelTreeWords } from './kernel-tree.js'
import { ownFlakeReference } from './own-flake.js'
import { reproduceCommand } from './reproduce.js'

/** What the plan has to know of the place it will run in. */
export interface PlanFacts {
  readonly workingDirectory: string
  /** Where runs are kept and the flake is; absent: the working directory. */
  readonly projectDirectory?: string
  /** True where the project's directory has a flake.nix. */
  readonly hasFlake: boolean
  /** True where it has a person's own flake below `.vmtest`, which is used where it has no other. */
  readonly hasOwnFlake?: boolean
  /** The kernel tree the project's directory is, or holds as `linux`; null where there is none. */
  readonly kernelTree: string | null
  readonly startedAt: Date
  /** Where an action's results go, unless something else is given: they are uploaded from there. */
  readonly temporaryDirectory: string
  /** Where they go instead, where nothing can be uploaded: below the workspace, for the job's later steps. */
  readonly resultsDirectory?: string
  /** The job and step of a workflow. */
  readonly job: JobFacts
}

/** Decides, from what was asked and where: the one place that does. Pure. */
export function makePlan(inputs: Inputs, facts: PlanFacts): Plan {
  const bundle = chooseBundle(inputs.bundle, facts)
  const given = suitesGiven(inputs)
  const usual = given.length > 0 ? given : [usualSuite(bundle.kind)]
  const absolute = (path: string) => (isAbsolute(path) ? path : join(facts.workingDirectory, path))
  const kernel = inputs.kernel && {
    image: absolute(inputs.kernel.image),
    ...(inputs.kernel.modules && { modules: absolute(inputs.kernel.modules) }),
    ...(inputs.kernel.vmlinux && { vmlinux: absolute(inputs.kernel.vmlinux) }),
    ...(inputs.kernel.config && { config: absolute(inputs.kernel.config) }),
  }
  const kernelTree = chooseKernelTree(inputs, facts)
  const plan: Plan = {
    version: PLAN_VERSION,
    face: inputs.face,
    bundle: bundle.kind === 'path' ? { kind: 'path', path: absolute(bundle.path) } : bundle,
    kernel,
    ...(kernelTree === null ? {} : { kernelTree }),
    suites: inputs.suites.length > 0 ? [...inputs.suites] : usual,
    trees: Object.fromEntries(Object.entries(inputs.trees).map(([name, tree]) => [name, absolute(tree)])),
    ...(inputs.kselftestTargets.length === 0 ? {} : { kselftestTargets: [...inputs.kselftestTargets] }),
    localConfig: inputs.localConfig && absolute(inputs.localConfig),
    selection: {
      sections: [...inputs.selection.sections],
      groups: [...inputs.selection.groups],
      excludeGroups: [...inputs.selection.excludeGroups],
      tests: [...inputs.selection.tests],
      excludeFiles: inputs.selection.excludeFiles.map(absolute),
      expectationFiles: inputs.selection.expectationFiles.map(absolute),
      ...(inputs.selection.byChange === true ? { byChange: true } : {}),
      ...(inputs.selection.only === undefined ? {} : { only: [...inputs.selection.only] }),
    },
    ...(inputs.shard === null
      ? {}
      : { shard: { ...inputs.shard, ...(inputs.shardPlan === null ? {} : { planDirectory: absolute(inputs.shardPlan) }) } }),
    accelerator: inputs.accelerator,
    vms: inputs.vms,
    memoryMiB: inputs.memoryMiB,
    cpusPerVm: inputs.cpusPerVm,
    timeoutMinutes: inputs.timeoutMinutes,
    testTimeoutSeconds: inputs.testTimeoutSeconds,
    rerunFailed: inputs.rerunFailed,
    failOn: inputs.failOn,
    lostTests: inputs.lostTests,
    acceptFailures: inputs.acceptFailures,
    // A command is compared with nothing but what it names.
    ...(inputs.face === 'action' ? { comparable: comparableWords(inputs, facts.job, facts.workingDirectory) } : {}),
    baseline: inputs.baseline && absolute(inputs.baseline),
    abProof: inputs.abProof,
    baseBundle: inputs.baseBundle && absolute(inputs.baseBundle),
    emulationTuning: inputs.emulationTuning,
    keep: inputs.keep,
    dumpWhen: inputs.dumpWhen,
    ...(inputs.dumpArtifact ? { dumpArtifact: true } : {}),
    ...(inputs.coverage === null ? {} : { coverage: inputs.coverage }),
    ...(inputs.changedTests === null ? {} : { changedTests: inputs.changedTests }),
    ...(inputs.keepGoing ? { keepGoing: true } : {}),
    // Only a workflow has a cache service.
    cache: inputs.face === 'action' && inputs.cache,
    upload: inputs.upload,
    ...(inputs.retentionDays ? { retentionDays: inputs.retentionDays } : {}),
    ...(typeof inputs.diskSizeMiB === 'number' ? { diskSizeMiB: inputs.diskSizeMiB } : {}),
    artifactName: '',
    outputDirectory: inputs.outputDirectory === '' ? defaultOutput(inputs.face, facts) : absolute(inputs.outputDirectory),
    reproduce: '',
  }
  return {
    ...plan,
    artifactName: inputs.artifactName || defaultArtifactName(plan, facts),
    reproduce: reproduceCommand(inputs, { bundle, suites: plan.suites }, kernelTreeWords(inputs, facts)),
  }
}

function chooseBundle(source: BundleSource, facts: PlanFacts): Plan['bundle'] {
  if (source.kind !== 'flake' || source.flake !== '') return source
  // Without any flake the host's own programs make the guest: nothing to copy along, nothing to configure.
  const { projectDirectory = facts.workingDirectory } = facts
  // It names the tree by its path, which only an impure evaluation may read.
  if (!facts.hasFlake && facts.hasOwnFlake === true) return { ...source, flake: ownFlakeReference(projectDirectory), impure: true }
  if (!facts.hasFlake) return { kind: 'offline' }
  return { ...source, flake: projectDirectory === facts.workingDirectory ? '.' : projectDirectory }
}

/** Readable, sortable, unique to the second; a second run within it gets its own directory from the engine. */
export function runStamp(date: Date): string {
  return date
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/:/g, '')
}

function defaultOutput(face: Inputs['face'], facts: PlanFacts): string {
  const parent =
    face === 'action'
      ? (facts.resultsDirectory ?? join(facts.temporaryDirectory, 'kernel-vmtest'))
      : join(facts.projectDirectory ?? facts.workingDirectory, '.vmtest', 'runs')
  return join(parent, runStamp(facts.startedAt))
}

const ILLEGAL_IN_ARTIFACT_NAME = /["':<>|*?\r\n\\/\s]+/g

function defaultArtifactName(plan: Plan, { job }: PlanFacts): string {
  // Matrix jobs share job and step names and differ in what they test.
  const hash = comparableKey(plan.comparable ?? {}).slice(0, 8)
  return ['vmtest', job.job, job.step, hash].filter(Boolean).join('-').replace(ILLEGAL_IN_ARTIFACT_NAME, '-')
}
