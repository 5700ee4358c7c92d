import { describe, expect, test } from '@jest/globals'
import { matching, searchTexts } from '../../src/report/html/page/filter.js'
import { ranksOf } from '../../src/report/html/page/order.js'
import { pageData } from '../../src/report/html/run-data.js'
import { htmlPage, junitXml, prepare, summaryMarkdown, terminalText } from '../../src/report/index.js'
import { aRecord, aTest } from './builder.js'
import { severalSuites } from './several-suites.js'
import { elementsOf, parseXml } from './xml-reader.js'

const record = severalSuites
const rendered = prepare(record, null)

describe('a record of several suites', () => {
  test('has one testsuite for each suite and section, with its own counts', () => {
    const options = { dialect: 'annotated', maxTestBytes: 4096, sourceDirectories: {} } as const
    const root = parseXml([...junitXml(record, rendered.placement, options)].join(''))
    const suites = elementsOf(root, 'testsuite').map(({ attributes: { name, tests, failures } }) => [name, tests, failures])
    expect(suites).toEqual([
      ['fstests.xfs', '2', '1'],
      ['smoke.xfs', '1', '1'],
    ])
  })

  test('tells the suites apart wherever a person reads', () => {
    expect(summaryMarkdown(rendered)).toContain('`generic/001` on `smoke.xfs`')
    const terminal = terminalText(rendered, { colour: 'never', maxFailures: 10, directory: 'd', files: { report: 'r' } })
    expect(terminal).toContain('generic/001 on smoke.xfs')
    expect(terminal).toContain('vmtest run --suite smoke -s xfs generic/001')
    expect(terminal).toContain('vmtest run --fstests /src/xfstests --suite fstests -s xfs generic/002')
    expect([...htmlPage(rendered)].join('')).toContain('smoke.xfs')
  })

  test('is filtered by suite on the page', () => {
    const data = pageData(rendered, 0)
    const filter = { text: '', places: [], section: null, suite: 'smoke', sort: 'plan' as const }
    expect(matching(data, { texts: searchTexts(data), ranks: ranksOf(data) }, filter).map((index) => data.tests.name[index])).toEqual([
      'generic/001',
    ])
    expect(data.sections.map(({ name }) => name)).toEqual(['fstests.xfs', 'smoke.xfs'])
  })

  test('of one suite names sections as they are', () => {
    const single = prepare(aRecord([aTest('generic/001', { status: 'fail' })]), null)
    expect(summaryMarkdown(single)).toContain('`generic/001` on `xfs_4k`')
  })
})
