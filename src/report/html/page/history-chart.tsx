import { time } from './format.js'

interface Props {
  /** Earlier runs, oldest first: status and milliseconds. */
  readonly history: readonly (readonly [string, number | null])[]
  /** Seconds of this run. */
  readonly nowMs: number | null
}

const HEIGHT = 48
const STEP = 10

/** Durations of earlier runs and of this one, as bars. */
export function HistoryChart({ history, nowMs }: Props) {
  const now = nowMs === null ? null : nowMs * 1000
  const bars = [...history, ...(now === null ? [] : [['now', now] as const])]
  const longest = Math.max(1, ...bars.map(([, ms]) => ms ?? 0))
  const failures = history.filter(([status]) => status !== 'pass' && status !== 'notrun').length
  const times = history.flatMap(([status, ms]) => (status === 'pass' && ms !== null ? [ms] : [])).sort((a, b) => a - b)
  const usual = times[Math.floor(times.length / 2)]
  const text = `${history.length} earlier runs, ${failures} failed${usual === undefined ? '' : `, usually ${time(usual)}`}`
  return (
    <>
      <h4>Earlier runs</h4>
      <svg class="history" width={bars.length * STEP} height={HEIGHT} role="img" aria-label={text}>
        {bars.map(([status, ms], index) => {
          const height = Math.max(3, ((ms ?? 0) / longest) * (HEIGHT - 2))
          return (
            <rect key={index} class={status} x={index * STEP} y={HEIGHT - height} width={STEP - 3} height={height} rx={1}>
              <title>{`${status} ${time(ms)}`}</title>
            </rect>
          )
        })}
      </svg>
      <p class="faint">{text}; this run last.</p>
    </>
  )
}
