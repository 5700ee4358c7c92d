import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { PLACES } from '../../bucket.js'
import type { PageData } from '../page-data.js'
import { Durations } from './durations.js'
import { count, outcome, placeName, SIGNS, time } from './format.js'
import { type Lane, lanesOf, moved, type Span, spanAt, type Window, zoomed } from './timeline-layout.js'
import { LANE, paint, TOP } from './timeline-paint.js'

interface Props {
  readonly data: PageData
  readonly onOpen: (test: number) => void
}

/** VMs as rows, tests as boxes, time from left to right. Arrow keys walk from test to test. */
export function Timeline({ data, onOpen }: Props) {
  const lanes = useMemo(() => lanesOf(data), [data])
  const present = useMemo(() => new Set(data.spans.test.map((test) => data.tests.place[test])), [data])
  const whole = useMemo(() => wholeOf(lanes), [lanes])
  const [window, setWindow] = useState<Window>(whole)
  const [at, setAt] = useState<{ lane: number; span: number } | null>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const width = useWidth(canvas)
  const colours = useColours()
  const here = at === null ? null : (lanes[at.lane]?.spans[at.span] ?? null)

  useLayoutEffect(() => {
    if (canvas.current !== null) paint(canvas.current, { data, lanes, window, width, chosen: here, colours })
  }, [data, lanes, window, width, here, colours])

  const choose = (lane: number, span: number) => {
    const found = lanes[lane]?.spans[span]
    if (found === undefined) return
    setAt({ lane, span })
    if (found.startMs < window.fromMs || found.startMs > window.toMs) {
      const middle = (window.fromMs + window.toMs) / 2
      setWindow(moved(window, whole, found.startMs - middle))
    }
  }
  const zoom = (factor: number) => setWindow(zoomed(window, whole, factor, here?.startMs ?? (window.fromMs + window.toMs) / 2))
  const move = (share: number) => setWindow(moved(window, whole, (window.toMs - window.fromMs) * share))
  const hit = (event: MouseEvent): { lane: number; span: Span } | null => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
    const lane = Math.floor((event.clientY - box.top - TOP) / LANE)
    const scale = (window.toMs - window.fromMs) / Math.max(1, width)
    const found = lanes[lane] === undefined ? null : spanAt(lanes[lane], window.fromMs + (event.clientX - box.left) * scale, 4 * scale)
    return found === null ? null : { lane, span: found }
  }
  const onPoint = (event: MouseEvent) => {
    const found = hit(event)
    setAt(found === null ? null : { lane: found.lane, span: lanes[found.lane]?.spans.indexOf(found.span) ?? 0 })
  }

  const onKeyDown = (event: KeyboardEvent) => {
    const lane = at?.lane ?? 0
    const span = at?.span ?? -1
    const nearest = (other: number) => nearestSpan(lanes[other], here?.startMs ?? window.fromMs)
    const actions: Record<string, () => void> = {
      ArrowRight: () => choose(lane, span + 1),
      ArrowLeft: () => choose(lane, Math.max(0, span - 1)),
      ArrowDown: () => choose(lane + 1, nearest(lane + 1)),
      ArrowUp: () => choose(lane - 1, nearest(lane - 1)),
      Home: () => choose(lane, 0),
      End: () => choose(lane, (lanes[lane]?.spans.length ?? 1) - 1),
      '+': () => zoom(2),
      '=': () => zoom(2),
      '-': () => zoom(0.5),
      Enter: () => here !== null && onOpen(here.test),
    }
    const action = actions[event.key]
    if (action === undefined) return
    event.preventDefault()
    action()
  }

  return (
    <div class="timeline" id="panel-timeline" role="tabpanel" aria-labelledby="tab-timeline">
      <div class="tools">
        <button type="button" onClick={() => move(-0.5)} aria-label="Earlier">
          ←
        </button>
        <button type="button" onClick={() => move(0.5)} aria-label="Later">
          →
        </button>
        <button type="button" onClick={() => zoom(2)} aria-label="Zoom in">
          +
        </button>
        <button type="button" onClick={() => zoom(0.5)} aria-label="Zoom out">
          −
        </button>
        <button type="button" onClick={() => setWindow(whole)}>
          whole run
        </button>
        <p class="now" role="status">
          {here === null
            ? `${count(lanes.length, 'VM')}, ${count(data.spans.test.length, 'test')} with times`
            : describe(data, here, at?.lane ?? 0, lanes)}
        </p>
        <p class="legend">
          {PLACES.filter((place) => present.has(place)).map((place) => (
            <span key={place} class={place}>
              <i /> {placeName(place, data.compared)}
            </span>
          ))}
        </p>
      </div>
      {lanes.length === 0 ? (
        <p class="none">The record has no times: nothing ran in a VM.</p>
      ) : (
        <canvas
          ref={canvas}
          tabIndex={0}
          aria-label="Timeline of VMs and tests. Arrow keys walk through the tests, Enter opens one, plus and minus zoom."
          style={{ height: `${TOP + lanes.length * LANE}px` }}
          onMouseMove={onPoint}
          onClick={(event) => {
            const found = hit(event)
            if (found !== null) onOpen(found.span.test)
          }}
          onKeyDown={onKeyDown}
        />
      )}
      <Durations data={data} onOpen={onOpen} />
    </div>
  )
}

function describe(data: PageData, span: Span, lane: number, lanes: readonly Lane[]): string {
  const place = data.tests.place[span.test] ?? 'pass'
  const section = data.sections[data.tests.section[span.test] ?? 0]?.name
  const usual = data.tests.usualMs[span.test]
  const length = span.endMs > span.startMs ? time(span.endMs - span.startMs) : 'time unknown'
  return `${SIGNS[place]} ${data.tests.name[span.test]} on ${section}: ${outcome(place, data.tests.status[span.test] ?? 'pass', data.compared)}, ${length}${usual ? ` (usually ${time(usual)})` : ''}, VM ${lanes[lane]?.guest}, at ${time(span.startMs)}`
}

function wholeOf(lanes: readonly Lane[]): Window {
  const start = Math.min(0, ...lanes.map((lane) => lane.startMs))
  const end = Math.max(1000, ...lanes.map((lane) => Math.max(lane.endMs, lane.spans.at(-1)?.endMs ?? 0)))
  return { fromMs: start, toMs: end + (end - start) * 0.01 }
}

function nearestSpan(lane: Lane | undefined, ms: number): number {
  const spans = lane?.spans ?? []
  let best = 0
  spans.forEach((span, index) => {
    if (Math.abs(span.startMs - ms) < Math.abs((spans[best]?.startMs ?? 0) - ms)) best = index
  })
  return best
}

function useWidth(canvas: { current: HTMLCanvasElement | null }): number {
  const [width, setWidth] = useState(800)
  useEffect(() => {
    const element = canvas.current
    if (element === null) return
    const observer = new ResizeObserver(() => setWidth(element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return width
}

/** A canvas does not follow the style sheet by itself: this number changes when the colours do. */
function useColours(): number {
  const [version, setVersion] = useState(0)
  useEffect(() => {
    const next = () => setVersion((value) => value + 1)
    const observer = new MutationObserver(next)
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
    return () => observer.disconnect()
  }, [])
  return version
}
