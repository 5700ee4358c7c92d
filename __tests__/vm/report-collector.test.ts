import { expect, test } from '@jest/globals'
import { ReportCollector } from '../../src/vm/report-collector.js'
import { aReport } from '../report/builder.js'

test('equal reports are one, with how often they came', () => {
  const collector = new ReportCollector()
  const added = Array.from({ length: 3 }, () => collector.add(aReport({ title: 'WARNING in foo' })))
  expect(added).toEqual([true, false, false])
  collector.add(aReport({ title: 'WARNING in foo', test: 'generic/002' }))
  expect(collector.all().map(({ test: owner, count }) => [owner, count])).toEqual([
    ['generic/475', 3],
    ['generic/002', undefined],
  ])
})

test('one that comes after a thousand equal ones is kept, and of a flood of different ones it is said that there were more', () => {
  const collector = new ReportCollector()
  for (let index = 0; index < 5000; index += 1) collector.add(aReport({ kind: 'hung-task', title: 'INFO: task hung' }))
  collector.add(aReport({ title: 'KASAN: use-after-free in foo' }))
  expect(collector.all().map(({ title }) => title)).toEqual(['INFO: task hung', 'KASAN: use-after-free in foo'])
  for (let index = 0; index < 5000; index += 1) collector.add(aReport({ title: `WARNING in foo${index}` }))
  collector.add(aReport({ kind: 'panic', fatal: true, title: 'kernel panic: the end' }))
  const all = collector.all()
  expect(all).toHaveLength(1002)
  expect(all.slice(-2).map(({ title }) => title)).toEqual(['kernel panic: the end', 'more than 1000 different kernel reports'])
})
