import { useEffect, useState } from 'preact/hooks'
import type { PageData } from '../page-data.js'
import { addressOf, type Shown, shownAt } from './address.js'
import { matching, type Searched } from './filter.js'

const isWide = (): boolean => matchMedia('(min-width: 60rem)').matches

/**
 * What is shown, kept in the address: whoever gets it sees the same, and going back leads to the view before. Some browsers refuse the
 * latter for local files: no matter.
 */
export function useAddress(data: PageData, searched: Searched) {
  const [shown, setShown] = useState<Shown>(() => opened(data, searched))
  useEffect(() => {
    const onAddress = () => setShown(shownAt(location.hash, data))
    addEventListener('hashchange', onAddress)
    addEventListener('popstate', onAddress)
    return () => {
      removeEventListener('hashchange', onAddress)
      removeEventListener('popstate', onAddress)
    }
  }, [data])
  useEffect(() => {
    const address = addressOf(shown, data)
    if (address === location.hash) return
    const isOtherView = location.hash.length > 1 && shownAt(location.hash, data).view !== shown.view
    try {
      if (isOtherView) history.pushState(null, '', address)
      else history.replaceState(null, '', address)
    } catch {
      // The page works without.
    }
  }, [shown, data])
  return { shown, setShown }
}

/** As the page opens: as its address says, else with the first test open where there is room for it. */
function opened(data: PageData, searched: Searched): Shown {
  const shown = shownAt(location.hash, data)
  if (shown.chosen !== null || !isWide()) return shown
  return { ...shown, chosen: matching(data, searched, shown.filter)[0] ?? null }
}
