import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { PLACES } from '../../src/report/bucket.js'
import { prepare } from '../../src/report/context.js'
import { addressOf, shownAt, VIEWS } from '../../src/report/html/page/address.js'
import { firstFilter, SORTS } from '../../src/report/html/page/filter.js'
import { pageData } from '../../src/report/html/run-data.js'
import { aRecord, aTest } from './builder.js'
import { hostileText } from './hostile.js'
import { aStory } from './story.js'

const { record, comparison } = aStory()
const data = pageData(prepare(record, comparison), 0)

describe('an address', () => {
  test('brings back whatever is shown', () => {
    fc.assert(
      fc.property(
        fc.record({
          view: fc.constantFrom(...VIEWS),
          chosen: fc.option(fc.nat(data.tests.name.length - 1), { nil: null }),
          filter: fc.record({
            text: hostileText.map((text) => new TextDecoder().decode(new TextEncoder().encode(text))),
            places: fc.uniqueArray(fc.constantFrom(...PLACES)),
            section: fc.option(fc.nat(data.sections.length - 1), { nil: null }),
            suite: fc.constantFrom(null, 'fstests'),
            sort: fc.constantFrom(...SORTS),
          }),
        }),
        (shown) => {
          const address = addressOf(shown, data)
          expect(address).toMatch(/^#[!-~]*$/)
          expect(shownAt(address, data)).toEqual(shown)
        },
      ),
    )
  })

  test.each([
    ['', 'tests', null],
    ['#', 'tests', null],
    ['#timeline', 'timeline', null],
    ['#run', 'run', null],
    ['#tests?test=ext4_1k%3Ageneric%2F003', 'tests', 'generic/003'],
    ['#xfs_4k%3Ageneric%2F475', 'tests', 'generic/475'],
    ['#xfs_4k:generic/475', 'tests', 'generic/475'],
    ['#nothing', 'tests', null],
    ['#%E0%A4%A', 'tests', null],
    ['#run?test=no:such&show=nonsense&section=&sort=up&suite=none', 'run', null],
  ])('%j shows what it can', (address, view, name) => {
    const shown = shownAt(address, data)
    expect([shown.view, shown.chosen === null ? null : data.tests.name[shown.chosen]]).toEqual([view, name])
    expect(shown.filter).toEqual(firstFilter(data))
  })

  test('of a section that another suite has too is of the right one', () => {
    const both = aRecord([aTest('a', { section: 'x' }), aTest('a', { section: 'x', suite: 'smoke' })])
    const two = pageData(prepare({ ...both, plan: { ...both.plan, suites: ['fstests', 'smoke'] } }, null), 0)
    for (const section of [0, 1]) {
      const shown = { view: 'tests' as const, chosen: section, filter: { ...firstFilter(two), section } }
      expect(shownAt(addressOf(shown, two), two)).toEqual(shown)
    }
  })
})
