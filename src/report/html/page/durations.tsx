import { useMemo } from 'preact/hooks'
import type { PageData } from '../page-data.js'
import { time } from './format.js'

interface Props {
  readonly data: PageData
  readonly onOpen: (test: number) => void
}

const ROWS = 12

/** Where the time went, and what became slower. */
export function Durations({ data, onOpen }: Props) {
  const { slowest, slower } = useMemo(() => rankings(data), [data])
  return (
    <div class="durations">
      <Ranking title="Slowest tests" data={data} tests={slowest} onOpen={onOpen} />
      <Ranking title="Slower than usual" data={data} tests={slower} onOpen={onOpen} />
    </div>
  )
}

function rankings(data: PageData) {
  const { ms, usualMs } = data.tests
  const all = ms.map((_, index) => index)
  const excess = (index: number) => (ms[index] ?? 0) - (usualMs[index] ?? Number.POSITIVE_INFINITY)
  // A second more and half as much again: less than that is noise.
  const notable = (index: number) => excess(index) > 1000 && excess(index) > (usualMs[index] ?? 0) / 2
  return {
    slowest: all
      .filter((index) => (ms[index] ?? 0) > 0)
      .sort((a, b) => (ms[b] ?? 0) - (ms[a] ?? 0))
      .slice(0, ROWS),
    slower: all
      .filter(notable)
      .sort((a, b) => excess(b) - excess(a))
      .slice(0, ROWS),
  }
}

function Ranking({ title, data, tests, onOpen }: Props & { title: string; tests: readonly number[] }) {
  if (tests.length === 0) return null
  const { ms, usualMs } = data.tests
  const longest = Math.max(1, ...tests.map((index) => ms[index] ?? 0))
  const share = (value: number | null | undefined) => `${Math.min(100, ((value ?? 0) / longest) * 100)}%`
  return (
    <section>
      <h2>{title}</h2>
      <ul>
        {tests.map((index) => (
          <li key={index} class={data.tests.place[index]}>
            <button type="button" class="link" onClick={() => onOpen(index)}>
              {data.tests.name[index]}
            </button>
            <small>{data.sections[data.tests.section[index] ?? 0]?.name}</small>
            <span class="track" aria-hidden="true">
              <span class="fill" style={{ width: share(ms[index]) }} />
              {usualMs[index] !== null && <span class="usual" style={{ left: share(usualMs[index]) }} />}
            </span>
            <span class="time">
              {time(ms[index] ?? null)}
              {usualMs[index] !== null && <small> usually {time(usualMs[index] ?? null)}</small>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
