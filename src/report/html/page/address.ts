import { PLACES, type Place } from '../../bucket.js'
import type { PageData } from '../page-data.js'
import { type Filter, firstFilter, SORTS } from './filter.js'

export const VIEWS = ['tests', 'timeline', 'run'] as const
export type View = (typeof VIEWS)[number]

/** What the page shows: all of it has an address, so that it can be passed on. */
export interface Shown {
  readonly view: View
  readonly filter: Filter
  /** The test that is open; null: none. */
  readonly chosen: number | null
}

/** The address of what is shown, as a URL fragment with its `#`. What is as the page opens is left out. */
export function addressOf({ view, filter, chosen }: Shown, data: PageData): string {
  const first = firstFilter(data)
  const words = new URLSearchParams()
  if (filter.text !== '') words.set('q', filter.text)
  if (filter.places.join() !== first.places.join()) words.set('show', filter.places.length === 0 ? 'all' : filter.places.join())
  if (filter.suite !== null) words.set('suite', filter.suite)
  if (filter.section !== null) words.set('section', data.sections[filter.section]?.name ?? '')
  if (filter.sort !== first.sort) words.set('sort', filter.sort)
  if (chosen !== null) words.set('test', testName(data, chosen))
  const query = words.toString()
  return `#${view}${query === '' ? '' : `?${query}`}`
}

/** What an address means. What is wrong or missing in it is as the page opens; a test alone (`#xfs_4k:generic/001`) is one too. */
export function shownAt(hash: string, data: PageData): Shown {
  const first: Shown = { view: 'tests', filter: firstFilter(data), chosen: null }
  const [name = '', query = ''] = splitOnce(hash.replace(/^#/, ''), '?')
  const view = VIEWS.find((each) => each === name)
  if (view === undefined) return { ...first, chosen: findTest(data, decoded(name)) }
  const words = new URLSearchParams(query)
  const section = data.sections.findIndex((each) => each.name === words.get('section'))
  const suite = data.sections.find((each) => each.suite === words.get('suite'))?.suite ?? null
  return {
    view,
    filter: {
      text: words.get('q') ?? '',
      places: placesOf(words.get('show'), first.filter.places),
      suite,
      section: section < 0 || (suite !== null && data.sections[section]?.suite !== suite) ? null : section,
      sort: SORTS.find((each) => each === words.get('sort')) ?? first.filter.sort,
    },
    chosen: findTest(data, words.get('test')),
  }
}

function placesOf(word: string | null, first: readonly Place[]): readonly Place[] {
  if (word === null) return first
  if (word === 'all') return []
  const named = word.split(',').flatMap((each) => PLACES.find((place) => place === each) ?? [])
  return named.length === 0 ? first : named
}

const testName = (data: PageData, index: number): string =>
  `${data.sections[data.tests.section[index] ?? 0]?.name}:${data.tests.name[index]}`

function findTest(data: PageData, name: string | null): number | null {
  if (name === null || name === '') return null
  const found = data.tests.name.findIndex((_, index) => testName(data, index) === name)
  return found < 0 ? null : found
}

function splitOnce(text: string, at: string): readonly [string, string] {
  const place = text.indexOf(at)
  return place < 0 ? [text, ''] : [text.slice(0, place), text.slice(place + 1)]
}

/** An address someone cut in the middle of a character is no reason to show nothing. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
