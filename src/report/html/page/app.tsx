import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { PageData } from '../page-data.js'
import { DetailPane } from './detail.js'
import { type Filter, firstFilter, matching, searchTexts } from './filter.js'
import { FilterBar } from './filter-bar.js'
import { Header, type View } from './header.js'
import { TestList } from './list.js'
import { RunView } from './run-view.js'
import { Timeline } from './timeline.js'

/** The whole page. State is here; everything below gets it as arguments. */
export function App({ data }: { data: PageData }) {
  const texts = useMemo(() => searchTexts(data), [data])
  const [view, setView] = useState<View>('tests')
  const [filter, setFilter] = useState<Filter>(() => firstFilter(data))
  const shown = useMemo(() => matching(data, texts, filter), [data, texts, filter])
  const [chosen, setChosen] = useState<number | null>(
    () => fromHash(data) ?? (isWide() ? (matching(data, texts, filter)[0] ?? null) : null),
  )
  const search = useRef<HTMLInputElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)

  useEffect(() => remember(data, chosen), [data, chosen])
  useShortcuts(search, () => setView('tests'))

  const open = useCallback((index: number) => {
    setView('tests')
    setChosen(index)
    // The pane has to be there before it can take the focus.
    requestAnimationFrame(() => heading.current?.focus())
  }, [])
  const showReason = (text: string) => {
    setView('tests')
    setFilter({ ...filter, text, places: [], section: null, suite: null })
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
              <FilterBar data={data} texts={texts} filter={filter} onFilter={setFilter} shown={shown.length} search={search} />
              <TestList data={data} shown={shown} chosen={chosen} onChoose={setChosen} onOpen={open} />
              <p class="keys">
                <kbd>/</kbd> search <kbd>↑</kbd> <kbd>↓</kbd> choose <kbd>Enter</kbd> read <kbd>Esc</kbd> back to the list
              </p>
            </div>
            <DetailPane data={data} chosen={chosen} heading={heading} onClose={close} />
          </div>
        )}
        {view === 'timeline' && <Timeline data={data} onOpen={open} />}
        {view === 'run' && <RunView data={data} onReason={showReason} />}
      </main>
    </div>
  )
}

const isWide = (): boolean => matchMedia('(min-width: 60rem)').matches

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

const linkOf = (data: PageData, index: number): string =>
  `#${encodeURIComponent(`${data.sections[data.tests.section[index] ?? 0]?.name}:${data.tests.name[index]}`)}`

function fromHash(data: PageData): number | null {
  if (location.hash.length < 2) return null
  const found = data.tests.name.findIndex((_, index) => linkOf(data, index) === location.hash)
  return found < 0 ? null : found
}

/** The address names the test shown, so that it can be passed on. Some browsers refuse this for local files: no matter. */
function remember(data: PageData, chosen: number | null): void {
  try {
    history.replaceState(null, '', chosen === null ? '#' : linkOf(data, chosen))
  } catch {
    // The page works without.
  }
}
