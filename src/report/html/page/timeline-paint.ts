import type { PageData } from '../page-data.js'
import { type Lane, type Span, tickMs, type Window } from './timeline-layout.js'

/** CSS pixels: the axis above, and one VM's row. */
export const TOP = 26
export const LANE = 40
const BAR = 20

interface Picture {
  readonly data: PageData
  readonly lanes: readonly Lane[]
  readonly window: Window
  readonly width: number
  readonly chosen: Span | null
  /** Changes when the colours did. */
  readonly colours: number
}

/** Draws the timeline. Only what is in the window is drawn. */
export function paint(canvas: HTMLCanvasElement, picture: Picture): void {
  const context = canvas.getContext('2d')
  if (context === null) return
  const height = TOP + picture.lanes.length * LANE
  const ratio = devicePixelRatio || 1
  canvas.width = Math.round(picture.width * ratio)
  canvas.height = Math.round(height * ratio)
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, picture.width, height)
  const style = getComputedStyle(canvas)
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
  context.font = `12px ${style.fontFamily}`
  const scale = picture.width / (picture.window.toMs - picture.window.fromMs)
  const x = (ms: number) => (ms - picture.window.fromMs) * scale
  axis(context, picture, { x, height, colour })
  for (const [row, lane] of picture.lanes.entries()) paintLane(context, picture, { lane, top: TOP + row * LANE, x, colour })
}

interface Axis {
  readonly x: (ms: number) => number
  readonly height: number
  readonly colour: (name: string) => string
}

function axis(context: CanvasRenderingContext2D, { window, width }: Picture, { x, height, colour }: Axis): void {
  const step = tickMs(window, width)
  context.strokeStyle = colour('line')
  context.fillStyle = colour('faint')
  context.textBaseline = 'top'
  for (let ms = Math.ceil(window.fromMs / step) * step; ms <= window.toMs; ms += step) {
    const left = Math.round(x(ms)) + 0.5
    context.beginPath()
    context.moveTo(left, 18)
    context.lineTo(left, height)
    context.stroke()
    context.fillText(clock(ms), left + 3, 2)
  }
}

/** Time since the run's start, for the axis. */
function clock(ms: number): string {
  const seconds = Math.round(ms / 100) / 10
  if (seconds < 60) return `${seconds} s`
  const whole = Math.round(seconds)
  const pad = (value: number) => String(value).padStart(2, '0')
  const minutes = `${Math.floor(whole / 60) % 60}`
  return whole < 3600 ? `${minutes}:${pad(whole % 60)}` : `${Math.floor(whole / 3600)}:${pad(Number(minutes))}:${pad(whole % 60)}`
}

interface LanePicture {
  readonly lane: Lane
  readonly top: number
  readonly x: (ms: number) => number
  readonly colour: (name: string) => string
}

function paintLane(
  context: CanvasRenderingContext2D,
  { data, window, width, chosen }: Picture,
  { lane, top, x, colour }: LanePicture,
): void {
  const left = Math.max(-2, x(lane.startMs))
  const right = Math.min(width + 2, x(lane.endMs))
  context.fillStyle = colour('lane')
  context.fillRect(left, top + 2, right - left, BAR)
  if (lane.readyMs !== null) {
    context.fillStyle = colour('boot')
    context.fillRect(left, top + 2, Math.min(right, x(lane.readyMs)) - left, BAR)
  }
  const inSight = lane.spans.filter((span) => span.endMs >= window.fromMs && span.startMs <= window.toMs)
  // Failures last and never thinner than three pixels: among thousands of passes they must not be covered.
  const paintSpan = spanPainter(data, colour)
  for (const span of inSight.filter(isQuiet)) paintSpan(context, span, { from: x(span.startMs), to: x(span.endMs), least: 1, top })
  for (const span of inSight.filter((each) => !isQuiet(each)))
    paintSpan(context, span, { from: x(span.startMs), to: x(span.endMs), least: 3, top })
  if (chosen !== null && lane.spans.includes(chosen)) {
    context.strokeStyle = colour('text')
    context.lineWidth = 2
    context.strokeRect(x(chosen.startMs) - 2, top, Math.max(1.5, x(chosen.endMs) - x(chosen.startMs)) + 4, BAR + 4)
    context.lineWidth = 1
  }
  context.fillStyle = colour(lane.tone === 'bad' ? 'new' : 'faint')
  context.textBaseline = 'top'
  context.fillText(
    `VM ${lane.guest}${lane.exit === '' ? '' : `: ${lane.exit}`}`,
    Math.max(0, left),
    top + BAR + 4,
    Math.max(60, width - left),
  )
}

interface SpanPicture {
  readonly from: number
  readonly to: number
  /** Pixels it has at least. */
  readonly least: number
  readonly top: number
}

function spanPainter(data: PageData, colour: (name: string) => string) {
  return (context: CanvasRenderingContext2D, span: Span, { from, to, least, top }: SpanPicture): void => {
    // An attempt that passed is green, also where the test as a whole is flaky or known.
    const quiet = isQuiet(span)
    const length = Math.max(least, to - from - 0.5)
    context.fillStyle = colour(quiet ? `${span.status}-fill` : (data.tests.place[span.test] ?? 'new'))
    context.fillRect(from, top + 2, length, BAR)
    const name = data.tests.name[span.test] ?? ''
    if (length < 40 || context.measureText(name).width > length - 8) return
    context.fillStyle = colour(quiet ? 'text' : 'on-colour')
    context.textBaseline = 'middle'
    context.fillText(name, Math.max(4, from + 4), top + 2 + BAR / 2)
  }
}

/** Green or grey: nothing to look at. */
const isQuiet = (span: Span): boolean => span.status === 'pass' || span.status === 'notrun'
