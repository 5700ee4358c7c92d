/**
 * Where a fault strikes: a Twirp method's name, or a blob operation.
 * `blob:put` is every upload (whole, block or block list), `blob:get` every download, `blob:head` every question about one.
 */
export type FaultPoint =
  | 'CreateCacheEntry'
  | 'FinalizeCacheEntryUpload'
  | 'GetCacheEntryDownloadURL'
  | 'CreateArtifact'
  | 'FinalizeArtifact'
  | 'ListArtifacts'
  | 'GetSignedArtifactURL'
  | 'DeleteArtifact'
  | 'blob:put'
  | 'blob:get'
  | 'blob:head'

export type Fault =
  /** An HTTP status instead of an answer: 500, 503, 429 (with Retry-After), 403, … */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterSeconds?: number }
  /** 200 with bytes that are no JSON and no archive. */
  | { readonly kind: 'garbage' }
  /** The right answer, late. */
  | { readonly kind: 'slow'; readonly seconds: number }
  /** The connection stays open and nothing comes. */
  | { readonly kind: 'never' }
  /** The right answer, broken off in the middle of its body. */
  | { readonly kind: 'cut' }
  /** The connection is reset at once. */
  | { readonly kind: 'reset' }

interface Planted {
  readonly at: FaultPoint
  readonly fault: Fault
  left: number
}

/** Faults to come, each striking a number of times. */
export class Faults {
  readonly #planted: Planted[] = []

  /** @param times how often it strikes; by default until `clear` */
  plant(at: FaultPoint, fault: Fault, times = Number.POSITIVE_INFINITY): void {
    this.#planted.push({ at, fault, left: times })
  }

  clear(): void {
    this.#planted.length = 0
  }

  /** The fault that strikes now, if any; it has one time less left. */
  take(at: FaultPoint): Fault | null {
    const planted = this.#planted.find((candidate) => candidate.at === at && candidate.left > 0)
    if (planted === undefined) return null
    planted.left--
    return planted.fault
  }
}
