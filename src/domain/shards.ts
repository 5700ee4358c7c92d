import * as z from 'zod'
import { sectionSchema } from './section.js'
import { suiteNameSchema } from './test.js'
import { stoppedSchema } from './vm-run.js'

const testsOfSectionSchema = z.object({
  suite: suiteNameSchema.describe('The suite.'),
  section: z.string().describe('Name of the section.'),
  names: z.array(z.string()).describe('The tests.'),
})

export const promiseSchema = z.object({
  sections: z.array(sectionSchema).describe('The sections of the whole run, in its order.'),
  offered: z
    .array(
      z.object({
        suite: suiteNameSchema.describe('The suite.'),
        tests: z.array(z.string()).describe("Every test it has, in the suite's own order."),
        sections: z.array(z.string()).describe('Every section there is for it.'),
      }),
    )
    .describe('What there was to choose from: what is gone by the next run can be told from what was not asked for.'),
  shards: z
    .array(
      z.object({
        seconds: z.number().nonnegative().describe('What it is taken to last, with its guests and starts.'),
        tests: z.array(testsOfSectionSchema).describe('What it is to run.'),
      }),
    )
    .describe('Every shard; one without tests need not come.'),
})
/** What each shard of a run is to account for: the same in every shard's record, so that any of them knows what another one owes. */
export type ShardPromise = z.infer<typeof promiseSchema>

export const shardPartSchema = z.object({
  shard: z.number().int().positive().describe('Its number, from 1.'),
  attempt: z.number().int().positive().describe('Which attempt of the workflow run made it; 1 elsewhere.'),
  runId: z.string().describe("The shard's own run."),
  startedAt: z.string().describe('ISO 8601 in UTC.'),
  guestIds: z.number().int().nonnegative().describe('How many numbers of guests are its own: they follow those of the parts before it.'),
  copies: z.number().int().positive().describe('How often it came; from twice on its passes are not believed.'),
  stopped: stoppedSchema.optional().describe('What ended it before all its tests had their turn; absent where nothing did.'),
  untested: z
    .array(
      z.object({
        suite: suiteNameSchema.describe('The suite.'),
        section: z.string().describe('Name of the section.'),
        reason: z.string().describe('In words.'),
      }),
    )
    .describe('Sections it could not test.'),
})
/** One attempt of one shard, as far as the whole needs it. */
export type ShardPart = z.infer<typeof shardPartSchema>

export const shardsSchema = z.object({
  plan: z.string().describe('Which plan it is a shard of: the same for all of one run.'),
  own: z.number().int().positive().optional().describe("In a shard's own record: its number. Absent in one that was merged."),
  promise: promiseSchema.describe('What each shard is to account for.'),
  parts: z.array(shardPartSchema).describe('What came, by shard and attempt.'),
})
/** How a record is shared out over several machines. */
export type Shards = z.infer<typeof shardsSchema>

/** Which shard of how many. */
export interface ShardNumber {
  readonly number: number
  readonly count: number
}

/** How a shard is called in every message, and its job in the workflow. */
export function shardName({ number, count }: ShardNumber): string {
  return `shard ${number}/${count}`
}

/** `3/8`. @returns null for anything else, and for a number beyond the count */
export function parseShardNumber(text: string): ShardNumber | null {
  const [, number, count] = /^([1-9]\d{0,3})\/([1-9]\d{0,3})$/.exec(text) ?? []
  const shard = { number: Number(number), count: Number(count) }
  return shard.number <= shard.count ? shard : null
}
