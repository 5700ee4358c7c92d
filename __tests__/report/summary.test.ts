import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { RunRecord } from '../../src/domain/record.js'
import type { Comparison } from '../../src/domain/stages.js'
import { prepare, type ReportContext } from '../../src/report/context.js'
import { byteLength } from '../../src/report/foreign-text.js'
import { SUMMARY_BUDGET_BYTES, summaryMarkdown } from '../../src/report/summary/index.js'
import { bytes, code, duration, fenced, prose } from '../../src/report/summary/markdown.js'
import { aComparison, anAttempt, aRecord, aReport, aSection, aTest, settings } from './builder.js'
import { hostileRecord, hostileText } from './hostile.js'
import { effectsIn, nodesOf, parseMarkdown } from './markdown-reader.js'
import { aStory } from './story.js'

const write = (record: RunRecord, comparison: Comparison | null = null, context: ReportContext = {}, budget = SUMMARY_BUDGET_BYTES) =>
  summaryMarkdown(prepare(record, comparison, context), budget)

/** The folded block with a title, or the section under a heading. */
function block(markdown: string, title: string): string {
  const fold = markdown.split('<details').find((part) => part.includes(`<summary>${title}`))
  const section = markdown.split(/^### /m).find((part) => part.startsWith(title))
  const found = fold ?? section
  if (found === undefined) throw new Error(`no block ${title}`)
  return found
}

describe('the story of two runs', () => {
  const { record, comparison, baseline } = aStory()
  const markdown = write(record, comparison, { baseline, artifactName: 'vmtest-x86_64' })

  test('begins with the verdict and the new failures', () => {
    expect(markdown.split('\n')[0]).toBe('## ❌ 3 new failures')
    expect(markdown.indexOf('### New failures')).toBeLessThan(600)
    expect(markdown.indexOf('### New failures')).toBeLessThan(markdown.indexOf('### Sections'))
  })

  test('a new failure has title, frames, difference, logs and command', () => {
    const crash =
      block(markdown, 'New failures')
        .split('#### ')
        .find((part) => part.startsWith('`generic/475`')) ?? ''
    expect(crash).toContain('`KASAN: slab-use-after-free Read in xfs_iget`')
    expect(crash).toContain('\nxfs_iget at fs/xfs/xfs_icache.c:788\n')
    expect(crash).toContain('\n```sh\nvmtest run -s xfs_4k generic/475\n```\n')
    expect(crash).toContain('`guests/1/console.log`')
    const differs =
      block(markdown, 'New failures')
        .split('#### ')
        .find((part) => part.startsWith('`generic/013`')) ?? ''
    expect(differs).toContain('\n```diff\n--- tests/generic/013.out\n')
  })

  test.each([
    ['Known failures', 'generic/020'],
    ['Flaky', 'generic/070'],
    ['Fixed', 'generic/100'],
    ['Vanished', 'generic/999'],
    ['Newly not run', 'generic/019'],
    ['Stale expected failures', 'xfs/074'],
    ['Expected failures', 'xfs/073'],
    ['Not reached', 'generic/476'],
  ])('%s lists %s and nothing else of the story', (title, name) => {
    const names = block(markdown, title).match(/^- `[a-z]+\/\d+`/gm)
    expect(names).toEqual([`- \`${name}\``])
  })

  test('known, flaky and expected failures are not among the new ones', () => {
    const fresh = block(markdown, 'New failures')
    for (const name of ['generic/020', 'generic/070', 'xfs/073', 'generic/476']) expect(fresh).not.toContain(`#### \`${name}\``)
  })

  test('skip reasons show their change, sections their counts', () => {
    expect(block(markdown, 'Not run: 3 tests, by reason')).toContain('| `fail_make_request not supported` | 1 | +1 |')
    expect(block(markdown, 'Sections')).toMatch(
      /\| `ext4_1k` \| `ext4` `-b 1024` \| `6.18.0-rc1` \| 1 \| 1 \| 0 \| 0 \| 0 \| 1 \| 0 \| 10 min 5 s \|/,
    )
  })

  test('says on what it ran, and what caches, disagreements and problems there were', () => {
    expect(block(markdown, 'Ran on tcg')).toContain(
      '| accelerator | `tcg` (asked for `auto`): /dev/kvm never ran the probe guest. Time limits are multiplied by 8. |',
    )
    expect(block(markdown, 'Ran on tcg')).toContain('| setting `norandmaps` | `1` |')
    expect(block(markdown, 'Ran on tcg')).toContain('| revision `xfstests` | `v2026.11.10` |')
    expect(block(markdown, 'Caches spared 21 min 0 s')).toContain('| `store` | hit | 700 MiB | 14 s |  | 21 min 0 s | exact |')
    expect(block(markdown, 'Sources that disagree: 1')).toContain('`stdout: pass, result.xml: fail`')
    expect(block(markdown, 'Problems')).toContain('- guest 1 died; a fresh one went on')
    expect(block(markdown, 'Slowest tests')).toContain('| `generic/003` | `ext4_1k` | 10 min 0 s |')
  })

  test('is Markdown without effects of foreign text', () => expect(effectsIn(markdown)).toEqual([]))
})

describe('the verdict', () => {
  const green = aRecord([aTest('generic/001')])
  test.each([
    ['passed', green, null, '## ✅ Passed'],
    [
      'passed with known failures',
      aRecord([aTest('generic/001', { status: 'fail' })], { conclusion: green.conclusion }),
      [{ suite: 'fstests', section: 'xfs_4k', name: 'generic/001' }],
      '## ✅ Passed: no new failures',
    ],
    ['failed without a baseline', aRecord([aTest('generic/001', { status: 'fail' })]), null, '## ❌ 1 failure'],
    ['nothing could be tested', aRecord([], { conclusion: { ...green.conclusion, kind: 'could-not-test' } }), null, '## ⚠️ Could not test'],
    [
      'the build failed',
      aRecord([], { conclusion: { ...green.conclusion, kind: 'build-failed' } }),
      null,
      '## ❌ The kernel or the VM does not build',
    ],
    [
      'cancelled',
      aRecord([aTest('generic/001', { status: 'notreached' })], { conclusion: { ...green.conclusion, kind: 'cancelled' } }),
      null,
      '## ⚠️ Cancelled',
    ],
  ] as const)('%s', (_name, record, known, title) => {
    const comparison = known === null ? null : aComparison({ knownFailures: known })
    expect(write(record, comparison).split('\n')[0]).toBe(title)
  })

  test('a green mark is given to a passed conclusion only', () => {
    const kinds = ['failed', 'could-not-test', 'build-failed', 'cancelled'] as const
    for (const kind of kinds) expect(write({ ...green, conclusion: { ...green.conclusion, kind } })).not.toContain('✅')
  })
})

describe('size', () => {
  const text = (size: number) => fc.string({ unit: 'binary', minLength: size, maxLength: size })

  test('is kept whatever the record holds', () => {
    const failing = (name: string, long: string) =>
      aTest(`${name}${long.slice(0, 3000)}`, {
        status: 'fail',
        section: `s${long.slice(0, 500)}`,
        attempts: [
          anAttempt({
            status: 'fail',
            message: long,
            diff: long.repeat(20),
            reports: [aReport({ title: long, lines: [long, long] }), aReport()],
            logs: { [long]: long, full: long },
          }),
        ],
      })
    fc.assert(
      fc.property(text(5000), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 2, max: 200 }), (long, scale, budgetKiB) => {
        const tests = Array.from({ length: 100 * scale }, (_, index) => failing(`generic/${index}`, long))
        const record = aRecord(tests, {
          sections: Array.from({ length: 200 }, (_, index) =>
            aSection(`s${index}`, { settings: settings({ mkfsOptions: long }), couldNotTest: long }),
          ),
          problems: Array.from({ length: 300 }, () => long),
          disagreements: Array.from({ length: 300 }, () => ({
            suite: 'fstests',
            section: long,
            test: long,
            sources: { [long]: long },
            resolution: long,
          })),
          revisions: Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`${index}${long}`, long])),
          unattributedReports: Array.from({ length: 60 }, () => aReport({ title: long, lines: [long] })),
        })
        expect(byteLength(write(record))).toBeLessThanOrEqual(SUMMARY_BUDGET_BYTES)
        const small = write(record, null, {}, budgetKiB * 1024)
        expect(byteLength(small)).toBeLessThanOrEqual(budgetKiB * 1024)
        expect(small.startsWith('## ')).toBe(true)
      }),
      { numRuns: 4 },
    )
  })

  test('detail goes before names do: 2 000 failures with long logs keep verdict, first failures and sections', () => {
    const diff = `+${'x'.repeat(200)}\n`.repeat(400)
    const lines = Array.from({ length: 2000 }, (_, index) => `${index} ${'y'.repeat(90)}`)
    const tests = Array.from({ length: 2000 }, (_, index) =>
      aTest(`generic/${index}`, {
        status: 'fail',
        attempts: [
          anAttempt({
            status: 'fail',
            message: 'output mismatch',
            diff,
            reports: [aReport({ lines })],
          }),
        ],
      }),
    )
    const markdown = write(aRecord(tests))
    expect(byteLength(markdown)).toBeLessThanOrEqual(SUMMARY_BUDGET_BYTES)
    expect(markdown).toContain('2000 failures')
    expect(markdown.match(/^#### /gm)?.length).toBe(40)
    expect(markdown).toContain('<summary>And 1960 more failures</summary>')
    expect(markdown).toContain('### Sections')
  })
})

describe('foreign text', () => {
  test('is no mail address, whatever follows the at sign', () => {
    const record = aRecord([aTest('generic/001')], { problems: ['\0@.A', 'a@b.c', 'a@'] })
    expect(effectsIn(write(record))).toEqual([])
  })

  test('has no effect wherever it stands', () => {
    fc.assert(
      fc.property(hostileRecord, (record) => {
        const baseline = { ...record, tests: record.tests.slice(3) }
        const comparison = aComparison({
          knownFailures: record.tests.slice(0, 1),
          fixed: record.tests.slice(9),
          vanished: record.tests.slice(1, 2),
          newlyNotrun: record.tests.slice(3, 4),
          lost: record.tests
            .slice(3, 5)
            .map(({ suite, section, name, reason }) => ({ suite, section, name, how: 'declines' as const, reason: reason ?? name })),
          gone: record.tests
            .slice(5, 6)
            .map(({ suite, section, name }) => ({ suite, section, name, how: 'not-offered' as const, reason: name })),
        })
        const markdown = write(record, comparison, { baseline, artifactName: record.runId })
        expect(effectsIn(markdown)).toEqual([])
        expect(markdown).toMatch(/^[\n\t\x20-\x7e\u00a0-\uffff]*$/)
      }),
      { numRuns: 60 },
    )
  })

  test('is read back from code and fences as it was shown', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const inline = nodesOf(parseMarkdown(`x ${code(text)} y`)).filter((node) => node.type === 'inlineCode')
        expect(inline).toHaveLength(1)
        const fences = nodesOf(parseMarkdown(fenced(text))).filter((node) => node.type === 'code')
        expect(fences).toHaveLength(1)
      }),
      { numRuns: 300 },
    )
  })

  test.each([
    ['a sentence, plain: 1 of 2 (x-y) failed.', 'a sentence, plain: 1 of 2 (x-y) failed.'],
    ['ask @torvalds', 'ask @\u200btorvalds'],
    ['see #12 and GH-7', 'see #\u200b12 and GH-\u200b7'],
    ['costs $5', 'costs <span>$</span>5'],
    ['https://a.example', 'https:\u200b//a.example'],
    ['<b>', '&lt;b&gt;'],
    ['- x', '\\- x'],
    ['12. x', '12\\. x'],
  ])('prose %j', (text, expected) => expect(prose(text)).toBe(expected))

  test('numbers for people', () => {
    expect([0.44, 12.2, 200, 7500].map(duration)).toEqual(['0.4 s', '12 s', '3 min 20 s', '2 h 5 min'])
    expect([512, 2048, 734003200].map(bytes)).toEqual(['512 B', '2.0 KiB', '700 MiB'])
  })
})
