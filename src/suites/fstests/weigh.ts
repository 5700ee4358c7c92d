import { isWorse } from '../../domain/verdict.js'

/** What evidence alone can say of one attempt; `crashed` and `timeout` are the guest's to say. */
export type EvidenceStatus = 'pass' | 'expunged' | 'notrun' | 'notreached' | 'fail'

/** One source's word. */
export interface Witness {
  readonly source: string
  readonly status: EvidenceStatus
  /** Why, where the source says it. */
  readonly because: string | null
}

export interface Weighed {
  readonly status: EvidenceStatus
  /** The witness whose word was taken. */
  readonly taken: Witness
  /** Set where the sources do not agree. */
  readonly conflict: { readonly sources: Readonly<Record<string, string>>; readonly resolution: string } | null
}

/** Weighs what the sources say of one attempt; null where none says anything. A pass needs all of them. */
export function weigh(witnesses: readonly Witness[]): Weighed | null {
  let taken: Witness | null = null
  for (const witness of witnesses) {
    if (taken === null || isWorse(witness.status, taken.status)) taken = witness
  }
  if (taken === null) return null
  const agreed = witnesses.every((witness) => witness.status === taken.status)
  if (agreed) return { status: taken.status, taken, conflict: null }
  const sources: Record<string, string> = {}
  for (const witness of witnesses) sources[witness.source] ??= witness.status
  const why = taken.because === null ? '' : ` (${taken.because})`
  return {
    status: taken.status,
    taken,
    conflict: { sources, resolution: `${taken.status}, as ${taken.source} says${why}: the worse word counts.` },
  }
}
