import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { RunRecord } from '../../src/domain/record.js'
import type { Comparison } from '../../src/domain/stages.js'
import { prepare, type ReportContext } from '../../src/report/context.js'
import { htmlPage } from '../../src/report/html/index.js'
import { firstFilter, matching, placeCounts, searchTexts } from '../../src/report/html/page/filter.js'
import { time } from '../../src/report/html/page/format.js'
import { ranksOf } from '../../src/report/html/page/order.js'
import { lanesOf, moved, spanAt, tickMs, zoomed } from '../../src/report/html/page/timeline-layout.js'
import { pageScript, pageStyle, scriptHash, styleHash } from '../../src/report/html/page.generated.js'
import type { PageData, PageDetail } from '../../src/report/html/page-data.js'
import { pageData } from '../../src/report/html/run-data.js'
import { relativeLink } from '../../src/report/relative-link.js'
import { anAttempt, aRecord, aReport, aTest } from './builder.js'
import { hostileRecord } from './hostile.js'
import { aStory } from './story.js'

const write = (record: RunRecord, comparison: Comparison | null = null, context: ReportContext = {}) =>
  [...htmlPage(prepare(record, comparison, context))].join('')

/** The data elements by id, as a browser would cut them out of the page. */
function dataOf(page: string): Map<string, unknown> {
  const found = page.matchAll(/<script type="application\/json" id="(\w+)">(.*?)<\/script>/gs)
  return new Map([...found].map(([, id, json]) => [id ?? '', JSON.parse(json ?? '')]))
}

const { record, comparison, baseline } = aStory()

describe('the page', () => {
  const page = write(record, comparison, { baseline })

  test('runs only our script and style, by hash, and loads nothing', () => {
    const hash = (text: string) => `sha256-${createHash('sha256').update(text).digest('base64')}`
    expect(hash(pageScript)).toBe(scriptHash)
    expect(hash(pageStyle)).toBe(styleHash)
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1]?.split('; ')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain(`script-src '${scriptHash}'`)
    expect(page.indexOf('Content-Security-Policy')).toBeLessThan(page.indexOf('<style'))
    expect(page).not.toMatch(/(src|href)=["']?(https?:)?\/\//)
    expect(pageScript).not.toContain('</script')
  })

  test('says the verdict without script too', () => {
    expect(page).toContain('<h1>3 new failures</h1>')
    expect(page).toContain('<li>generic/475 on xfs_4k: KASAN: slab-use-after-free Read in xfs_iget</li>')
  })

  test('holds every test in its place, and the details of each', () => {
    const data = dataOf(page)
    const run = data.get('run') as PageData
    expect(run.tests.name).toEqual(record.tests.map((each) => each.name))
    expect(
      Object.fromEntries(run.tests.name.map((name, index) => [`${run.tests.section[index]} ${name}`, run.tests.place[index]])),
    ).toEqual({
      '0 generic/001': 'pass',
      '0 generic/013': 'new',
      '0 generic/019': 'notrun',
      '0 generic/020': 'known',
      '0 generic/070': 'flaky',
      '0 generic/100': 'pass',
      '0 generic/475': 'new',
      '0 generic/476': 'notreached',
      '0 xfs/073': 'xfail',
      '0 xfs/074': 'stale',
      '0 xfs/191': 'expunged',
      '1 generic/001': 'pass',
      '1 generic/002': 'notrun',
      '1 generic/003': 'new',
    })
    expect(run.tests.change[5]).toBe('fixed')
    expect(run.vanished).toEqual([{ suite: 'fstests', section: 'xfs_4k', name: 'generic/999' }])
    const crash = data.get('t6') as PageDetail
    expect(crash.reproduce).toBe('vmtest run -s xfs_4k generic/475')
    expect(crash.attempts[0]?.reports[0]?.frames[1]).toEqual(['xfs_iget', 'fs/xfs/xfs_icache.c:788'])
    expect(crash.attempts[0]?.logs).toContainEqual(['console of the VM', 'guests/1/console.log'])
    expect(record.tests.every((_, index) => data.has(`t${index}`))).toBe(true)
  })

  test('hostile text ends no element and is no markup', () => {
    fc.assert(
      fc.property(hostileRecord, (hostile) => {
        const text = write(hostile)
        const outside = text
          .replace(/<script type="application\/json" id="\w+">[^<]*<\/script>/g, '')
          .replace(pageScript, '')
          .replace(pageStyle, '')
        expect(outside.match(/<script/g)).toHaveLength(1)
        expect(outside).not.toMatch(/<(img|iframe|a|svg|link|object|embed|!--)/i)
        const run = dataOf(text).get('run') as PageData
        expect(run.tests.name).toHaveLength(hostile.tests.length)
      }),
      { numRuns: 60 },
    )
  })

  test('only links to the web are links', () => {
    const linked = (link: string) => {
      const stale = aRecord([aTest('generic/001', { expectedFailure: { reason: 'x', link } })])
      return (dataOf(write(stale)).get('t0') as PageDetail).expected?.link
    }
    expect(linked('https://lore.kernel.org/x')).toBe('https://lore.kernel.org/x')
    for (const link of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', ' https://a b']) expect(linked(link)).toBeNull()
  })

  test('texts are capped per test and over all, important tests first', () => {
    const big = aReport({ lines: Array.from({ length: 4000 }, (_, index) => `line ${index} ${'x'.repeat(60)}`) })
    const failing = (index: number) =>
      aTest(`generic/${index}`, {
        status: 'fail',
        attempts: [anAttempt({ status: 'fail', reports: [big], logs: { console: 'guests/1/console.log' } })],
      })
    const page = write(aRecord([aTest('generic/pass'), ...Array.from({ length: 700 }, (_, index) => failing(index))]))
    expect(Buffer.byteLength(page)).toBeLessThan(28 * 1024 * 1024)
    const data = dataOf(page)
    const detail = data.get('t1') as PageDetail
    expect(Buffer.byteLength(detail.attempts[0]?.reports[0]?.log ?? '')).toBeLessThanOrEqual(48 * 1024)
    expect(detail.attempts[0]?.reports[0]?.log).toContain('see guests/1/console.log in the artifact')
    expect(data.has('t0')).toBe(false)
    expect((data.get('run') as PageData).withoutDetails).toBeGreaterThan(0)
  })

  test('a history gives the usual time and earlier verdicts', () => {
    const run = { startedAt: '2026-11-23T05:00:00.000Z', kernelRelease: '6.18.0-rc1', commit: 'a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6a7b8c9d0' }
    const history = () =>
      [3, 1, 2, 9].map((seconds, index) => ({ status: index === 3 ? ('fail' as const) : ('pass' as const), seconds, run }))
    const data = dataOf(write(aRecord([aTest('generic/001')]), null, { history }))
    expect((data.get('run') as PageData).tests.usualMs).toEqual([2000])
    expect((data.get('t0') as PageDetail).history.at(-1)).toEqual(['fail', 9000, 0])
    expect((data.get('run') as PageData).pastRuns).toEqual([
      { startedAt: '2026-11-23T05:00:00.000Z', kernel: '6.18.0-rc1', commit: 'a1b2c3d4e5f6' },
    ])
    expect((data.get('t0') as PageDetail).past).toBe(
      'failed in 1 of 4 runs before; flaky in 25 %; last passed 2026-11-23 on 6.18.0-rc1 (a1b2c3d4e5f6); failing since 2026-11-23 on 6.18.0-rc1 (a1b2c3d4e5f6)',
    )
  })
})

describe('filtering', () => {
  const data = pageData(prepare(record, comparison), 0)
  const texts = { texts: searchTexts(data), ranks: ranksOf(data) }
  const names = (changes: Parameters<typeof matching>[2]) => matching(data, texts, changes).map((index) => data.tests.name[index])
  const all = { text: '', places: [], section: null, suite: null, sort: 'plan' as const }

  test('begins with what wants attention, the most important first', () => {
    expect(names(firstFilter(data))).toEqual([
      'generic/013',
      'generic/475',
      'generic/003',
      'generic/020',
      'generic/070',
      'xfs/074',
      'generic/476',
    ])
  })

  test.each([
    ['a place', { ...all, places: ['notrun' as const] }, ['generic/019', 'generic/002']],
    ['a section', { ...all, section: 1 }, ['generic/001', 'generic/002', 'generic/003']],
    ['words of name and message', { ...all, text: 'KASAN generic' }, ['generic/475']],
    ['a section by its name', { ...all, text: 'ext4 003' }, ['generic/003']],
    ['the slowest first', { ...all, places: ['new' as const], sort: 'slowest' as const }, ['generic/003', 'generic/475', 'generic/013']],
    ['nothing', { ...all, text: 'no such thing' }, []],
  ])('by %s', (_what, filter, expected) => expect(names(filter)).toEqual(expected))

  test('counts of places follow text and section, not the places chosen', () => {
    const counts = placeCounts(data, texts, { ...all, section: 1, places: ['new'] })
    expect(Object.fromEntries(counts)).toEqual({ pass: 1, notrun: 1, new: 1 })
  })
})

describe('links and times', () => {
  test.each([
    ['guests/1/console.log', './guests/1/console.log'],
    ['a b/#?%.log', './a%20b/%23%3F%25.log'],
    ['javascript:alert(1)', './javascript%3Aalert(1)'],
    ['/etc/passwd', null],
    ['../../x', null],
    ['a\\..\\b', null],
    ['', null],
  ])('a log at %j is linked as %j', (path, link) => expect(relativeLink(path)).toBe(link))

  test('times', () => expect([null, 900, 12_400, 90_000, 4_500_000].map(time)).toEqual(['', '0.9 s', '12 s', '1:30 min', '1:15 h']))
})

describe('the timeline', () => {
  const whole = { fromMs: 0, toMs: 100_000 }

  test('has a row for every VM, with its tests by start', () => {
    const at = (seconds: number) => new Date(Date.parse('2026-11-24T05:00:00.000Z') + seconds * 1000).toISOString()
    const ran = (name: string, guest: number, start: number) =>
      aTest(name, { attempts: [anAttempt({ guest, startedAt: at(start), durationSeconds: 10 })] })
    const lanes = lanesOf(pageData(prepare(aRecord([ran('a/1', 2, 30), ran('a/2', 1, 5), ran('a/3', 2, 10)]), null), 0))
    expect(lanes.map((lane) => [lane.guest, lane.spans.map((span) => [span.test, span.startMs])])).toEqual([
      [1, [[1, 5000]]],
      [
        2,
        [
          [2, 10_000],
          [0, 30_000],
        ],
      ],
    ])
    const [, second] = lanes
    if (second === undefined) throw new Error('no second lane')
    expect(spanAt(second, 12_000, 0)?.test).toBe(2)
    expect(spanAt(second, 25_000, 1000)).toBeNull()
    expect(spanAt(second, 29_500, 1000)?.test).toBe(0)
  })

  test('zoom keeps the point and never leaves the whole', () => {
    expect(zoomed(whole, whole, 2, 50_000)).toEqual({ fromMs: 25_000, toMs: 75_000 })
    expect(zoomed({ fromMs: 0, toMs: 10_000 }, whole, 0.001, 0)).toEqual(whole)
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 50, noNaN: true }),
        fc.integer({ min: 0, max: 100_000 }),
        fc.integer({ min: -200_000, max: 200_000 }),
        (factor, about, by) => {
          const window = moved(zoomed(whole, whole, factor, about), whole, by)
          expect(window.fromMs).toBeGreaterThanOrEqual(-0.001)
          expect(window.toMs).toBeLessThanOrEqual(100_000.001)
        },
      ),
    )
    expect(tickMs(whole, 1100)).toBe(10_000)
  })
})
