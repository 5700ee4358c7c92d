import * as z from 'zod'
import { UserError } from '../../domain/errors.js'
import { testKey } from '../../domain/test-key.js'
import type { FixedCost, TimedTest } from './shard.js'

const seconds = z.number().nonnegative()

export const timesTableSchema = z.object({
  fixed: z
    .object({
      guest: seconds.describe('Booting a guest, in seconds.'),
      start: seconds.describe('One start of the suite in a guest, in seconds.'),
    })
    .describe('What each runner pays before a test runs.'),
  tests: z
    .array(
      z.object({
        suite: z.string().min(1).describe('The suite.'),
        section: z.string().min(1).describe('Name of the section.'),
        name: z.string().min(1).describe('Name of the test.'),
        seconds: seconds.describe('What it takes, in seconds.'),
      }),
    )
    .describe('Every test that is to run, in any order.'),
})
/** The file of `vmtest plan --times`: what tests and their surroundings cost on the machines that will run them. */
export type TimesTable = z.infer<typeof timesTableSchema>

/**
 * Reads a table of times.
 * @param path named in errors
 * @throws UserError for what is no such table, and for a test that stands in it twice
 */
export function parseTimesTable(text: string, path: string): { readonly tests: readonly TimedTest[]; readonly fixed: FixedCost } {
  const { fixed, tests } = readTable(text, path)
  const seen = new Set<string>()
  for (const { suite, section, name } of tests) {
    const key = testKey({ suite, section, name })
    if (seen.has(key)) throw new UserError(`${path}: ${suite} ${section} ${name} stands in it twice.`, 'Keep one line of each test.')
    seen.add(key)
  }
  return { tests, fixed: { guestSeconds: fixed.guest, startSeconds: fixed.start } }
}

/** What a table of times looks like, for whoever gave something else. */
export const TIMES_TABLE_FORM = 'It is `{"fixed":{"guest":s,"start":s},"tests":[{"suite","section","name","seconds"}…]}`.'

function readTable(text: string, path: string): TimesTable {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new UserError(`${path} is no JSON.`, TIMES_TABLE_FORM, { cause })
  }
  const table = timesTableSchema.safeParse(value)
  if (table.success) return table.data
  const issue = table.error.issues[0]
  throw new UserError(`${path} is no table of times: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}.`, TIMES_TABLE_FORM)
}
