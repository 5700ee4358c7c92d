import type { PageData } from '../page-data.js'

/** One box on the timeline; milliseconds count from the run's start. */
export interface Span {
  readonly test: number
  readonly startMs: number
  readonly endMs: number
  readonly status: string
}

/** One VM's row. */
export interface Lane {
  readonly guest: number
  readonly startMs: number
  readonly endMs: number
  readonly readyMs: number | null
  readonly exit: string
  readonly tone: 'good' | 'bad'
  /** By start. */
  readonly spans: readonly Span[]
}

/** VMs in order of start, each with its tests. A VM the record does not describe is as long as its tests. */
export function lanesOf(data: PageData): readonly Lane[] {
  const byGuest = new Map<number, Span[]>()
  data.spans.test.forEach((test, at) => {
    const startMs = data.spans.startMs[at] ?? 0
    const span = { test, startMs, endMs: startMs + (data.spans.ms[at] ?? 0), status: data.spans.status[at] ?? '' }
    const guest = data.spans.guest[at] ?? 0
    const own = byGuest.get(guest)
    if (own === undefined) byGuest.set(guest, [span])
    else own.push(span)
  })
  const described = new Map(data.guests.map((guest) => [guest.id, guest]))
  const ids = [...new Set([...described.keys(), ...byGuest.keys()])].sort((a, b) => a - b)
  return ids.map((id) => {
    const spans = (byGuest.get(id) ?? []).sort((a, b) => a.startMs - b.startMs)
    const guest = described.get(id)
    return {
      guest: id,
      startMs: guest?.startMs ?? spans[0]?.startMs ?? 0,
      endMs: guest?.endMs ?? Math.max(0, ...spans.map((span) => span.endMs)),
      readyMs: guest?.readyMs ?? null,
      exit: guest?.exit ?? '',
      tone: guest?.tone ?? 'good',
      spans,
    }
  })
}

/** The part of the run that is shown. */
export interface Window {
  readonly fromMs: number
  readonly toMs: number
}

/** Zooms about a point, within the whole; never closer than a tenth of a second. */
export function zoomed(window: Window, whole: Window, factor: number, aboutMs: number): Window {
  const length = Math.min(whole.toMs - whole.fromMs, Math.max(100, (window.toMs - window.fromMs) / factor))
  const share = (aboutMs - window.fromMs) / Math.max(1, window.toMs - window.fromMs)
  return moved({ fromMs: aboutMs - length * share, toMs: aboutMs + length * (1 - share) }, whole, 0)
}

/** Moves the window by milliseconds, within the whole. */
export function moved(window: Window, whole: Window, byMs: number): Window {
  const length = window.toMs - window.fromMs
  const fromMs = Math.min(Math.max(whole.fromMs, window.fromMs + byMs), Math.max(whole.fromMs, whole.toMs - length))
  return { fromMs, toMs: fromMs + length }
}

/** A round distance between marks on the time axis, for about one mark every 110 pixels. */
export function tickMs(window: Window, widthPixels: number): number {
  const wanted = (window.toMs - window.fromMs) / Math.max(1, widthPixels / 110)
  const steps = [100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000]
  return steps.find((step) => step >= wanted) ?? 14_400_000
}

/** The span of a lane at a time, with some tolerance so that a short test can be hit. */
export function spanAt(lane: Lane, ms: number, toleranceMs: number): Span | null {
  let best: Span | null = null
  let distance = toleranceMs
  for (const span of lane.spans) {
    if (span.startMs > ms + toleranceMs) break
    const away = ms < span.startMs ? span.startMs - ms : ms > span.endMs ? ms - span.endMs : 0
    if (away <= distance) {
      best = span
      distance = away
    }
  }
  return best
}
