import { describe, expect, test } from '@jest/globals'
import { earlierVerdict, excuses, isSameSection } from '../../src/domain/excuse.js'
import { type Excusing, whyNoExcuse } from '../../src/domain/origin.js'
import type { TestRecord } from '../../src/domain/record.js'
import { anAttempt, aReport, aSection, aTest } from '../report/builder.js'

const failing = (status: TestRecord['status'], titles: readonly string[] = [], changes: Partial<TestRecord> = {}) =>
  aTest('g/001', { status, attempts: [anAttempt({ status, reports: titles.map((title) => aReport({ title })) })], ...changes })
const known = (there: TestRecord, here: TestRecord) => excuses(earlierVerdict(there), here)

describe('a failure there excuses one here', () => {
  const statuses = ['fail', 'timeout', 'crashed'] as const
  test.each(statuses.flatMap((there, at) => statuses.map((here, index) => [there, here, index <= at] as const)))(
    '%s there, %s here: %s',
    (there, here, expected) => expect(known(failing(there), failing(here))).toBe(expected),
  )

  test.each([['pass'], ['notrun'], ['expunged'], ['notreached']] as const)('never %s', (there) => {
    expect(known(failing(there), failing('fail'))).toBe(false)
  })

  test('where each kernel report that counts has one of the same title there', () => {
    expect(known(failing('crashed', ['KASAN: a']), failing('fail', ['KASAN: a']))).toBe(true)
    expect(known(failing('crashed', ['KASAN: a']), failing('fail', ['KASAN: a', 'KASAN: b']))).toBe(false)
    expect(known(failing('crashed'), failing('fail', ['KASAN: a']))).toBe(false)
    const provoked = anAttempt({ status: 'fail', reports: [aReport({ provoked: true })] })
    expect(known(failing('fail'), failing('fail', [], { attempts: [provoked] }))).toBe(true)
  })

  test('flaky there only where it is flaky here', () => {
    const flaky = { flaky: true }
    expect(known(failing('fail', [], flaky), failing('fail'))).toBe(false)
    expect(known(failing('fail', [], flaky), failing('fail', [], flaky))).toBe(true)
    expect(known(failing('fail'), failing('fail', [], flaky))).toBe(true)
  })
})

describe('never an excuse', () => {
  const kernel = '5f3c1a2b9d8e7f60112233445566778899aabbcc'
  const other = '0d1e2f3a4b5c66778899aabbccddeeff00112233'
  const here: Excusing = { runId: 'a', revisions: { kernel, xfsprogs: '6.9.0' } }
  const workflow = { runId: '7', attempt: '2', event: 'push', ref: 'refs/heads/main', address: null }
  const images = { kernel: '11', suite: '22' }

  test.each<[string, Excusing, Excusing, boolean]>([
    ['this very run', here, { ...here, revisions: {} }, true],
    ['a part of this run', { ...here, runId: 'x+a' }, { runId: 'a+b', revisions: {} }, true],
    ['another attempt', { ...here, workflow }, { runId: 'b', revisions: {}, workflow: { ...workflow, attempt: '1' } }, true],
    ['another run', { ...here, workflow }, { runId: 'b', revisions: {}, workflow: { ...workflow, runId: '8' } }, false],
    ['the same commits', here, { ...here, runId: 'b' }, true],
    ['another kernel', here, { runId: 'b', revisions: { kernel: other, xfsprogs: '6.9.0' } }, false],
    ['other programs', here, { runId: 'b', revisions: { kernel, xfsprogs: '6.10.0' } }, false],
    [
      'a tree with changes',
      { ...here, revisions: { kernel: `${kernel}-dirty` } },
      { runId: 'b', revisions: { kernel: `${kernel}-dirty` } },
      false,
    ],
    [
      'the same version of a kernel, which is no commit',
      { ...here, revisions: { kernel: '6.12.0' } },
      { runId: 'b', revisions: { kernel: '6.12.0' } },
      false,
    ],
    [
      'the same commit of the checkout, whatever its kernel calls itself',
      { ...here, kernelCommit: kernel, revisions: { kernel: '6.12.0' } },
      { runId: 'b', kernelCommit: kernel, revisions: { kernel: '6.12.0' } },
      true,
    ],
    ['the same images', { ...here, images }, { runId: 'b', revisions: {}, images }, true],
    [
      'the same kernel image with other tests',
      { ...here, images },
      { runId: 'b', revisions: {}, images: { ...images, suite: '33' } },
      false,
    ],
  ])('%s', (_what, one, there, expected) => {
    expect(whyNoExcuse(one, there) !== null).toBe(expected)
    expect(whyNoExcuse(there, one) !== null).toBe(expected)
  })
})

test('a section is compared with one of the same definition, whatever is said of it and came of it', () => {
  const section = aSection('xfs')
  expect(
    isSameSection(section, { ...section, description: 'other words', kernelRelease: '6.1', couldNotTest: 'x' } as typeof section),
  ).toBe(true)
  expect(isSameSection(section, aSection('xfs', { environment: { USE_EXTERNAL: 'yes' } }))).toBe(false)
  expect(isSameSection(section, aSection('xfs', { disks: [] }))).toBe(false)
})
