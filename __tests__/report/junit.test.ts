import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { RunRecord } from '../../src/domain/record.js'
import type { Comparison } from '../../src/domain/stages.js'
import { placeTests } from '../../src/report/buckets.js'
import { byteLength, visible } from '../../src/report/foreign-text.js'
import { type JunitDialect, junitXml } from '../../src/report/junit.js'
import { anAttempt, aRecord, aReport, aSection, aTest } from './builder.js'
import { hostileRecord, hostileText } from './hostile.js'
import { aStory } from './story.js'
import { elementsOf, parseXml, type XmlElement } from './xml-reader.js'

interface Options {
  readonly comparison?: Comparison
  readonly dialect?: JunitDialect
  readonly maxTestBytes?: number
  readonly sourceDirectory?: string
}

function write(record: RunRecord, { comparison, dialect = 'annotated', maxTestBytes = 65536, sourceDirectory }: Options = {}): string {
  const options = { dialect, maxTestBytes, sourceDirectories: sourceDirectory === undefined ? {} : { fstests: sourceDirectory } }
  return [...junitXml(record, placeTests(record, comparison ?? null), options)].join('')
}

const caseNamed = (root: XmlElement, suite: string, name: string): XmlElement => {
  const found = elementsOf(root, 'testsuite')
    .find((each) => each.attributes.name === suite)
    ?.children.find((each) => each.name === 'testcase' && each.attributes.name === name)
  if (found === undefined) throw new Error(`no testcase ${name} in ${suite}`)
  return found
}

/** Totals as a reader that trusts nobody counts them. */
function counted(root: XmlElement) {
  const cases = elementsOf(root, 'testcase')
  const having = (name: string) => cases.filter((each) => each.children.some((child) => child.name === name)).length
  return { tests: cases.length, failures: having('failure'), errors: having('error'), skipped: having('skipped') }
}

const numbers = (element: XmlElement) => ({
  tests: Number(element.attributes.tests),
  failures: Number(element.attributes.failures),
  errors: Number(element.attributes.errors),
  skipped: Number(element.attributes.skipped),
})

describe('the story of two runs', () => {
  const { record, comparison } = aStory()
  const root = parseXml(write(record, { comparison }))

  test('has a suite for every section and every planned test once', () => {
    expect(elementsOf(root, 'testsuite').map((suite) => suite.attributes.name)).toEqual(['fstests.xfs_4k', 'fstests.ext4_1k'])
    const names = elementsOf(root, 'testcase').map((each) => `${each.attributes.classname} ${each.attributes.name}`)
    expect(names.sort()).toEqual(record.tests.map((each) => `${each.section} ${each.name}`).sort())
  })

  test('totals are what a reader counts, on every level', () => {
    expect(numbers(root)).toEqual({ tests: 14, failures: 2, errors: 3, skipped: 4 })
    expect(numbers(root)).toEqual(counted(root))
    for (const suite of elementsOf(root, 'testsuite')) {
      expect(numbers(suite)).toEqual(counted(suite))
      const seconds = suite.children.reduce((sum, each) => sum + Number(each.attributes.time ?? 0), 0)
      expect(Number(suite.attributes.time)).toBeCloseTo(seconds, 3)
    }
  })

  test('a failure carries message, difference, log path, file and line', () => {
    const failing = caseNamed(root, 'fstests.xfs_4k', 'generic/013')
    expect(failing.attributes).toMatchObject({ file: 'tests/generic/013', line: '11', time: '2.500' })
    expect(failing.children.map((each) => [each.name, each.attributes.type])).toEqual([['failure', 'fail']])
    expect(failing.children[0]?.attributes.message).toBe('output mismatch: +fsck: 3 errors')
    expect(failing.children[0]?.text).toContain('\n+fsck: 3 errors\n')
    expect(failing.children[0]?.text).toContain('log: batches/1/results/generic/013.out.bad')
  })

  test('a crash is an error with the decoded stack and the kernel log', () => {
    const [error] = caseNamed(root, 'fstests.xfs_4k', 'generic/475').children
    expect(error?.name).toBe('error')
    expect(error?.attributes).toEqual({ message: 'KASAN: slab-use-after-free Read in xfs_iget', type: 'crashed' })
    expect(error?.text).toContain('xfs_iget_cache_hit at fs/xfs/xfs_icache.c:512 (inlined)')
    expect(error?.text).toContain('BUG: KASAN: slab-use-after-free in xfs_iget+0x12/0x340')
  })

  test.each([
    ['fstests.ext4_1k', 'generic/003', 'error', { type: 'timeout' }],
    ['fstests.xfs_4k', 'generic/476', 'error', { type: 'notreached', message: 'not reached: the run ended before' }],
    ['fstests.xfs_4k', 'generic/020', 'failure', { type: 'known-fail', message: 'known: output mismatch: +fsck: 3 errors' }],
    ['fstests.xfs_4k', 'generic/019', 'skipped', { message: 'fail_make_request not supported', type: 'notrun' }],
    ['fstests.xfs_4k', 'xfs/191', 'skipped', { message: 'expunged: kills the mount point', type: 'expunged' }],
    ['fstests.xfs_4k', 'xfs/073', 'skipped', { message: 'expected failure: needs xfsprogs 6.18 https://bugs.example/73', type: 'xfail' }],
    ['fstests.xfs_4k', 'generic/070', 'flakyFailure', { message: 'fsstress exited 1', type: 'fail' }],
  ])('%s %s is a %s', (suite, name, element, attributes) => {
    const found = caseNamed(root, suite, name)
    expect(found.children[0]?.name).toBe(element)
    expect(found.children[0]?.attributes).toMatchObject(attributes)
  })

  test('a flaky pass is one testcase without failure, and a pass has nothing in it', () => {
    expect(caseNamed(root, 'fstests.xfs_4k', 'generic/070').children.map((each) => each.name)).toEqual(['flakyFailure'])
    expect(caseNamed(root, 'fstests.xfs_4k', 'generic/001').children).toEqual([])
  })

  test('a stale expected failure passes and says that it is stale', () => {
    const stale = caseNamed(root, 'fstests.xfs_4k', 'xfs/074')
    expect(stale.children.map((each) => each.name)).toEqual(['properties', 'system-out'])
    expect(elementsOf(stale, 'property')[0]?.attributes).toEqual({ name: 'stale-expected-failure', value: 'fixed upstream' })
    expect(stale.children[1]?.text).toContain('stale expected failure')
  })
})

describe('what must not look green', () => {
  test.each(['could-not-test', 'build-failed', 'cancelled', 'failed'] as const)(
    'a run that is %s without a failed test has an error',
    (kind) => {
      const record = aRecord([], { conclusion: { ...aRecord([]).conclusion, kind, reason: 'QEMU is not there.' } })
      const root = parseXml(write(record))
      expect(numbers(root)).toEqual({ tests: 1, failures: 0, errors: 1, skipped: 0 })
      expect(caseNamed(root, 'vmtest', 'run').children[0]?.attributes).toEqual({ message: 'QEMU is not there.', type: kind })
    },
  )

  test('a green run has no such testcase', () => {
    expect(counted(parseXml(write(aRecord([aTest('generic/001')]))))).toEqual({ tests: 1, failures: 0, errors: 0, skipped: 0 })
  })

  test('a section that could not be tested says why', () => {
    const record = aRecord([aTest('generic/001', { status: 'notreached' })], {
      sections: [aSection('xfs_4k', { couldNotTest: 'mkfs failed' })],
    })
    const root = parseXml(write(record))
    expect(elementsOf(root, 'system-err').map((each) => each.text)).toEqual(['mkfs failed'])
    expect(counted(root).errors).toBe(1)
  })
})

describe('details', () => {
  test('a test that fails again has one failure and rerunFailures', () => {
    const attempts = [anAttempt({ status: 'fail', message: 'first' }), anAttempt({ status: 'crashed', message: 'second' })]
    const [failing] = elementsOf(parseXml(write(aRecord([aTest('generic/001', { status: 'fail', attempts })]))), 'testcase')
    expect(failing?.children.map((each) => [each.name, each.attributes.message])).toEqual([
      ['failure', 'first'],
      ['rerunFailure', 'second'],
    ])
  })

  test('no class name has a dot but for Jenkins, and files lie below the given directory', () => {
    const record = aRecord([aTest('generic/001')])
    const [annotated] = elementsOf(parseXml(write(record, { sourceDirectory: 'tests/xfstests/' })), 'testcase')
    expect(annotated?.attributes).toMatchObject({ classname: 'xfs_4k', file: 'tests/xfstests/tests/generic/001' })
    const [jenkins] = elementsOf(parseXml(write(record, { dialect: 'jenkins' })), 'testcase')
    expect(jenkins?.attributes).toEqual({ name: 'generic/001', classname: 'fstests.xfs_4k', time: '2.500' })
  })

  test('the text of one test is capped, keeps the kernel report and points to the log', () => {
    const attempt = anAttempt({
      status: 'fail',
      message: 'output mismatch',
      diff: 'd'.repeat(300_000),
      reports: [aReport({ lines: Array.from({ length: 9000 }, (_, index) => `line ${index}`) })],
      logs: { outBad: 'results/generic/001.out.bad', dmesg: 'results/generic/001.dmesg' },
    })
    const [failure] = elementsOf(
      parseXml(write(aRecord([aTest('generic/001', { status: 'fail', attempts: [attempt] })]), { maxTestBytes: 8192 })),
      'failure',
    )
    expect(byteLength(failure?.text ?? '')).toBeLessThanOrEqual(8192)
    expect(failure?.text).toContain('see results/generic/001.out.bad in the artifact')
    expect(failure?.text).toContain('xfs_iget at fs/xfs/xfs_icache.c:788')
    expect(failure?.text).toContain('log: results/generic/001.dmesg')
  })
})

describe('any bytes', () => {
  test('the text comes back as it was made visible', () => {
    fc.assert(
      fc.property(hostileText, hostileText, (message, diff) => {
        const attempt = anAttempt({ status: 'fail', message, diff })
        const [failure] = elementsOf(parseXml(write(aRecord([aTest('generic/001', { status: 'fail', attempts: [attempt] })]))), 'failure')
        expect(failure?.text).toContain(visible(message))
        expect(failure?.text).toContain(visible(diff))
      }),
      { numRuns: 300 },
    )
  })

  test.each(['annotated', 'jenkins'] as const)('the %s dialect is well-formed and its totals hold', (dialect) => {
    fc.assert(
      fc.property(hostileRecord, fc.integer({ min: 0, max: 4096 }), (record, maxTestBytes) => {
        const root = parseXml(write(record, { dialect, maxTestBytes }))
        const { skipped, ...others } = numbers(root)
        const { skipped: skippedCases, ...countedOthers } = counted(root)
        expect(others).toEqual(countedOthers)
        expect(countedOthers.tests).toBe(record.tests.length)
        if (dialect === 'annotated') expect(skipped).toBe(skippedCases)
      }),
      { numRuns: 200 },
    )
  })
})
