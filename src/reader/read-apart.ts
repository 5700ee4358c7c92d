import { Aside, takeOver } from '../domain/kept-aside.js'
import type { RunRecord } from '../domain/record.js'
import { openTexts, readInThread, type ScratchFile } from '../ports/real/index.js'
import { buildRecord, type RecordInput } from '../results/index.js'
import type { ReaderAnswer, ReaderJob } from './job.js'

/** Once the run was interrupted the reader gets this much to end by itself: with a processor to itself the record is there within two seconds. */
const GRACE_SECONDS = 1
/** A runner kills ten seconds after it has said so. */
const GRACE_AT_MOST_SECONDS = 5

const UNREAD = 'The results were not read to their end'

/** True of a record of which there was no time to read the results: they are in the run's directory. */
export function isUnread({ problems }: Pick<RunRecord, 'problems'>): boolean {
  return problems.some((problem) => problem.startsWith(UNREAD))
}

/** What such a record says ended the run, as it stands once they were read. */
export function readSince(reason: string): string {
  const begin = `${UNREAD}: `
  const end = reason.indexOf('. ', begin.length)
  if (!reason.startsWith(begin) || end < 0) return reason
  const why = reason.slice(begin.length, end)
  return `${why.charAt(0).toUpperCase()}${why.slice(1)} before its results were read.`
}

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
  const texts = textsIn(input.runDirectory)
  const job: ReaderJob = { ...input, textsDescriptor: texts?.descriptor ?? null }
  const outcome = await readInThread<ReaderAnswer>(job, {
    ...{ ...limits, graceSeconds: GRACE_SECONDS, graceAtMostSeconds: GRACE_AT_MOST_SECONDS },
  })
  if (outcome.kind === 'done') {
    const { record, mark } = outcome.value
    // A thread that was ended may still write: only the file of one that is done is closed.
    texts?.own()
    return takeOver(record as RunRecord, mark, new Aside(texts))
  }
  const reason =
    outcome.kind === 'failed'
      ? `The results could not be read: ${outcome.reason}.`
      : `${UNREAD}: ${limits.signal.aborted ? 'the run was interrupted' : "the run's time was over"}. \`vmtest report DIRECTORY\` reads them.`
  const kind = outcome.kind === 'failed' ? 'infrastructure' : limits.signal.aborted ? 'cancelled' : 'deadline'
  const stopped = input.vmRun.stopped ?? { kind, reason }
  return buildRecord(NOTHING, { ...input, vmRun: { ...input.vmRun, stopped }, problems: [...input.problems, reason] })
}

/** Where bodies of evidence may lie; null where nothing can be written. */
function textsIn(directory: string): ScratchFile | null {
  try {
    return openTexts(directory)
  } catch {
    return null
  }
}
