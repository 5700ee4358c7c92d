import type { Inputs } from '../domain/inputs.js'
import type { Tested } from '../domain/origin.js'
import type { RunRecord } from '../domain/record.js'
import type { Progress, Receipt } from '../domain/stages.js'
import type { RecordInput } from '../results/index.js'
import type { Directories } from './directories.js'
import type { OpenRun } from './open-run.js'

/** What a run is carried out with. */
export interface PipelineOptions {
  readonly inputs: Inputs
  readonly run: OpenRun
  readonly places: Directories
  readonly toolVersion: string
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
  /** Makes the record of what guests left where it cannot hold this thread; absent: in this one. */
  readonly readRecord?: (input: RecordInput, limits: { readonly signal: AbortSignal; readonly seconds: number }) => Promise<RunRecord>
  /** What is known of what is tested beyond what its tree says: a series that was applied, and to which tree. */
  readonly tested?: Partial<Tested>
  /** False for a run that is a trial: later runs of the project are told nothing of it. */
  readonly remembers?: boolean
  /** Told what post has to know, as soon as it is true. */
  readonly onReceipt: (change: Partial<Receipt>) => void
}
