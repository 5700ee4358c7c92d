import * as z from 'zod'
import { suiteNameSchema } from './test.js'

export const coverageRequestSchema = z.object({
  ofChange: z.boolean().describe('The directories of what changed are compiled with counters.'),
  directories: z.array(z.string()).describe('Directories of the kernel tree that are, beside those; relative to it.'),
  upstream: z.string().nullable().describe('What the change is compared with; null: where the branch left upstream.'),
})
/** What is to be counted. */
export type CoverageRequest = z.infer<typeof coverageRequestSchema>

export const guardSchema = z.object({
  line: z.number().int().positive().describe('Where the condition begins.'),
  count: z.number().nonnegative().describe('How often it was come to.'),
  branches: z.array(z.number().nonnegative()).describe('How often each branch of the whole condition was taken.'),
  bodyCount: z
    .number()
    .nonnegative()
    .nullable()
    .describe('How often the first line with code ran that it guards; null where there is none.'),
  nextCount: z.number().nonnegative().nullable().describe('How often the first line with code behind that ran; null where none is known.'),
})
/** A condition, and what tells which way it went. */
export type Guard = z.infer<typeof guardSchema>

export const changedLineSchema = z.object({
  file: z.string().describe('Relative to the kernel tree.'),
  line: z.number().int().positive().describe('1-based, in the tree that was tested.'),
  text: z.string().describe('The line, at most 200 characters of it.'),
  count: z.number().nonnegative().nullable().describe('How often it ran in all tests; null where the compiler made no code of it.'),
  branches: z.array(z.number().nonnegative()).describe('How often each of its branches was taken, in the compiler’s order.'),
  guard: guardSchema
    .optional()
    .describe('Of a condition: itself. Of a return without code of its own: the condition that leads to it. Absent otherwise.'),
})
/** A line of the change, and what the tests made of it. */
export type ChangedLine = z.infer<typeof changedLineSchema>

export const coveredFunctionSchema = z.object({
  file: z.string().describe('Relative to the kernel tree.'),
  name: z.string().describe('As the source calls it.'),
  start: z.number().int().positive().describe('Its first line.'),
  end: z.number().int().positive().describe('Its last line.'),
})
export type CoveredFunction = z.infer<typeof coveredFunctionSchema>

export const coverageTestSchema = z.object({
  suite: suiteNameSchema.describe('The suite it is of.'),
  section: z.string().describe('Name of the section.'),
  name: z.string().describe('Name of the test.'),
  functions: z.string().describe('Which of `functions` it ran: a bit each, the lowest of the first byte first, as base64.'),
  lines: z.string().describe('Which of `changed` it ran, in the same form.'),
})
/** What a test reached. */
export type CoverageTest = z.infer<typeof coverageTestSchema>

export const coverageSchema = z.object({
  tool: z.string().describe('What read the counters.'),
  directories: z.array(z.string()).describe('What was compiled with counters, relative to the kernel tree.'),
  base: z
    .object({ name: z.string().describe('As a person calls it.'), commit: z.string().describe('Where the branch left it.') })
    .nullable()
    .describe('What the change is compared with; null: nothing.'),
  commit: z.string().nullable().describe('The commit the tree stood at; null outside git.'),
  isDirty: z.boolean().describe('The tree had changes that were not committed.'),
  withoutCounters: z.array(z.string()).describe('Tests that ran and whose counters did not come: those a guest died under, for example.'),
  executable: z.number().int().nonnegative().describe('Lines with code in those directories.'),
  executed: z.number().int().nonnegative().describe('Of them, those a test of this run ran. Of merged records: the most any part ran.'),
  changed: z.array(changedLineSchema).describe('The lines of the change in files that were compiled with counters, by file and line.'),
  notCompiled: z.array(z.string()).describe('Changed files of which no line was compiled with counters.'),
  touched: z.array(z.number().int().nonnegative()).describe('The changed functions, as places in `functions`.'),
  functions: z.array(coveredFunctionSchema).describe('Every function of those directories, by file and line.'),
  tests: z.array(coverageTestSchema).describe('What each test reached.'),
})
/** What the tests of a run reached of the directories that were compiled with counters: the map from functions to tests, and the change. */
export type Coverage = z.infer<typeof coverageSchema>

/** The numbers of the table: lines with code, and those a test ran. */
export function changedCounts(changed: readonly ChangedLine[]): { readonly executable: number; readonly run: number } {
  const executable = changed.filter(({ count }) => count !== null)
  return { executable: executable.length, run: executable.filter(({ count }) => count !== null && count > 0).length }
}
