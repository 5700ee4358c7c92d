import * as z from 'zod'
import { suiteNameSchema, testStatusSchema } from './test.js'

const testIdFields = {
  suite: suiteNameSchema.describe('The suite.'),
  section: z.string().describe('Name of the section.'),
  name: z.string().describe('Name of the test.'),
}

/** A test without a verdict here that had one there. */
export const lostTestSchema = z.object({
  ...testIdFields,
  how: z
    .enum(['declines', 'not-offered', 'section-gone'])
    .describe('It declines now, the suite has no such test any more, or the flake or the file of sections has no such section any more.'),
  reason: z.string().describe('In words.'),
})
export type LostTest = z.infer<typeof lostTestSchema>

export const earlierVerdictSchema = z.object({
  status: testStatusSchema.describe('What it came to there.'),
  flaky: z.boolean().describe('It failed there, then passed.'),
  message: z.string().nullable().describe('What the suite said of it there, cut.'),
  reports: z.array(z.string()).describe('Titles of the kernel reports under it there.'),
  since: z
    .string()
    .optional()
    .describe('The first commit since which it has not passed, as far as the history goes back; absent: unknown.'),
})
/** What a test that fails here came to in the record this run is compared with. */
export type EarlierVerdict = z.infer<typeof earlierVerdictSchema>

const testIds = z.array(z.object(testIdFields))

export const comparedSchema = z.object({
  runId: z.string().describe('Its `runId`.'),
  commit: z.string().optional().describe('The commit it is of; absent where it is not known.'),
  ref: z.string().optional().describe('The branch it was made on.'),
  address: z.string().optional().describe('The page of its workflow run.'),
  key: z.string().optional().describe('Its entry in the workflow’s cache; absent for a record that was named.'),
  choice: z.string().describe('Why this record, in words.'),
  noExcuse: z.string().nullable().describe('Why nothing in it excuses a failure; null where it can.'),
  lost: z.array(lostTestSchema).describe('Tests that passed or failed there, are asked for here, and have no verdict here.'),
  gone: z.array(lostTestSchema).describe('The like that do not count: their files went with a changed revision of the suite.'),
  fixed: testIds.describe('Failed there for good, pass here.'),
  vanished: testIds.describe('Planned there, not planned here, in a section that both have.'),
  newlyNotrun: testIds.describe('Passed or failed there, decline here.'),
  knownReports: z.array(z.string()).default([]).describe('Keys of the kernel reports that count there and that no test owns.'),
  otherSections: z
    .array(z.object({ suite: testIdFields.suite, section: testIdFields.section }))
    .describe('Sections of one name that are defined otherwise there: their tests are not compared.'),
})
/** The record a run is compared with, and what only that record knows. */
export type Compared = z.infer<typeof comparedSchema>
