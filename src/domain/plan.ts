import * as z from 'zod'
import { acceleratorRequestSchema } from './accelerator.js'
import { coverageRequestSchema } from './coverage.js'
import { sectionSchema } from './section.js'
import { suiteNameSchema } from './test.js'

export const PLAN_VERSION = 2

const bundleSourceSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('flake').describe('Built by Nix.'),
    flake: z.string().describe('Flake reference.'),
    attribute: z.string().describe('Flake output.'),
    impure: z.boolean().describe('Evaluated with `--impure`.'),
  }),
  z.object({ kind: z.literal('path').describe('Built already.'), path: z.string().describe('Directory with `vmtest.json`.') }),
  z.object({
    kind: z.literal('offline').describe('Made of the machine’s own programs.'),
    architecture: z
      .enum(['x86_64', 'aarch64'])
      .optional()
      .describe('Another than the machine’s: made of the distribution’s packages for it. Absent: the machine’s.'),
  }),
])

export const planSchema = z.object({
  version: z.literal(PLAN_VERSION).describe('Format of this file.'),
  face: z.enum(['cli', 'action']).describe('Who asked: the command or the action.'),
  bundle: bundleSourceSchema.describe('Where the VM comes from: a flake, a built bundle, or the machine’s own programs (`offline`).'),
  kernel: z
    .object({
      image: z.string().describe('bzImage, Image or vmlinux.'),
      modules: z.string().optional().describe('Directory with `lib/modules/RELEASE`.'),
      vmlinux: z.string().optional().describe('For decoding traces.'),
      config: z.string().optional().describe('Its `.config`.'),
    })
    .nullable()
    .describe('A prebuilt kernel in place of the bundle’s; null: none.'),
  kernelTree: z
    .object({
      directory: z.string().describe('The tree.'),
      config: z.string().nullable().describe('What its configuration starts from, a file or a target; null: `tinyconfig`.'),
      kconfig: z.array(z.string()).describe('What is merged onto it beside the usual, in order: fragments by name, files, options.'),
    })
    .optional()
    .describe(
      'The kernel is built from this tree by its own incremental `make`. Absent: it is not, as in records of versions that could not.',
    ),
  suites: z.array(suiteNameSchema).min(1).describe('The suites to run, in the order asked for.'),
  trees: z.record(z.string(), z.string()).describe('Trees that take the place of what the bundle brings, by suite.'),
  kselftestTargets: z
    .array(z.string())
    .optional()
    .describe('Targets of tools/testing/selftests to build, where kselftest is built from a kernel tree. Absent: none were named.'),
  localConfig: z.string().nullable().describe('A file of sections in the suite’s own form; null: none.'),
  selection: z
    .object({
      sections: z.array(z.string()).describe('Sections to run; empty: the default ones.'),
      groups: z.array(z.string()).describe('Groups to run.'),
      excludeGroups: z.array(z.string()).describe('Groups to leave out.'),
      tests: z.array(z.string()).describe('Tests or patterns.'),
      excludeFiles: z.array(z.string()).describe('Files of tests to leave out.'),
      expectationFiles: z.array(z.string()).describe('Files of expected failures and expunges.'),
      byChange: z
        .boolean()
        .optional()
        .describe('True where the groups were chosen by what changed: one that a suite has not got is passed over. Absent: it is refused.'),
      only: z
        .array(
          z.object({
            suite: suiteNameSchema.describe('The suite.'),
            section: z.string().describe('Name of the section.'),
            name: z.string().describe('Name of the test.'),
          }),
        )
        .optional()
        .describe('Of what these select, only these tests in these sections (`vmtest again`). Absent: all.'),
    })
    .describe('What was asked for, by name.'),
  shard: z
    .object({
      number: z.number().int().positive().describe('Which shard, from 1.'),
      count: z.number().int().positive().describe('Of how many.'),
      planDirectory: z.string().optional().describe('Where the plan that was handed out lies; absent: it is computed from the bundle.'),
    })
    .optional()
    .describe('Of what these select, only one shard. Absent: all.'),
  accelerator: acceleratorRequestSchema.describe('What was asked for.'),
  vms: z.union([z.number().int().positive(), z.literal('auto')]).describe('VMs side by side.'),
  memoryMiB: z.union([z.number().int().positive(), z.literal('auto')]).describe('Memory of each VM in MiB.'),
  cpusPerVm: z.union([z.number().int().positive(), z.literal('auto')]).describe('Virtual CPUs of each VM.'),
  timeoutMinutes: z.number().positive().describe('Deadline of the whole run, in minutes.'),
  testTimeoutSeconds: z.union([z.number().positive(), z.literal('auto')]).describe('Limit of one test, in seconds.'),
  rerunFailed: z.number().int().nonnegative().describe('How often a failing test runs again.'),
  failOn: z.enum(['new', 'any', 'never']).describe('What makes the run red.'),
  lostTests: z
    .enum(['fail', 'warn'])
    .optional()
    .describe(
      'What tests come to that the compared record has a verdict on and this run lost; absent in records of versions that could not tell: `fail`.',
    ),
  acceptFailures: z.boolean().optional().describe("This run's failures are accepted by hand; absent: they are not."),
  comparable: z
    .record(z.string(), z.string())
    .optional()
    .describe('The words that have to be the same for two runs to be compared: what is tested, in which job of which workflow.'),
  baseline: z.string().nullable().describe('Record to compare with; null: none named.'),
  abProof: z
    .boolean()
    .optional()
    .describe("Whether new failures are run again on the base's bundle; absent in records of versions that could not: no."),
  baseBundle: z
    .string()
    .nullable()
    .optional()
    .describe("The base's bundle, where it was named; absent or null: the one the baseline's record remembers."),
  emulationTuning: z.boolean().describe('Under emulation, the settings that make it faster.'),
  keep: z.boolean().describe('The guests’ disks are kept.'),
  dump: z.boolean().optional().describe('In records of earlier versions: the memory of a guest that panicked is kept.'),
  dumpWhen: z
    .enum(['auto', 'always', 'never'])
    .optional()
    .describe('When the memory of a guest that panicked or hung is read; `auto`: where all that it takes is there. Absent: never.'),
  dumpArtifact: z.boolean().optional().describe('That memory is kept too, not only what it says. Absent: no.'),
  coverage: coverageRequestSchema.optional().describe('What of the kernel tree is compiled with counters. Absent: nothing.'),
  changedTests: z
    .object({
      mode: z.enum(['first', 'only']).describe('They run first, or nothing else runs.'),
      upstream: z.string().nullable().describe('What the change is compared with; null: where the branch left upstream.'),
    })
    .optional()
    .describe('Tests that reach what changed are chosen by the map in the baseline. Absent: they are not.'),
  keepGoing: z
    .boolean()
    .optional()
    .describe('A kernel that does not build is compiled on as far as it goes. Absent: its build is ended at the first error.'),
  cache: z.boolean().describe('The workflow’s cache is used.'),
  upload: z.enum(['always', 'failure', 'never']).describe('When the results become an artifact.'),
  artifactName: z.string().describe('The artifact’s name.'),
  retentionDays: z.number().int().positive().optional().describe('Days the artifact is kept. Absent: as the repository has it.'),
  diskSizeMiB: z.number().int().positive().optional().describe('Size of each test, scratch and pool disk. Absent: as its section says.'),
  outputDirectory: z.string().describe('Where results go, absolute.'),
  reproduce: z.string().describe("The command that runs the same again on a developer's machine."),
})
/** What will be done, decided once, printed before anything runs and stored with the results. */
export type Plan = z.infer<typeof planSchema>

/** Why an expectation holds. */
export const reasonSchema = z.object({
  reason: z.string().describe('In words.'),
  link: z.string().optional().describe('Where more is said.'),
})

export const plannedTestSchema = z.object({
  suite: suiteNameSchema.describe('The suite it is of.'),
  section: z.string().describe('Name of the section.'),
  name: z.string().describe('Name of the test.'),
  file: z.string().optional().describe("Relative to the suite's source tree."),
  line: z.number().int().positive().optional().describe('1-based.'),
  expunged: reasonSchema.optional().describe('Set for a test a list excludes: it is not run and ends `expunged`.'),
  expectedNotrun: reasonSchema.optional().describe('Set for a test expected to decline: it is not lost then.'),
  groups: z.array(z.string()).optional().describe('Its groups in the suite.'),
  expectedFailure: reasonSchema.optional().describe('Set for a test expected to fail: it is run; a pass is reported as stale.'),
})
/** One test in one section, as the run promises to account for it. */
export type PlannedTest = z.infer<typeof plannedTestSchema>

export const expectedReportSchema = reasonSchema.extend({
  title: z.string().describe('Its title, whole.'),
  suite: suiteNameSchema.optional().describe('The suite of those sections; absent: any that has such a section.'),
  sections: z.array(z.string()).describe('Names of the sections it is expected in.'),
})

export const selectionSchema = z.object({
  expectedReports: z.array(expectedReportSchema).optional().describe('Kernel reports under no test that a list expects; absent: none.'),
  sections: z.array(sectionSchema).describe('The sections, whole, suite by suite.'),
  tests: z.array(plannedTestSchema).describe("In running order: sections kept together, the suite's order within."),
})
/** The request resolved against the bundle's sections and the suite's catalogue, before booting. */
export type Selection = z.infer<typeof selectionSchema>
