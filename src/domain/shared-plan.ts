import * as z from 'zod'
import { planSchema } from './plan.js'
import { promiseSchema } from './shards.js'

export const sharedPlanSchema = z.object({
  version: z.literal(1).describe('Format of this file.'),
  identity: z.string().describe('Which plan it is: every record of its shards says the same.'),
  plan: planSchema.describe('What was decided for the run as a whole.'),
  promise: promiseSchema.describe('What each shard is to account for.'),
  artifacts: z
    .object({
      prefix: z.string().describe('What the artifacts of this plan begin with.'),
      plan: z.string().describe('The artifact this file is in.'),
      store: z.string().optional().describe('The artifact with the bundle, where no cache could be written. Absent: there is none.'),
    })
    .optional()
    .describe("Names of the workflow's artifacts; absent outside one."),
  compared: z
    .object({
      choice: z.string().describe('Why this record, in words.'),
      key: z.string().optional().describe('Its entry in the workflow’s cache; absent for a record that was named.'),
    })
    .optional()
    .describe('The record beside this file that the run is compared with. Absent: there is none.'),
})
/** `shards.json`: the plan of a run that is shared out, as it travels from where it is made to each shard and to whoever joins them. */
export type SharedPlan = z.infer<typeof sharedPlanSchema>
