import { assertNever } from '../domain/errors.js'
import { titleInFull } from '../domain/kernel-report.js'
import type { Attempt, RunRecord, SectionRecord, TestRecord } from '../domain/record.js'
import { settingWords } from '../domain/section.js'
import type { SuiteName } from '../domain/test.js'
import { sectionKey } from '../domain/test-key.js'
import { isFailure } from '../domain/verdict.js'
import { withoutTrailing } from '../domain/without-trailing.js'
import { describeBase } from './base.js'
import { decidingAttempt, failedReruns, type PlacedTest, type Placement } from './buckets.js'
import { evidenceText, headlineOf } from './evidence.js'
import { byteLength, visible, visibleLine } from './foreign-text.js'
import { describeBefore } from './known.js'
import { attributes, cdata, cdataOfVisible, element, type XmlAttributes } from './xml.js'

/**
 * `annotated`: with `file`, `line`, `flakyFailure`, `rerunFailure` and properties, as today's consumers read it.
 * `jenkins`: only what the schema of Jenkins' JUnit plugin knows.
 */
export type JunitDialect = 'annotated' | 'jenkins'

export interface JunitOptions {
  readonly dialect: JunitDialect
  /** UTF-8 bytes of text kept of one test, before escaping. */
  readonly maxTestBytes: number
  /** Put before `file`: where the suite's sources lie in the repository, for example `tests/xfstests`; null where they do not. */
  readonly sourceDirectories: Readonly<Record<SuiteName, string>>
}

/** What a consumer counts a test as. One mapping, used for the elements and for the totals. */
type Outcome = 'passed' | 'failure' | 'error' | 'skipped'

interface Totals {
  tests: number
  failures: number
  errors: number
  skipped: number
  seconds: number
}

/**
 * The record as JUnit XML, in pieces of about one test each, so that memory holds one test and not the report.
 * A suite for every section, a testcase for every planned test. Where the run as a whole is not green and no test says so,
 * a suite `vmtest` holds one erroneous testcase: readers that only count must not see green.
 */
export function* junitXml(record: RunRecord, placement: Placement, options: JunitOptions): Generator<string> {
  const sections = groupBySection(record, placement)
  const totals = sections.map(({ tests }) => totalsOf(tests))
  const sentinel = sentinelCase(record, totals)
  const all = sum(sentinel === null ? totals : [...totals, { tests: 1, failures: 0, errors: 1, skipped: 0, seconds: 0 }])
  yield '<?xml version="1.0" encoding="UTF-8"?>\n'
  yield `<testsuites${attributes({ name: 'kernel-vmtest', ...totalAttributes(all, options.dialect === 'annotated') })}>\n`
  if (sentinel !== null) yield sentinel
  let index = 0
  for (const { suite, name: sectionName, tests } of sections) {
    const section = record.sections.find((each) => each.suite === suite && each.name === sectionName)
    const own = totals[index] ?? totalsOf(tests)
    const name = `${suite}.${sectionName}`
    yield `<testsuite${attributes({ name, ...totalAttributes(own, true), timestamp: record.startedAt.replace(/\.\d+|Z$/g, '') })}>\n`
    yield suiteProperties(record, section)
    for (const placed of tests) yield testcase(placed, options)
    if (section?.couldNotTest) yield element('system-err', {}, cdata(section.couldNotTest))
    yield '</testsuite>\n'
    index += 1
  }
  yield '</testsuites>\n'
}

interface SectionTests {
  readonly suite: SuiteName
  readonly name: string
  readonly tests: PlacedTest[]
}

function groupBySection(record: RunRecord, placement: Placement): readonly SectionTests[] {
  const sections = new Map<string, SectionTests>(
    record.sections.map(({ suite, name }) => [sectionKey({ suite, section: name }), { suite, name, tests: [] }]),
  )
  for (const placed of placement.tests) {
    const { suite, section } = placed.test
    const key = sectionKey(placed.test)
    const known = sections.get(key) ?? { suite, name: section, tests: [] }
    known.tests.push(placed)
    sections.set(key, known)
  }
  return [...sections.values()]
}

function outcomeOf({ test, place }: PlacedTest): Outcome {
  switch (place) {
    case 'pass':
    case 'stale':
    case 'flaky':
      return 'passed'
    case 'xfail':
    case 'notrun':
    case 'expunged':
      return 'skipped'
    case 'notreached':
      return 'error'
    case 'new':
    case 'known':
      return test.status === 'fail' ? 'failure' : 'error'
    default:
      return assertNever(place, 'place')
  }
}

function totalsOf(tests: readonly PlacedTest[]): Totals {
  const totals = { tests: tests.length, failures: 0, errors: 0, skipped: 0, seconds: 0 }
  for (const placed of tests) {
    const outcome = outcomeOf(placed)
    if (outcome === 'failure') totals.failures += 1
    if (outcome === 'error') totals.errors += 1
    if (outcome === 'skipped') totals.skipped += 1
    totals.seconds += milliseconds(placed.test) / 1000
  }
  return totals
}

function sum(all: readonly Totals[]): Totals {
  const total = { tests: 0, failures: 0, errors: 0, skipped: 0, seconds: 0 }
  for (const each of all) {
    total.tests += each.tests
    total.failures += each.failures
    total.errors += each.errors
    total.skipped += each.skipped
    total.seconds += each.seconds
  }
  return total
}

const milliseconds = (test: TestRecord): number => Math.round((decidingAttempt(test)?.durationSeconds ?? 0) * 1000)

/** Jenkins' schema has no `skipped` on `testsuites`. */
function totalAttributes(totals: Totals, withSkipped: boolean): XmlAttributes {
  return {
    tests: String(totals.tests),
    failures: String(totals.failures),
    errors: String(totals.errors),
    ...(withSkipped ? { skipped: String(totals.skipped) } : {}),
    time: totals.seconds.toFixed(3),
  }
}

function sentinelCase(record: RunRecord, totals: readonly Totals[]): string | null {
  if (record.conclusion.kind === 'passed' || sum(totals).failures + sum(totals).errors > 0) return null
  const { kind, reason } = record.conclusion
  const text = [reason, ...record.problems, ...record.unattributedReports.map(titleInFull)].join('\n')
  const error = element('error', { message: visibleLine(reason), type: kind }, cdata(text.slice(0, 65536)))
  const totalsOfOne = { tests: '1', failures: '0', errors: '1', skipped: '0', time: '0.000' }
  return `<testsuite${attributes({ name: 'vmtest', ...totalsOfOne })}>\n${element('testcase', { name: 'run', classname: 'vmtest', time: '0.000' }, `\n${error}`)}</testsuite>\n`
}

function suiteProperties(record: RunRecord, section: SectionRecord | undefined): string {
  const properties: Record<string, string> = {
    ...(section === undefined
      ? {}
      : {
          suite: section.suite,
          ...Object.fromEntries(settingWords(section)),
          kernelRelease: section.kernelRelease ?? 'unknown',
          platform: section.platform ?? 'unknown',
        }),
    accelerator: record.accelerator?.accelerator ?? 'none',
    ...Object.fromEntries(Object.entries(record.revisions).map(([name, revision]) => [`revision.${name}`, revision])),
    ...Object.fromEntries(Object.entries(record.settings).map(([name, value]) => [`setting.${name}`, value])),
  }
  const lines = Object.entries(properties).map(([name, value]) => `<property${attributes({ name, value })}/>\n`)
  return `<properties>\n${lines.join('')}</properties>\n`
}

function testcase(placed: PlacedTest, options: JunitOptions): string {
  const { test } = placed
  const annotated = options.dialect === 'annotated'
  const file = test.file === undefined ? {} : { file: sourcePath(test.file, options.sourceDirectories[test.suite] ?? null) }
  const names: XmlAttributes = {
    name: test.name,
    // Jenkins reads `package.class`; others take the last dotted part for a file name, so it has no dot for them.
    classname: annotated ? test.section.replaceAll('.', '_') : `${test.suite}.${test.section.replaceAll('.', '_')}`,
    time: (milliseconds(test) / 1000).toFixed(3),
    ...(annotated ? { ...file, ...(test.line === undefined ? {} : { line: String(test.line) }) } : {}),
  }
  const body = verdictElements(placed, options)
  return body === '' ? `<testcase${attributes(names)}/>\n` : element('testcase', names, `\n${body}`)
}

const sourcePath = (file: string, directory: string | null): string =>
  directory === null || directory === '' ? file : `${withoutTrailing(directory, '/')}/${file}`

function verdictElements(placed: PlacedTest, options: JunitOptions): string {
  const { test, place } = placed
  const annotated = options.dialect === 'annotated'
  switch (place) {
    case 'pass':
      return ''
    case 'stale': {
      const note = `stale expected failure: the test passed, but a failure is expected: ${expectation(test)}`
      const property = `<properties>\n<property${attributes({ name: 'stale-expected-failure', value: expectation(test) })}/>\n</properties>\n`
      return (annotated ? property : '') + element('system-out', {}, cdata(note))
    }
    case 'notrun':
      return skipped(test.reason ?? decidingAttempt(test)?.message ?? 'no reason given', 'notrun', annotated)
    case 'expunged':
      return skipped(`expunged: ${test.reason ?? 'no reason given'}`, 'expunged', annotated)
    case 'xfail':
      return skipped(`expected failure: ${expectation(test)}`, 'xfail', annotated) + outputOf(test, options)
    case 'notreached':
      return element('error', { message: `not reached: ${headlineOf(test)}`, type: 'notreached' }, cdata(test.reason ?? ''))
    case 'flaky':
      return flaky(test, options)
    case 'new':
    case 'known':
      return failed(placed, options)
    default:
      return assertNever(place, 'place')
  }
}

const expectation = (test: TestRecord): string =>
  visibleLine([test.expectedFailure?.reason ?? '', test.expectedFailure?.link ?? ''].filter((part) => part !== '').join(' '))

/** Jenkins' schema allows text in `skipped`, but no attribute. */
const skipped = (reason: string, type: string, annotated: boolean): string =>
  annotated ? `<skipped${attributes({ message: visibleLine(reason), type })}/>\n` : element('skipped', {}, cdata(visibleLine(reason)))

function outputOf(test: TestRecord, options: JunitOptions): string {
  const attempt = decidingAttempt(test)
  return attempt === null ? '' : element('system-out', {}, cdataOfVisible(evidenceText(attempt, options.maxTestBytes)))
}

function flaky(test: TestRecord, options: JunitOptions): string {
  const failures = test.attempts.filter((attempt) => isFailure(attempt.status))
  const room = Math.floor(options.maxTestBytes / Math.max(1, failures.length))
  if (options.dialect === 'annotated') return failures.map((attempt) => attemptElement('flakyFailure', test, attempt, room)).join('')
  const texts = failures.map((attempt) => evidenceText(attempt, room))
  return element('system-err', {}, cdata(`flaky: failed, then passed when run again\n${texts.join('\n')}`))
}

function failed({ test, place }: PlacedTest, options: JunitOptions): string {
  const name = test.status === 'fail' ? 'failure' : 'error'
  const attempt = decidingAttempt(test)
  const reruns = failedReruns(test)
  const room = Math.floor(options.maxTestBytes / (1 + reruns.length))
  const prefix = place === 'known' ? 'known: ' : ''
  const names = { message: `${prefix}${headlineOf(test)}`, type: place === 'known' ? `known-${test.status}` : test.status }
  const base = describeBase(test)
  const before = place === 'known' ? describeBefore(test) : null
  const said =
    [base, before].flatMap((clause) => (clause === null ? [] : [`${clause}\n`])).join('') + (base === null && before === null ? '' : '\n')
  const first = element(name, names, attempt === null ? '' : cdataOfVisible(visible(said) + evidenceText(attempt, room - byteLength(said))))
  if (options.dialect === 'annotated') return first + reruns.map((each) => attemptElement('rerunFailure', test, each, room)).join('')
  const again = reruns.map((each) => evidenceText(each, room)).join('\n')
  return again === '' ? first : first + element('system-err', {}, cdata(`failed again:\n${again}`))
}

function attemptElement(name: string, test: TestRecord, attempt: Attempt, maxBytes: number): string {
  const message = headlineOf({ ...test, status: attempt.status, attempts: [attempt] })
  return element(name, { message, type: attempt.status }, cdataOfVisible(evidenceText(attempt, maxBytes)))
}
