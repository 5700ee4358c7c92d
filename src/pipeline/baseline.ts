import { join } from 'node:path'
import { describeError, UserError } from '../domain/errors.js'
import type { Plan } from '../domain/plan.js'
import type { RunRecord } from '../domain/record.js'
import type { Ports } from '../ports/index.js'
import { readRecordFile } from '../results/index.js'

/** The record to compare with, or none and why. */
export interface Baseline {
  readonly record: RunRecord | null
  readonly problems: readonly string[]
}

/**
 * The base branch's record, from the file or directory the plan names.
 * A baseline that cannot be read is a problem in the record, and every failure then counts: never a softer verdict.
 */
export async function loadBaseline(plan: Pick<Plan, 'baseline'>, { files }: Pick<Ports, 'files'>): Promise<Baseline> {
  if (plan.baseline === null) return { record: null, problems: [] }
  try {
    return { record: await readRecord(await recordPath(plan.baseline, files), files), problems: [] }
  } catch (error) {
    return { record: null, problems: [`The baseline is not used, every failure counts: ${describeError(error)}`] }
  }
}

/** Refuses a baseline that is not there, before anything slow. @throws UserError */
export async function requireBaseline(plan: Pick<Plan, 'baseline'>, { files }: Pick<Ports, 'files'>): Promise<void> {
  if (plan.baseline === null) return
  if ((await files.stat(await recordPath(plan.baseline, files))) !== null) return
  throw new UserError(`baseline is ${plan.baseline}, where there is no record.`, 'Name a run.json, or the directory of a run that has one.')
}

/** The record that a file, or the directory of a run, holds. @throws UserError where it is not there or is none */
export async function readNamedRecord(baseline: string, ports: Pick<Ports, 'files'>): Promise<RunRecord> {
  await requireBaseline({ baseline }, ports)
  return readRecord(await recordPath(baseline, ports.files), ports.files)
}

async function recordPath(baseline: string, files: Ports['files']): Promise<string> {
  return (await files.stat(baseline))?.kind === 'directory' ? join(baseline, 'run.json') : baseline
}

async function readRecord(path: string, files: Ports['files']): Promise<RunRecord> {
  return readRecordFile(files, path)
}
