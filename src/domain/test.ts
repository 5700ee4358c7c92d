import * as z from 'zod'

/**
 * What became of one planned test. Every planned test starts as `notreached`; anything better is earned.
 * `expunged`: excluded by a list before running. `notrun`: the test declined at run time, with a reason.
 * `crashed`: the kernel or QEMU died under it. `timeout`: the watchdog ended it.
 */
export const testStatusSchema = z.enum(['pass', 'fail', 'notrun', 'expunged', 'crashed', 'timeout', 'notreached'])
export type TestStatus = z.infer<typeof testStatusSchema>

/** A suite's name: lower-case letters, digits and hyphens. Which ones there are is the table's word (src/suites/index.ts). */
export const suiteNameSchema = z.string().regex(/^[a-z][a-z0-9-]*$/)
export type SuiteName = string

/** A test as its suite names it, in that suite's own grammar, for example `generic/001`. */
export type TestName = string

/** A section of a suite: sections of two suites may have one name. */
export interface SectionId {
  readonly suite: SuiteName
  readonly section: string
}

/** What a verdict is about. */
export interface TestId extends SectionId {
  readonly name: TestName
}

export const testNeedsSchema = z.object({
  kernelOptions: z.array(z.string()).optional().describe('Kernel options it cannot do without, for example `CONFIG_USER_NS`.'),
  programs: z.array(z.string()).optional().describe('Programs it calls.'),
  memoryMiB: z.number().int().positive().optional().describe('Memory of the guest, at least.'),
  features: z.array(z.string()).optional().describe("What else the guest has to have, in its suite's words, for example `device`."),
  exclusive: z.boolean().optional().describe('It gets a guest of its own: it suspends the machine, or starves it.'),
})
/** What one test needs beyond what its section brings. */
export type TestNeeds = z.infer<typeof testNeedsSchema>

export const catalogueTestSchema = z.object({
  name: z.string().describe('In the grammar of its suite.'),
  groups: z.array(z.string()).describe('The groups it is in.'),
  file: z.string().describe("Relative to the suite's source tree."),
  line: z.number().int().positive().describe('1-based.'),
  limitSeconds: z
    .number()
    .nonnegative()
    .optional()
    .describe('What the suite itself gives the test, on a fast machine; 0: no limit. Absent: the suite does not say.'),
  onlyByName: z
    .string()
    .optional()
    .describe('Why it runs only where it is named itself, not by a group or a pattern: it stops the machine. Absent: it does not.'),
  needs: testNeedsSchema.optional().describe('What it needs beyond its section.'),
})
/** One test a suite offers. */
export type CatalogueTest = z.infer<typeof catalogueTestSchema>

export const catalogueSchema = z.object({
  suite: suiteNameSchema.describe('The suite.'),
  tests: z.array(catalogueTestSchema).describe("Every test, in the suite's own order."),
})

/** Every test of a suite, in the suite's own order. */
export interface Catalogue {
  readonly suite: SuiteName
  readonly tests: readonly CatalogueTest[]
}
