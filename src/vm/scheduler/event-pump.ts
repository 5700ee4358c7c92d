import type { Clock } from '../../ports/index.js'
import type { GuestEvent } from '../guest.js'

/** Why waiting ended. */
export type Wake =
  | { readonly kind: 'event'; readonly event: GuestEvent }
  | { readonly kind: 'alarm' }
  | { readonly kind: 'stop' }
  /** The stream is over without an `exit`. */
  | { readonly kind: 'end' }

/** Takes a guest's events one by one, each wait bounded by a deadline and a signal. No event is lost when a wait ends early. */
export class EventPump {
  private readonly iterator: AsyncIterator<GuestEvent>
  private pending: Promise<IteratorResult<GuestEvent>> | null = null

  constructor(
    events: AsyncIterable<GuestEvent>,
    private readonly clock: Clock,
  ) {
    this.iterator = events[Symbol.asyncIterator]()
  }

  /** @param untilSeconds on the monotonic clock; a guest that never falls silent cannot talk past it */
  async next(untilSeconds: number, stop: AbortSignal | null): Promise<Wake> {
    if (isAborted(stop)) return { kind: 'stop' }
    const left = untilSeconds - this.clock.monotonicSeconds()
    if (left <= 0) return { kind: 'alarm' }
    this.pending ??= this.iterator.next()
    const over = new AbortController()
    const end = () => over.abort()
    stop?.addEventListener('abort', end)
    const result = await Promise.race([this.pending, this.clock.sleep(left, over.signal).then(() => null)])
    stop?.removeEventListener('abort', end)
    over.abort()
    if (result === null) return isAborted(stop) ? { kind: 'stop' } : { kind: 'alarm' }
    this.pending = null
    return result.done === true ? { kind: 'end' } : { kind: 'event', event: result.value }
  }
}

function isAborted(signal: AbortSignal | null): boolean {
  return signal?.aborted === true
}
