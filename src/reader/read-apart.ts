import type { RunRecord } from '../domain/record.js'
import { readInThread } from '../ports/real/index.js'
import { buildRecord, type RecordInput } from '../results/index.js'

/** Once the run was interrupted the reader gets this much to end by itself; the record must be there within two seconds. */
const GRACE_SECONDS = 1

/** A tree without anything in it. */
const NOTHING = { list: async () => [], stat: async () => null, readBytes: async () => new Uint8Array() }

/**
 * Makes a run's record in a thread of its own: what guests left is foreign text, and no text may hold a run. Where the thread does not come
 * to its end in time, or fails, the record says so and every test whose results were not read is without a verdict.
 */
export async function readRecordApart(
  input: RecordInput,
  limits: { readonly signal: AbortSignal; readonly seconds: number },
): Promise<RunRecord> {
  const outcome = await readInThread<RunRecord>(input, { ...limits, graceSeconds: GRACE_SECONDS })
  if (outcome.kind === 'done') return outcome.value
  const reason =
    outcome.kind === 'failed'
      ? `The results could not be read: ${outcome.reason}.`
      : `The results were not read to their end: ${limits.signal.aborted ? 'the run was interrupted' : "the run's time was over"}.`
  const kind = outcome.kind === 'failed' ? 'infrastructure' : limits.signal.aborted ? 'cancelled' : 'deadline'
  const stopped = input.vmRun.stopped ?? { kind, reason }
  return buildRecord(NOTHING, { ...input, vmRun: { ...input.vmRun, stopped }, problems: [...input.problems, reason] })
}
