import type { Place } from '../../bucket.js'
import { STATUS_WORDS } from '../../words.js'
import type { PageData } from '../page-data.js'
import type { Ranks } from './order.js'

export const SORTS = ['importance', 'plan', 'name', 'slowest', 'slower'] as const
/** `slower`: by how much longer than usual. */
export type Sort = (typeof SORTS)[number]

export interface Filter {
  /** Words that must all occur in name, section or note, in any case. */
  readonly text: string
  /** Empty: every place. */
  readonly places: readonly Place[]
  /** Index into the sections; null: all. */
  readonly section: number | null
  /** Name of a suite; null: all. */
  readonly suite: string | null
  readonly sort: Sort
}

/** Places that want attention: shown first, the rest on demand. */
const ATTENTION: readonly Place[] = ['new', 'known', 'flaky', 'stale', 'notreached']

export function firstFilter(data: PageData): Filter {
  const present = new Set(data.tests.place)
  return { text: '', places: ATTENTION.filter((place) => present.has(place)), section: null, suite: null, sort: 'importance' }
}

/** What a search goes through, made once. */
export interface Searched {
  /** Of every test, in lower case. */
  readonly texts: readonly string[]
  readonly ranks: Ranks
}

/** Lower-case text of every test to search in. */
export function searchTexts(data: PageData): readonly string[] {
  const { name, section, note, status } = data.tests
  return name.map((each, index) =>
    `${each} ${data.sections[section[index] ?? 0]?.name ?? ''} ${data.sections[section[index] ?? 0]?.suite ?? ''} ${note[index] ?? ''} ${STATUS_WORDS[status[index] ?? 'pass']}`.toLowerCase(),
  )
}

/** Tests that fit, as indices, in the chosen order. */
export function matching(data: PageData, { texts, ranks }: Searched, filter: Filter): readonly number[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
  const places = new Set(filter.places)
  const { place, section } = data.tests
  const found: number[] = []
  const order = filter.sort === 'plan' ? null : ranks.orders[filter.sort]
  for (let at = 0; at < texts.length; at += 1) {
    const index = order === null ? at : (order[at] ?? at)
    if (places.size > 0 && !places.has(place[index] ?? 'pass')) continue
    if (filter.section !== null && section[index] !== filter.section) continue
    if (filter.suite !== null && data.sections[section[index] ?? 0]?.suite !== filter.suite) continue
    const text = texts[index] ?? ''
    if (words.every((word) => text.includes(word))) found.push(index)
  }
  return found
}

/** How many tests each place has, under the text and section of a filter. */
export function placeCounts(data: PageData, searched: Searched, filter: Filter): ReadonlyMap<Place, number> {
  const counts = new Map<Place, number>()
  for (const index of matching(data, searched, { ...filter, places: [], sort: 'plan' })) {
    const place = data.tests.place[index] ?? 'pass'
    counts.set(place, (counts.get(place) ?? 0) + 1)
  }
  return counts
}
