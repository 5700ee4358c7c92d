import { describe, expect, test } from '@jest/globals'
import { someRuns } from '../../bench/report-history.js'
import { prepare } from '../../src/report/context.js'
import { firstFilter, matching, searchTexts } from '../../src/report/html/page/filter.js'
import { ranksOf, rowsOf } from '../../src/report/html/page/order.js'
import { pageData } from '../../src/report/html/run-data.js'
import { comparisonOf } from '../../src/results/index.js'

const record = someRuns(20).at(-1)
if (record === undefined) throw new Error('no run')
const data = pageData(prepare(record, comparisonOf(record)), 0)
const searched = { texts: searchTexts(data), ranks: ranksOf(data) }
const shown = (changes: object) => matching(data, searched, { ...firstFilter(data), ...changes })
const rows = (changes: object = {}) =>
  rowsOf(shown(changes), data, searched.ranks).map((row) =>
    row.kind === 'test' ? data.tests.name[row.test] : `${row.tests}: ${data.causes[row.cause]?.title}`,
  )

describe('the list', () => {
  test('puts failures with one cause together, under what they have in common', () => {
    expect(rows()).toEqual([
      '3: output mismatch: +fsck: 3 errors',
      'generic/013',
      'generic/027',
      'generic/044',
      'generic/040',
      'generic/020',
      'generic/038',
    ])
  })

  test('has no heading over what a search leaves alone', () => {
    expect(rows({ text: 'generic/027' })).toEqual(['generic/027'])
  })

  test('counts tests, not headings', () => {
    const positions = rowsOf(shown({}), data, searched.ranks).flatMap((row) => (row.kind === 'test' ? row.position : []))
    expect(positions).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('sorts names by their numbers', () => {
    const names = shown({ sort: 'name', places: [], section: 0 }).map((index) => data.tests.name[index] ?? '')
    expect(names).toEqual([...names].sort((a, b) => a.localeCompare(b, 'en', { numeric: true })))
  })
})
