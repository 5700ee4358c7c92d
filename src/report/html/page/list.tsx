import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { PageData } from '../page-data.js'
import { count, outcome, SIGNS, time } from './format.js'
import type { Row } from './order.js'
import { PastMarks } from './past-marks.js'

interface Props {
  readonly data: PageData
  /** The tests to show, in order, with headings between them. */
  readonly rows: readonly Row[]
  /** How many of them are tests. */
  readonly total: number
  readonly chosen: number | null
  readonly onChoose: (index: number) => void
  readonly onOpen: (index: number) => void
}

/** Rows kept around the visible ones, so that scrolling never shows a gap. */
const OVERSCAN = 12

/** A list box that holds only the rows in sight: 50 000 tests cost as much as 50. */
export function TestList({ data, rows, total, chosen, onChoose, onOpen }: Props) {
  const box = useRef<HTMLDivElement>(null)
  const [scroll, setScroll] = useState({ top: 0, height: 600 })
  const rowHeight = useRowHeight()
  const position = useMemo(
    () => (chosen === null ? -1 : rows.findIndex((row) => row.kind === 'test' && row.test === chosen)),
    [rows, chosen],
  )

  useLayoutEffect(() => {
    const element = box.current
    if (element === null) return
    const measure = () => setScroll({ top: element.scrollTop, height: element.clientHeight })
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  useEffect(() => {
    const element = box.current
    if (element === null || position < 0) return
    const top = position * rowHeight
    if (top < element.scrollTop) element.scrollTop = top
    else if (top + rowHeight > element.scrollTop + element.clientHeight) element.scrollTop = top + rowHeight - element.clientHeight
  }, [position, rowHeight])

  const first = Math.max(0, Math.floor(scroll.top / rowHeight) - OVERSCAN)
  const last = Math.min(rows.length, Math.ceil((scroll.top + scroll.height) / rowHeight) + OVERSCAN)
  const page = Math.max(1, Math.floor(scroll.height / rowHeight) - 1)

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && chosen !== null) {
      event.preventDefault()
      onOpen(chosen)
      return
    }
    const next = target(event.key, position, page, rows.length)
    const index = next === null ? null : nearestTest(rows, next, next < position || next === rows.length - 1 ? -1 : 1)
    if (index === null) return
    event.preventDefault()
    onChoose(index)
  }

  return (
    <div
      ref={box}
      id="list"
      class="list"
      role="listbox"
      aria-label="Tests"
      tabIndex={0}
      aria-activedescendant={position < 0 ? undefined : `row-${chosen}`}
      onScroll={(event) => setScroll({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })}
      onKeyDown={onKeyDown}
    >
      {rows.length === 0 && <p class="none">No test fits. Clear the search or choose “all”.</p>}
      <div class="rows" style={{ height: `${rows.length * rowHeight}px` }}>
        {rows.slice(first, last).map((row, offset) => {
          const top = (first + offset) * rowHeight
          if (row.kind === 'cause') return <CauseRow key={`cause-${first + offset}`} data={data} row={row} top={top} />
          const { test } = row
          return (
            <TestRow
              key={test}
              data={data}
              index={test}
              position={row.position}
              total={total}
              top={top}
              chosen={test === chosen}
              onClick={() => onOpen(test)}
            />
          )
        })}
      </div>
    </div>
  )
}

/** The test at a row, or the next one in a direction (and back, at an end); null where there is none. */
function nearestTest(rows: readonly Row[], start: number, step: 1 | -1): number | null {
  for (const direction of [step, -step]) {
    for (let index = start; index >= 0 && index < rows.length; index += direction) {
      const row = rows[index]
      if (row?.kind === 'test') return row.test
    }
  }
  return null
}

/** Where a key leads in the list; null: nowhere. */
function target(key: string, position: number, page: number, length: number): number | null {
  const clamp = (value: number) => Math.min(length - 1, Math.max(0, value))
  switch (key) {
    case 'ArrowDown':
    case 'j':
      return clamp(position + 1)
    case 'ArrowUp':
    case 'k':
      return clamp(position - 1)
    case 'PageDown':
      return clamp(position + page)
    case 'PageUp':
      return clamp(position - page)
    case 'Home':
      return 0
    case 'End':
      return clamp(length - 1)
    default:
      return null
  }
}

interface RowProps {
  readonly data: PageData
  readonly index: number
  readonly position: number
  readonly total: number
  readonly top: number
  readonly chosen: boolean
  readonly onClick: () => void
}

/** The heading of tests that fail alike. */
function CauseRow({ data, row, top }: { data: PageData; row: Extract<Row, { kind: 'cause' }>; top: number }) {
  return (
    <div class="row cause" role="presentation" style={{ transform: `translateY(${top}px)` }}>
      <strong>{count(row.tests, 'test')} with one cause</strong>
      <span class="note">{data.causes[row.cause]?.title}</span>
    </div>
  )
}

function TestRow({ data, index, position, total, top, chosen, onClick }: RowProps) {
  const { tests } = data
  const place = tests.place[index] ?? 'pass'
  const change = tests.change[index] ?? ''
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list box handles the keys for its options
    // biome-ignore lint/a11y/useFocusableInteractive: options of a list box are reached through aria-activedescendant
    <div
      id={`row-${index}`}
      class={`row ${place}`}
      role="option"
      aria-selected={chosen}
      aria-posinset={position + 1}
      aria-setsize={total}
      style={{ transform: `translateY(${top}px)` }}
      onClick={onClick}
    >
      <span class="badge">
        <span aria-hidden="true">{SIGNS[place]}</span> {outcome(place, tests.status[index] ?? 'pass', data.compared)}
      </span>
      <span class="name">{tests.name[index]}</span>
      <span class="section">{data.sections[tests.section[index] ?? 0]?.name}</span>
      <span class="note">
        {change !== '' && <em>{change}</em>}
        {tests.note[index]}
      </span>
      <PastMarks letters={tests.past[index] ?? ''} />
      <span class="time">{time(tests.ms[index] ?? null)}</span>
    </div>
  )
}

/** Rows take two lines where there is no room for one; the style sheet and this must agree. */
function useRowHeight(): number {
  const [narrow, setNarrow] = useState(() => matchMedia('(max-width: 45rem)').matches)
  useEffect(() => {
    const query = matchMedia('(max-width: 45rem)')
    const onChange = () => setNarrow(query.matches)
    query.addEventListener('change', onChange)
    return () => query.removeEventListener('change', onChange)
  }, [])
  return narrow ? 58 : 34
}
