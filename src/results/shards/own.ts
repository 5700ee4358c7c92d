import * as z from 'zod'
import type { RunRecord } from '../../domain/record.js'
import { promiseSchema, type Shards } from '../../domain/shards.js'
import type { VmRun } from '../../domain/vm-run.js'

export const ownShardSchema = z.object({
  plan: z.string(),
  own: z.number().int().positive(),
  promise: promiseSchema,
  /** Which attempt of the workflow run it is; 1 elsewhere. */
  attempt: z.number().int().positive(),
})
/** Which shard a run is: `shards.json` in its directory, so that it can be told although the run was killed. */
export type OwnShard = z.infer<typeof ownShardSchema>

/** What a shard's own record says of itself. */
export function ownShards(
  { plan, own, promise, attempt }: OwnShard,
  record: Pick<RunRecord, 'runId' | 'startedAt' | 'sections'>,
  { guests, batches, stopped }: Pick<VmRun, 'guests' | 'batches' | 'stopped'>,
): Shards {
  const ids = [...guests.map(({ id }) => id), ...batches.map(({ guest }) => guest)]
  const untested = record.sections.flatMap(({ suite, name, couldNotTest }) =>
    couldNotTest === null ? [] : [{ suite, section: name, reason: couldNotTest }],
  )
  const part = {
    ...{ shard: own, attempt, runId: record.runId, startedAt: record.startedAt },
    ...{ guestIds: Math.max(0, ...ids), copies: 1, untested },
    ...(stopped === null ? {} : { stopped: { ...stopped } }),
  }
  return { plan, own, promise, parts: [part] }
}
