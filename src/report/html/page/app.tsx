import { useCallback, useEffect, useMemo, useRef } from 'preact/hooks'
import type { PageData } from '../page-data.js'
import type { View } from './address.js'
import { DetailPane } from './detail.js'
import { type Filter, matching, searchTexts } from './filter.js'
import { FilterBar } from './filter-bar.js'
import { Header } from './header.js'
import { TestList } from './list.js'
import { type Ranks, ranksOf, rowsOf } from './order.js'
import { RunView } from './run-view.js'
import { Timeline } from './timeline.js'
import { useAddress } from './use-address.js'

/** The whole page. State is here; everything below gets it as arguments. */
export function App({ data }: { data: PageData }) {
  const searched = useMemo(() => ({ texts: searchTexts(data), ranks: ranksOf(data) }), [data])
  const { shown, setShown } = useAddress(data, searched)
  const { view, filter, chosen } = shown
  const setView = useCallback((next: View) => setShown((before) => ({ ...before, view: next })), [])
  const setFilter = (next: Filter) => setShown((before) => ({ ...before, filter: next }))
  const setChosen = useCallback((next: number | null) => setShown((before) => ({ ...before, chosen: next })), [])
  const found = useMemo(() => matching(data, searched, filter), [data, searched, filter])
  const rows = useMemo(
    () =>
      filter.sort === 'importance'
        ? rowsOf(found, data, searched.ranks)
        : found.map((test, position) => ({ kind: 'test', test, position }) as const),
    [found, data, searched, filter.sort],
  )
  const alike = useMemo(() => othersAlike(data, searched.ranks, chosen), [data, searched, chosen])
  const search = useRef<HTMLInputElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)

  useShortcuts(search, () => setView('tests'))

  const open = useCallback((index: number) => {
    setShown((before) => ({ ...before, view: 'tests', chosen: index }))
    // The pane has to be there before it can take the focus.
    requestAnimationFrame(() => heading.current?.focus())
  }, [])
  const showReason = (text: string) => {
    setShown((before) => ({ ...before, view: 'tests', filter: { ...before.filter, text, places: [], section: null, suite: null } }))
  }
  const close = useCallback(() => {
    setChosen(null)
    requestAnimationFrame(() => document.getElementById('list')?.focus())
  }, [])

  return (
    <div class={`page ${chosen === null ? '' : 'has-detail'}`}>
      <Header data={data} view={view} onView={setView} />
      <main class="view">
        {view === 'tests' && (
          <div class="tests" id="panel-tests" role="tabpanel" aria-labelledby="tab-tests">
            <div class="left">
              <FilterBar data={data} searched={searched} filter={filter} onFilter={setFilter} shown={found.length} search={search} />
              <TestList data={data} rows={rows} total={found.length} chosen={chosen} onChoose={setChosen} onOpen={open} />
              <p class="keys">
                <kbd>/</kbd> search <kbd>↑</kbd> <kbd>↓</kbd> choose <kbd>Enter</kbd> read <kbd>Esc</kbd> back to the list
              </p>
            </div>
            <DetailPane data={data} chosen={chosen} heading={heading} onClose={close} onOpen={open} alike={alike} />
          </div>
        )}
        {view === 'timeline' && <Timeline data={data} onOpen={open} />}
        {view === 'run' && <RunView data={data} onReason={showReason} onOpen={open} />}
      </main>
    </div>
  )
}

/** `/` goes to the search field from anywhere but a field. */
function useShortcuts(search: { current: HTMLInputElement | null }, showTests: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return
      event.preventDefault()
      showTests()
      requestAnimationFrame(() => search.current?.focus())
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
}

function othersAlike(data: PageData, { cause }: Ranks, chosen: number | null): readonly number[] {
  const own = chosen === null ? null : (cause[chosen] ?? null)
  return own === null ? [] : (data.causes[own]?.tests.filter((test) => test !== chosen) ?? [])
}
