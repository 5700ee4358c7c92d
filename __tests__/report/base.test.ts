import { expect, test } from '@jest/globals'
import type { TestRecord } from '../../src/domain/record.js'
import { describeBase } from '../../src/report/base.js'
import { htmlPage, junitXml, prepare, summaryMarkdown, terminalText } from '../../src/report/index.js'
import { compareRecords } from '../../src/results/index.js'
import { anAttempt, aRecord, aTest } from './builder.js'

const failedOn = (name: string, here: TestRecord['status'], there: TestRecord['status'], revision: string | null = 'v6.1') =>
  aTest(name, {
    status: here,
    attempts: [anAttempt({ status: here, message: 'here' })],
    onBase: {
      status: there,
      revision,
      kernelRelease: '6.1.0',
      bundlePath: '/nix/store/x',
      attempts: [anAttempt({ status: there, message: 'there' })],
    },
  })

test.each([
  [failedOn('g/001', 'fail', 'pass'), "passes on the base's kernel v6.1"],
  [failedOn('g/001', 'fail', 'fail', null), "fails on the base's kernel 6.1.0 too (fail: there)"],
  [failedOn('g/001', 'crashed', 'fail'), "fails on the base's kernel v6.1 too, but that is no excuse (fail: there)"],
  [failedOn('g/001', 'fail', 'notrun'), "says nothing on the base's kernel v6.1 (notrun)"],
  [aTest('g/001'), null],
])('%#: in one sentence', (found, sentence) => {
  expect(describeBase(found)).toBe(sentence)
})

test('every rendering has it, beside what is new and what is known', () => {
  const record = aRecord([failedOn('g/001', 'fail', 'pass'), failedOn('g/002', 'fail', 'fail')])
  const comparison = compareRecords(record, aRecord([]))
  const rendered = prepare(record, comparison)
  const options = { dialect: 'annotated', maxTestBytes: 4096, sourceDirectories: {} } as const
  const texts = {
    summary: summaryMarkdown(rendered),
    junit: [...junitXml(record, rendered.placement, options)].join(''),
    page: [...htmlPage(rendered)].join(''),
    terminal: terminalText(rendered, { colour: 'never', maxFailures: 9, directory: '/run', files: {} }),
  }
  for (const [where, text] of Object.entries(texts)) {
    expect([where, text.includes("passes on the base's kernel v6.1")]).toEqual([where, true])
    expect([where, text.includes("fails on the base's kernel v6.1 too (fail: there)")]).toEqual([where, true])
  }
  expect(texts.terminal).not.toContain('in the baseline too')
})
