import type { RecordInput } from '../results/index.js'

/** What the reader is started for. */
export interface ReaderJob extends RecordInput {
  /** The open file that takes the bodies of evidence; null: there is none, they are part of the answer. */
  readonly textsDescriptor: number | null
}

/** The record as it can be handed from thread to thread: see `handOver`. */
export interface ReaderAnswer {
  readonly record: unknown
  readonly mark: string
}
