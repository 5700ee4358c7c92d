import type { RefObject } from 'preact'
import { useMemo } from 'preact/hooks'
import { PLACES, type Place } from '../../bucket.js'
import type { PageData } from '../page-data.js'
import { type Filter, placeCounts, type Searched, SORTS, type Sort } from './filter.js'
import { count, PLACE_MEANINGS, placeName, SIGNS } from './format.js'

interface Props {
  readonly data: PageData
  readonly searched: Searched
  readonly filter: Filter
  readonly onFilter: (filter: Filter) => void
  readonly shown: number
  readonly search: RefObject<HTMLInputElement | null>
}

const SORT_NAMES: Readonly<Record<Sort, string>> = {
  importance: 'most important first',
  plan: 'in the order run',
  name: 'by name',
  slowest: 'slowest first',
  slower: 'slower than usual first',
}

/** Text, places, section and order. */
export function FilterBar({ data, searched, filter, onFilter, shown, search }: Props) {
  const present = useMemo(() => new Set(data.tests.place), [data])
  const counts = useMemo(() => placeCounts(data, searched, filter), [data, searched, filter.text, filter.section, filter.suite])
  const suites = useMemo(() => [...new Set(data.sections.map(({ suite }) => suite))], [data])
  const toggle = (place: Place) => {
    const places = filter.places.includes(place) ? filter.places.filter((each) => each !== place) : [...filter.places, place]
    onFilter({ ...filter, places })
  }
  return (
    <search class="filters">
      <div class="fields">
        <input
          ref={search}
          type="search"
          placeholder="Test, section or message"
          aria-label="Search tests"
          value={filter.text}
          onInput={(event) => onFilter({ ...filter, text: event.currentTarget.value })}
        />
        {suites.length > 1 && (
          <select
            aria-label="Suite"
            value={filter.suite ?? ''}
            onChange={(event) => {
              const suite = event.currentTarget.value === '' ? null : event.currentTarget.value
              onFilter({ ...filter, suite, section: null })
            }}
          >
            <option value="">all suites</option>
            {suites.map((suite) => (
              <option key={suite} value={suite}>
                {suite}
              </option>
            ))}
          </select>
        )}
        {data.sections.length > 1 && (
          <select
            aria-label="Section"
            value={filter.section ?? ''}
            onChange={(event) =>
              onFilter({ ...filter, section: event.currentTarget.value === '' ? null : Number(event.currentTarget.value) })
            }
          >
            <option value="">all sections</option>
            {data.sections.map((section, index) =>
              filter.suite === null || filter.suite === section.suite ? (
                <option key={section.name} value={index}>
                  {section.name}
                </option>
              ) : null,
            )}
          </select>
        )}
        <select
          aria-label="Order"
          value={filter.sort}
          onChange={(event) => onFilter({ ...filter, sort: SORTS.find((each) => each === event.currentTarget.value) ?? 'plan' })}
        >
          {SORTS.map((sort) => (
            <option key={sort} value={sort}>
              {SORT_NAMES[sort]}
            </option>
          ))}
        </select>
      </div>
      <fieldset class="chips">
        <legend class="unseen">Show</legend>
        <button
          type="button"
          class="chip all"
          aria-pressed={filter.places.length === 0}
          onClick={() => onFilter({ ...filter, places: [] })}
        >
          all
        </button>
        {PLACES.filter((place) => present.has(place)).map((place) => (
          <button
            key={place}
            type="button"
            class={`chip ${place}`}
            aria-pressed={filter.places.includes(place)}
            title={PLACE_MEANINGS[place]}
            onClick={() => toggle(place)}
          >
            <span aria-hidden="true">{SIGNS[place]}</span> {placeName(place, data.compared)}{' '}
            <b>{(counts.get(place) ?? 0).toLocaleString('en')}</b>
          </button>
        ))}
      </fieldset>
      <p class="shown" role="status">
        {shown.toLocaleString('en')} of {count(data.tests.name.length, 'test')}
      </p>
    </search>
  )
}
