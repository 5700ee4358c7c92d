import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { someRuns } from '../../bench/report-history.js'
import type { RunRecord } from '../../src/domain/record.js'
import { mailHeaders, mailText, prepare } from '../../src/report/index.js'
import { commandLines, wrapped } from '../../src/report/mail/wrap.js'
import { addToHistory, comparisonOf, emptyHistory, pastVerdicts } from '../../src/results/index.js'
import { aRecord, aTest } from './builder.js'
import { hostileRecord, hostileText } from './hostile.js'

const runs = someRuns(20)
const last = runs.at(-1)
if (last === undefined) throw new Error('no run')
const history = pastVerdicts(runs.reduce(addToHistory, emptyHistory), { timeoutFactor: 8, runId: last.runId, startedAt: last.startedAt })
const series = {
  subject: 'xfs: keep inodes out of the cache while they are reclaimed',
  from: 'A. Developer <dev@example.org>',
  messageId: '20261124.1-dev@example.org',
  patches: ['one', 'two', 'three'],
  base: 'a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6a7b8c9d0',
}
const rendered = (record: RunRecord) => prepare(record, comparisonOf(record), { history })
const ofSeries = rendered({ ...last, tested: { tree: '/src/linux', series } })
const columns = (text: string) => text.split('\n').map((line) => [...line].length)

describe('a mail', () => {
  const mail = mailText(ofSeries)

  test('says what was tested, on what, what is new with its evidence, what is known, and how to see it again', () => {
    expect(mail).toContain(
      '  xfs: keep inodes out of the cache while they are reclaimed, by A.\n  Developer <dev@example.org>: 3 patches on a1b2c3d4e5f6\n',
    )
    // The commit of the worktree is gone, and the checkout's is another.
    expect(mail).not.toMatch(/^commit:/m)
    expect(mail).toMatch(/^4 new failures: 1 known, 1 flaky,/m)
    expect(mail).toMatch(/^suites: +fstests v2026\.11\.10$/m)
    expect(mail).toMatch(/^1\. generic\/040 on xfs_4k: crashed\n {3}KASAN: slab-use-after-free Read in xfs_iget\n/m)
    expect(mail).toMatch(/^ {3}\| BUG: KASAN: slab-use-after-free in xfs_iget/m)
    expect(mail).toMatch(/^2\. generic\/013, generic\/027, generic\/044 on xfs_4k: failed, 3 with one\n {3}cause$/m)
    expect(mail).toMatch(/^ {3}\| \+fsck: 3 errors$/m)
    expect(mail).toContain('     vmtest run -s xfs_4k generic/040\n')
    const known = mail.slice(mail.indexOf('Known'))
    expect(known).toMatch(/^- generic\/020 on xfs_4k: .*\n(?: {2}.*\n)* {2}.*failing\n? *since 2026-11-18/m)
    expect(mail.slice(0, mail.indexOf('Known'))).not.toContain('generic/020')
  })

  test('is 72 columns wide', () => expect(Math.max(...columns(mail), ...columns(mailHeaders(ofSeries)))).toBeLessThanOrEqual(72))

  test('answers the mail of the series', () => {
    expect(mailHeaders(ofSeries)).toBe(
      'Subject: Re: xfs: keep inodes out of the cache while they are reclaimed\n [vmtest: 4 new failures]\nIn-Reply-To: <20261124.1-dev@example.org>\nReferences: <20261124.1-dev@example.org>\n\n',
    )
  })

  test('is no patch to git, whatever it quotes', () => {
    const directory = mkdtempSync(join(tmpdir(), 'vmtest-mail-'))
    try {
      const [message, patch] = [join(directory, 'message'), join(directory, 'patch')]
      execFileSync('git', ['mailinfo', message, patch], { input: mailHeaders(ofSeries) + mail, stdio: ['pipe', 'ignore', 'inherit'] })
      expect(readFileSync(patch, 'utf8')).toBe('')
      expect(readFileSync(message, 'utf8')).toContain('+fsck: 3 errors')
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  test('of a run that passed says so and asks nothing', () => {
    const text = mailText(prepare(aRecord([aTest('generic/001')]), null))
    expect(text).toContain('Passed: 1 passed.')
    expect(text).not.toMatch(/Failures|Known|Flaky/)
  })

  test('foreign text begins no header, no line of the mail’s own, and holds nothing unseen', () => {
    fc.assert(
      fc.property(hostileRecord, hostileText, hostileText, (record, subject, id) => {
        const hostile = rendered({
          ...record,
          tested: { tree: subject, branch: id, series: { ...series, subject, from: subject, messageId: id } },
        })
        const headers = mailHeaders(hostile)
        expect(headers).toMatch(/^Subject:(?: [ -~]*\n)+(?:In-Reply-To: <[!-~]+>\nReferences: <[!-~]+>\n)?\n$/)
        const text = mailText(hostile)
        expect(text).toMatch(/^[\n -~\u00a0-\uffff]*$/)
        expect(text).not.toMatch(/^(?:From |diff --git |--- |\+\+\+ |@@)/m)
      }),
      { numRuns: 100 },
    )
  })
})

describe('wrapping', () => {
  test('keeps every word, within 72 columns', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 200 }).map((word) => word.replace(/\s|^https?:/g, '') || 'x'),
        ),
        (words) => {
          const lines = wrapped(words.join(' '), { indent: '    ', first: '- ' })
          expect(Math.max(0, ...columns(lines.join('\n')))).toBeLessThanOrEqual(72)
          expect(
            lines
              .map((line) => line.replace(/^(?:- ?| {4})/, ''))
              .join('')
              .replaceAll(' ', ''),
          ).toBe(words.join(''))
        },
      ),
    )
  })

  test('a command is read by a shell as it was written', () => {
    const word = fc.oneof(
      fc.stringMatching(/^[A-Za-z0-9/=._-]{1,150}$/),
      fc.stringMatching(/^[a-z $*"]{1,30}$/).map((text) => `'${text}'`),
    )
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 12 }), (words) => {
        const asked = execFileSync('sh', ['-c', `printf '%s\\n' ${words.join(' ')}`], { encoding: 'utf8' })
        const lines = commandLines(words.join(' '), '     ')
        expect(Math.max(...columns(lines.join('\n')))).toBeLessThanOrEqual(72)
        expect(execFileSync('sh', ['-c', `printf '%s\\n' \\\n${lines.join('\n')}`], { encoding: 'utf8' })).toBe(asked)
      }),
      { numRuns: 60 },
    )
  })
})
