import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { someRuns } from '../../bench/report-history.js'
import type { RunRecord } from '../../src/domain/record.js'
import { indexPage, type RunSummary, summarizeRun, TestTable } from '../../src/report/index.js'
import { flakyTests, spellsOf } from '../../src/report/runs-index/spells.js'
import { comparisonOf } from '../../src/results/index.js'
import { anAttempt, aRecord, aTest } from './builder.js'
import { hostileRecord, hostileText } from './hostile.js'

function summarized(records: readonly RunRecord[], hasPage = true): { runs: RunSummary[]; table: TestTable } {
  const table = new TestTable()
  return { table, runs: records.map((record) => summarizeRun(record, comparisonOf(record), { directory: record.runId, hasPage, table })) }
}
const page = (records: readonly RunRecord[], hasPage = true) =>
  [...indexPage({ title: 'Runs', ...summarized(records, hasPage), problems: [] })].join('')

/** A run a day of one branch, in which one test went as the letter says: Pass, Fail, fLaky, Not run, gone. */
const days = (letters: string, branch = 'main'): RunRecord[] =>
  [...letters].map((letter, day) => {
    const status = { P: 'pass', F: 'fail', L: 'fail', N: 'notrun' }[letter] as 'pass' | 'fail' | 'notrun' | undefined
    const own =
      status === undefined
        ? []
        : [aTest('generic/007', { status, flaky: letter === 'L', attempts: [anAttempt({ status, message: `day ${day}` })] })]
    return aRecord([aTest('generic/001'), ...own], {
      runId: `${branch}-${day}`,
      startedAt: `2026-11-${String(day + 1).padStart(2, '0')}T05:00:00.000Z`,
      tested: { tree: 'linux', branch },
    })
  })
const spells = (...records: RunRecord[]) => {
  const { runs, table } = summarized(records)
  return spellsOf(runs, table).map((spell) => [
    spell.line,
    spell.passedBefore?.runId ?? null,
    spell.broke.runId,
    spell.fixed?.runId ?? null,
    spell.runs,
    spell.headline,
  ])
}

describe('what broke when', () => {
  test.each([
    ['PPFFP', [['main', 'main-1', 'main-2', 'main-4', 2, 'day 2']]],
    ['PFFF', [['main', 'main-0', 'main-1', null, 3, 'day 1']]],
    ['FFP', [['main', null, 'main-0', 'main-2', 2, 'day 0']]],
    ['PFN_FP', [['main', 'main-0', 'main-1', 'main-5', 2, 'day 1']]],
    ['PLPL', []],
    [
      'PFLF',
      [
        ['main', 'main-2', 'main-3', null, 1, 'day 3'],
        ['main', 'main-0', 'main-1', 'main-2', 1, 'day 1'],
      ],
    ],
  ])('%s', (letters, expected) => expect(spells(...days(letters))).toEqual(expected))

  test('is told along each branch by itself', () => {
    expect(spells(...days('PF'), ...days('PP', 'stable')).map(([line]) => line)).toEqual(['main'])
  })

  test('what is flaky is told apart', () => {
    const { runs, table } = summarized(days('PLPLN'))
    expect(flakyTests(runs, table)).toEqual([{ section: 'xfs_4k', name: 'generic/007', flaky: 2, runs: 4 }])
  })
})

describe('the index', () => {
  const text = page(someRuns(20))

  test('has each run with its page, and each section of it', () => {
    for (let run = 1; run <= 20; run += 1) expect(text).toContain(`href="./run-${run}/report.html"`)
    expect(text).toContain('href="./run-20/report.html#tests?show=all&#38;section=xfs_4k"')
    expect(text).toMatch(/<tr><th scope="row">ext4_1k<\/th>/)
  })

  test('says what fails now, since which commit and how', () => {
    const row = /<tr><td class="bad">failing<\/td><td><b>generic\/020<\/b>.*?<\/tr>/s.exec(text)?.[0] ?? ''
    expect(row).toMatch(/2026-11-18.*ext4: journal.*passed 2026-11-17 at [0-9a-f]{12}/s)
    expect(row).toContain('attribute limit 65536 is not kept')
    // A pull request goes on from its branch: what fails there is not its doing, what passed there it broke.
    expect(text.match(/<b>generic\/020<\/b>/g)).toHaveLength(1)
    expect(text).toMatch(/<b>generic\/013<\/b>[^\n]*2026-11-24[^\n]*passed 2026-11-23/)
    expect(text).toMatch(/<b>generic\/038<\/b>.*?4 of 20 runs \(20 %\)/s)
  })

  test('runs no script, loads nothing, and links to no page that is not there', () => {
    expect(text).toContain("default-src 'none'; style-src 'sha256-")
    expect(text).not.toMatch(/<script|<link|<img|url\(|@import/)
    expect(page(someRuns(2), false)).not.toContain('report.html')
  })

  test('of no run is a page all the same', () => expect(page([])).toContain('There is no run here yet.'))

  test('foreign text is no markup of it, and leads nowhere', () => {
    fc.assert(
      fc.property(hostileRecord, hostileText, hostileText, (record, name, directory) => {
        const hostile = {
          ...record,
          commit: name,
          tested: {
            tree: name,
            branch: name,
            subject: name,
            pullRequest: { number: 1, title: name, address: name, branch: name, into: name },
          },
        }
        const table = new TestTable()
        const runs = [summarizeRun(hostile, null, { directory, hasPage: true, table })]
        const written = [...indexPage({ title: name, runs, table, problems: [name] })].join('').replace(/<style>.*?<\/style>/s, '')
        const tags = new Set([...written.matchAll(/<\/?([a-z0-9]*)/gi)].map(([, tag]) => tag))
        const own =
          'a b body code div h1 h2 head header html i li main meta nav p rect section small span svg table tbody td text th thead title tr ul'.split(
            ' ',
          )
        expect([...tags].filter((tag) => tag !== '' && !own.includes(tag ?? ''))).toEqual([])
        for (const [, link] of written.matchAll(/href="([^"]*)"/g)) expect(link).toMatch(/^(?:#|\.\/)/)
        expect(written).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/)
      }),
      { numRuns: 60 },
    )
  })
})
