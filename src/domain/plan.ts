import * as z from 'zod'
import { acceleratorRequestSchema } from './accelerator.js'
import { sectionSchema } from './section.js'
import { suiteNameSchema } from './test.js'

export const PLAN_VERSION = 1

const bundleSourceSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('flake'), flake: z.string(), attribute: z.string(), impure: z.boolean() }),
  z.object({ kind: z.literal('path'), path: z.string() }),
  z.object({ kind: z.literal('offline') }),
])

export const planSchema = z.object({
  version: z.literal(PLAN_VERSION),
  face: z.enum(['cli', 'action']),
  bundle: bundleSourceSchema,
  kernel: z
    .object({ image: z.string(), modules: z.string().optional(), vmlinux: z.string().optional(), config: z.string().optional() })
    .nullable(),
  /** The kernel is built from this tree by its own incremental `make`. Absent: it is not, as in records of versions that could not. */
  kernelTree: z.object({ directory: z.string(), config: z.string().nullable(), kconfig: z.array(z.string()) }).optional(),
  fstests: z.string().nullable(),
  suite: suiteNameSchema,
  localConfig: z.string().nullable(),
  selection: z.object({
    sections: z.array(z.string()),
    groups: z.array(z.string()),
    excludeGroups: z.array(z.string()),
    tests: z.array(z.string()),
    excludeFiles: z.array(z.string()),
    expectationFiles: z.array(z.string()),
    /** Of what these select, only these tests in these sections (`vmtest again`). Absent: all. */
    only: z.array(z.object({ section: z.string(), name: z.string() })).optional(),
  }),
  accelerator: acceleratorRequestSchema,
  vms: z.union([z.number().int().positive(), z.literal('auto')]),
  memoryMiB: z.union([z.number().int().positive(), z.literal('auto')]),
  cpusPerVm: z.union([z.number().int().positive(), z.literal('auto')]),
  timeoutMinutes: z.number().positive(),
  testTimeoutSeconds: z.union([z.number().positive(), z.literal('auto')]),
  rerunFailed: z.number().int().nonnegative(),
  failOn: z.enum(['new', 'any', 'never']),
  baseline: z.string().nullable(),
  /** Whether new failures are run again on the base's bundle; absent in records of versions that could not: no. */
  abProof: z.boolean().optional(),
  /** The base's bundle, where it was named; absent or null: the one the baseline's record remembers. */
  baseBundle: z.string().nullable().optional(),
  emulationTuning: z.boolean(),
  keep: z.boolean(),
  /** Absent in records of versions that could not dump: no. */
  dump: z.boolean().optional(),
  cache: z.boolean(),
  upload: z.enum(['always', 'failure', 'never']),
  artifactName: z.string(),
  outputDirectory: z.string(),
  /** The command that runs the same again on a developer's machine. */
  reproduce: z.string(),
})
/** What will be done, decided once, printed before anything runs and stored with the results. */
export type Plan = z.infer<typeof planSchema>

export const plannedTestSchema = z.object({
  section: z.string(),
  name: z.string(),
  /** Relative to the suite's source tree. */
  file: z.string().optional(),
  line: z.number().int().positive().optional(),
  /** Set for a test a list excludes: it is not run and ends `expunged`. */
  expunged: z.object({ reason: z.string(), link: z.string().optional() }).optional(),
  /** Set for a test expected to fail: it is run; a pass is reported as stale. */
  expectedFailure: z.object({ reason: z.string(), link: z.string().optional() }).optional(),
})
/** One test in one section, as the run promises to account for it. */
export type PlannedTest = z.infer<typeof plannedTestSchema>

export const selectionSchema = z.object({
  suite: suiteNameSchema,
  sections: z.array(sectionSchema),
  /** In running order: sections kept together, the suite's order within. */
  tests: z.array(plannedTestSchema),
})
/** The request resolved against the bundle's sections and the suite's catalogue, before booting. */
export type Selection = z.infer<typeof selectionSchema>
