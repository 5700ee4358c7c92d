import * as z from 'zod'
import { suiteNameSchema } from './test.js'

export const diskSpecSchema = z.object({
  role: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .describe('What it is for: the serial the guest finds it by. Which roles there are, the suite says.'),
  sizeMiB: z.number().int().positive().describe('Apparent size; the file is sparse.'),
})
/** One sparse raw disk a section needs. */
export type DiskSpec = z.infer<typeof diskSpecSchema>

export const sectionSchema = z.object({
  suite: suiteNameSchema.describe('The suite whose section it is.'),
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .describe('Letters, digits, `_` and `-`; unique within the suite.'),
  description: z.string().default('').describe('For people.'),
  disks: z.array(diskSpecSchema).default([]).describe('The disks the guest gets, in order.'),
  environment: z.record(z.string(), z.string()).default({}).describe("Further variables of the suite's programs, by name."),
  kernelOptions: z
    .array(z.string())
    .default([])
    .describe(
      'Kernel options the section cannot do without, for example `CONFIG_XFS_RT`. Checked before booting where the config is known.',
    ),
  minimumKernel: z
    .string()
    .regex(/^\d+\.\d+$/)
    .optional()
    .describe('Oldest kernel that can run it, as MAJOR.MINOR; absent: any.'),
  needs: z
    .array(z.string().regex(/^[a-z0-9-]+$/))
    .optional()
    .describe("What the guest sets up beyond disks, in the suite's words, for example `pmem`."),
  programs: z
    .record(z.string(), z.string())
    .optional()
    .describe(
      'Programs the section cannot do without, and the Debian package of each. A guest without one says so as soon as it is up: the section is given up by name, before any test.',
    ),
  settings: z.record(z.string(), z.unknown()).default({}).describe("What is the suite's own, in its own schema."),
})
/** One configuration the tests of a suite run under: what all suites share, and the suite's own settings. */
export type Section = z.infer<typeof sectionSchema>

/** The settings that are words, by name and in their order: what a section is described by. */
export function settingWords(section: Pick<Section, 'settings'>): readonly (readonly [name: string, value: string])[] {
  return Object.entries(section.settings).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : []))
}
