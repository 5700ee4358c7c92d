import type { TestStatus } from '../../../domain/test.js'
import { STATUS_WORDS } from '../../words.js'
import type { PageData, PagePast } from '../page-data.js'
import { time } from './format.js'

interface Props {
  readonly data: PageData
  /** Earlier runs, oldest first. */
  readonly history: readonly PagePast[]
  /** In a sentence, without its full stop. */
  readonly past: string
  readonly now: { readonly status: TestStatus | 'flaky'; readonly ms: number | null }
}

const BARS = 40
const STEP = 16
const WORDS: Readonly<Record<PagePast[0], string>> = { ...STATUS_WORDS, flaky: 'flaky' }
const MARKS: Readonly<Record<PagePast[0], string>> = {
  pass: '✓',
  fail: '✕',
  crashed: '✕',
  timeout: '✕',
  flaky: '≈',
  notrun: '–',
  notreached: '○',
  expunged: '⊘',
}

/** How the test did in earlier runs and in this one: a mark for the verdict, a bar for the time. */
export function HistoryChart({ data, history, past, now }: Props) {
  const runs: readonly PagePast[] = [...history, [now.status, now.ms, null]]
  const longest = Math.max(1, ...runs.map(([, ms]) => ms ?? 0))
  const width = runs.length * STEP
  return (
    <section class="past" aria-label="Earlier runs">
      <h4>Earlier runs</h4>
      <p>It {past}.</p>
      <svg class="history" viewBox={`0 0 ${width} ${BARS + 20}`} width={width} height={BARS + 20} role="img" aria-label={past}>
        {runs.map(([status, ms, run], index) => {
          const height = Math.max(2, ((ms ?? 0) / longest) * BARS)
          const isNow = index === runs.length - 1
          return (
            <g key={index} class={`${status} ${isNow ? 'now' : ''}`}>
              <title>{`${isNow ? 'this run' : dateOf(data, run)}: ${WORDS[status]}${ms === null ? '' : `, ${time(ms)}`}`}</title>
              <rect x={index * STEP} y={BARS - height} width={STEP - 4} height={height} rx={1.5} />
              <text x={index * STEP + (STEP - 4) / 2} y={BARS + 14} text-anchor="middle">
                {MARKS[status]}
              </text>
            </g>
          )
        })}
      </svg>
      <details>
        <summary>Each run</summary>
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">run</th>
                <th scope="col">verdict</th>
                <th scope="col">time</th>
                <th scope="col">kernel</th>
                <th scope="col">commit</th>
              </tr>
            </thead>
            <tbody>
              {[...history].reverse().map(([status, ms, run], index) => (
                <tr key={index}>
                  <td>{dateOf(data, run)}</td>
                  <td>{WORDS[status]}</td>
                  <td>{time(ms)}</td>
                  <td>{run === null ? '' : data.pastRuns[run]?.kernel}</td>
                  <td>{run === null ? '' : data.pastRuns[run]?.commit}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  )
}

const dateOf = (data: PageData, run: number | null): string =>
  run === null ? 'earlier' : (data.pastRuns[run]?.startedAt ?? '').slice(0, 16).replace('T', ' ')
