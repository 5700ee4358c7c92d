import fc from 'fast-check'
import type { FailOn } from '../../src/domain/inputs.js'
import { type KernelReport, kernelReportKindSchema } from '../../src/domain/kernel-report.js'
import type { Attempt, RunRecord, SectionRecord, TestRecord, UnattributedReport } from '../../src/domain/record.js'
import { testKey } from '../../src/domain/test-key.js'
import { countsAsFailure, exitCode, isFailure, isWorse, STATUS_ORDER, settle, weighReport } from '../../src/domain/verdict.js'
import { addReport } from '../../src/results/attribute-reports.js'
import { compareRecords, conclude } from '../../src/results/index.js'
import { anAttempt, aRecord, aReport, aSection, aTest } from '../report/builder.js'

/** Runs as evidence, records made of them as the program makes them, and ways to make a run worse. */

interface AttemptEvidence {
  readonly status: Attempt['status']
  readonly guest: number
  readonly rerun: boolean
  readonly reports: readonly KernelReport[]
}

interface TestEvidence {
  readonly section: string
  readonly name: string
  readonly expected: boolean
  readonly expunged: boolean
  readonly attempts: readonly AttemptEvidence[]
}

export interface RunEvidence {
  readonly accelerator: 'kvm' | 'tcg'
  readonly tests: readonly TestEvidence[]
  readonly outside: readonly UnattributedReport[]
  readonly couldNotTest: readonly string[]
  readonly stopped: 'deadline' | 'infrastructure' | null
  readonly named: boolean
}

const sections = ['xfs_4k', 'ext4_4k'] as const
const names = ['generic/001', 'generic/002', 'xfs/003'] as const

const report: fc.Arbitrary<KernelReport> = fc
  .record({
    kind: fc.constantFrom(...kernelReportKindSchema.options),
    title: fc.constantFrom('KASAN: use-after-free in foo', 'WARNING in bar', 'INFO: task hung'),
    fatal: fc.boolean(),
    provoked: fc.boolean(),
  })
  .map((changes) => aReport({ ...changes, lines: [], frames: [] }))

const attempt: fc.Arbitrary<AttemptEvidence> = fc.record({
  status: fc.constantFrom(...STATUS_ORDER.filter((status) => status !== 'expunged')),
  guest: fc.constantFrom(1, 1, 2, 3),
  rerun: fc.boolean(),
  reports: fc.array(report, { maxLength: 2 }),
})

const evidenceOf = (section: string, name: string): fc.Arbitrary<TestEvidence> =>
  fc.record({
    ...{ section: fc.constant(section), name: fc.constant(name), expected: fc.boolean() },
    expunged: fc.constantFrom(false, false, false, true),
    attempts: fc.oneof(fc.constant([passed]), fc.array(attempt, { maxLength: 3 })),
  })

const passed: AttemptEvidence = { status: 'pass', guest: 1, rerun: false, reports: [] }

const outsideReport: fc.Arbitrary<UnattributedReport> = fc
  .tuple(report, fc.constantFrom(...sections), fc.constantFrom('boot' as const, 'set-up' as const, 'between' as const, 'end' as const))
  .map(([found, section, phase]) => ({ ...found, suite: 'fstests', section, phase }))

export const runs: fc.Arbitrary<RunEvidence> = fc.record({
  accelerator: fc.constantFrom('kvm' as const, 'tcg' as const),
  tests: fc.tuple(...sections.flatMap((section) => names.map((name) => evidenceOf(section, name)))),
  outside: fc.oneof(fc.constant([]), fc.array(outsideReport, { maxLength: 2 })),
  couldNotTest: fc.oneof({ weight: 6, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.subarray([...sections]) }),
  stopped: fc.constantFrom(null, null, null, null, 'deadline' as const, 'infrastructure' as const),
  named: fc.boolean(),
})

/** The record of a run, made of its evidence by the program's own rules. */
export function recordOf(run: RunEvidence): RunRecord {
  const tests = run.tests.map((test) => testOf(test, run.accelerator))
  const found: SectionRecord[] = sections.map((name) =>
    aSection(name, { couldNotTest: run.couldNotTest.includes(name) ? 'check gave up' : null }),
  )
  const record = aRecord(tests, {
    sections: found,
    unattributedReports: run.outside.map((each) => weighReport(each, run.accelerator, null)),
    ...(run.stopped === null ? {} : { stopped: { kind: run.stopped, reason: 'why' } }),
  })
  const selection = { ...record.plan.selection, groups: run.named ? [] : ['quick'], tests: run.named ? [...names] : [] }
  return { ...record, plan: { ...record.plan, selection } }
}

function testOf(test: TestEvidence, accelerator: 'kvm' | 'tcg'): TestRecord {
  const id = { suite: 'fstests', section: test.section, test: test.name }
  const attempts = test.attempts.map((each) => {
    const bare = anAttempt({ status: each.status, guest: each.guest, ...(each.rerun ? { rerun: true } : {}) })
    return each.reports.reduce((left, found) => addReport(left, weighReport(found, accelerator, left.status), id, []), bare)
  })
  const settled = settle(attempts)
  const status = test.expunged && attempts.length === 0 ? 'expunged' : settled.status
  const expectedFailure = test.expected ? { reason: 'known' } : null
  return aTest(test.name, { section: test.section, status, flaky: settled.flaky, expectedFailure, attempts })
}

/** One thing that makes a run worse: bad evidence more, or good evidence less. Places are picked by numbers, so that one fits every run. */
export type Worsening =
  | { readonly kind: 'report'; readonly test: number; readonly attempt: number; readonly report: KernelReport }
  | { readonly kind: 'worse-status'; readonly test: number; readonly attempt: number; readonly steps: number }
  | {
      readonly kind: 'failed-attempt'
      readonly test: number
      readonly at: number
      readonly status: 'fail' | 'timeout' | 'crashed'
      readonly guest: number
    }
  | { readonly kind: 'lost-pass'; readonly test: number; readonly attempt: number }
  | { readonly kind: 'lost-test'; readonly test: number }
  | { readonly kind: 'unexpected'; readonly test: number }
  | { readonly kind: 'no-rerun'; readonly test: number; readonly attempt: number }
  | { readonly kind: 'outside'; readonly report: UnattributedReport }
  | { readonly kind: 'could-not-test'; readonly section: string }
  | { readonly kind: 'stopped' }

const place = fc.nat(17)
export const worsenings: fc.Arbitrary<Worsening> = fc.oneof(
  fc.record({ kind: fc.constant('report' as const), test: place, attempt: place, report }),
  fc.record({ kind: fc.constant('worse-status' as const), test: place, attempt: place, steps: fc.integer({ min: 1, max: 6 }) }),
  fc.record({
    ...{ kind: fc.constant('failed-attempt' as const), test: place, at: place, guest: fc.constantFrom(1, 2, 3) },
    status: fc.constantFrom('fail' as const, 'timeout' as const, 'crashed' as const),
  }),
  fc.record({ kind: fc.constant('lost-pass' as const), test: place, attempt: place }),
  fc.record({ kind: fc.constant('lost-test' as const), test: place }),
  fc.record({ kind: fc.constant('unexpected' as const), test: place }),
  fc.record({ kind: fc.constant('no-rerun' as const), test: place, attempt: place }),
  fc.record({ kind: fc.constant('outside' as const), report: outsideReport }),
  fc.record({ kind: fc.constant('could-not-test' as const), section: fc.constantFrom(...sections) }),
  fc.record({ kind: fc.constant('stopped' as const) }),
)

export function worsen(run: RunEvidence, change: Worsening): RunEvidence {
  switch (change.kind) {
    case 'outside':
      return { ...run, outside: [...run.outside, change.report] }
    case 'could-not-test':
      return { ...run, couldNotTest: [...new Set([...run.couldNotTest, change.section])] }
    case 'stopped':
      return { ...run, stopped: run.stopped ?? 'deadline' }
    default: {
      const at = change.test % run.tests.length
      return { ...run, tests: run.tests.map((test, index) => (index === at ? worsenTest(test, change) : test)) }
    }
  }
}

function worsenTest(test: TestEvidence, change: Exclude<Worsening, { kind: 'outside' | 'could-not-test' | 'stopped' }>): TestEvidence {
  const { attempts } = test
  const replace = (place: number, by: (attempt: AttemptEvidence) => readonly AttemptEvidence[]): TestEvidence => ({
    ...test,
    attempts: attempts.flatMap((each, index) => (index === place % attempts.length ? by(each) : [each])),
  })
  switch (change.kind) {
    case 'report':
      return replace(change.attempt, (each) => [{ ...each, reports: [...each.reports, change.report] }])
    case 'worse-status':
      return replace(change.attempt, (each) => {
        const rank = Math.min(STATUS_ORDER.indexOf(each.status) + change.steps, STATUS_ORDER.length - 1)
        const status = STATUS_ORDER[rank] ?? 'crashed'
        return [{ ...each, status: status === 'expunged' ? 'notrun' : status }]
      })
    case 'failed-attempt': {
      const at = change.at % (attempts.length + 1)
      const added = { status: change.status, guest: change.guest, rerun: false, reports: [] }
      return { ...test, attempts: [...attempts.slice(0, at), added, ...attempts.slice(at)] }
    }
    case 'lost-pass':
      return replace(change.attempt, (each) => (each.status === 'pass' && each.reports.length === 0 ? [] : [each]))
    case 'lost-test':
      return attempts.every(({ status, reports }) => status === 'pass' && reports.length === 0)
        ? { ...test, attempts: [], expunged: false }
        : test
    case 'unexpected':
      return { ...test, expected: false }
    case 'no-rerun':
      return replace(change.attempt, (each) => [{ ...each, rerun: false }])
  }
}

/** A test that no guest got to and that fails now. One that passed stays: it bears witness for its section, also where it is flaky now. */
function hasTurned(before: TestRecord, after: TestRecord | undefined): boolean {
  return after !== undefined && isFailure(after.status) && !isFailure(before.status) && before.status !== 'pass'
}

/** What became better although the run became worse, in words; none where the verdict is monotone. */
export function whatBecameBetter(before: RunEvidence, after: RunEvidence, base: RunEvidence | null): readonly string[] {
  const [left, right] = [recordOf(before), recordOf(after)]
  const better: string[] = []
  const tests = new Map(right.tests.map((test) => [testKey(test), test]))
  for (const test of left.tests) {
    const now = tests.get(testKey(test))
    if (now === undefined || isWorse(test.status, now.status)) better.push(`${test.name}: ${test.status} became ${now?.status}`)
    else if (countsAsFailure(test) && !countsAsFailure(now)) better.push(`${test.name}: ${test.status} counted and does not any more`)
  }
  const baseline = base === null ? null : { ...recordOf(base), runId: 'base' }
  for (const failOn of ['new', 'any', 'never'] satisfies FailOn[]) {
    const exit = (record: RunRecord, base: RunRecord | null) =>
      exitCode(conclude(record, base === null ? null : compareRecords(record, base), failOn), failOn)
    // A test that failed now and is excused (by `never`, the baseline, a list) may have been all that stood against the run before.
    // Nobody asks for it then: the baseline does not know it either, lest it be lost.
    const turned = new Set(left.tests.filter((test) => hasTurned(test, tests.get(testKey(test)))).map(testKey))
    const without = <Run extends RunRecord>(run: Run): Run => ({ ...run, tests: run.tests.filter((test) => !turned.has(testKey(test))) })
    const [was, now] = [exit(left, baseline), exit(right, baseline)]
    if (now === 0 && was !== 0 && exit(without(left), baseline === null ? null : without(baseline)) !== 0) {
      better.push(`exit ${was} became 0 under fail-on ${failOn}`)
    }
  }
  return better
}

/** What counts, whatever else there is: a failure with nothing behind it, or a report that ended the kernel, under a test or under none. */
export interface Counting {
  readonly test: number
  readonly guest: number
  readonly added: 'fail' | 'timeout' | 'crashed' | 'report' | 'report under no test'
  readonly kind: KernelReport['kind']
}

export const countings: fc.Arbitrary<Counting> = fc.record({
  ...{ test: place, guest: fc.constantFrom(1, 2, 3, 4), kind: fc.constantFrom(...kernelReportKindSchema.options) },
  added: fc.constantFrom('fail' as const, 'timeout' as const, 'crashed' as const, 'report' as const, 'report under no test' as const),
})

/** Why it did not count, in words; none where it did. */
export function whatDidNotCount(run: RunEvidence, { test, guest, added, kind }: Counting): readonly string[] {
  const fatal = aReport({ kind, title: 'the last there was', fatal: true, provoked: false, lines: [], frames: [] })
  const at = test % run.tests.length
  const attempt: AttemptEvidence =
    added === 'report'
      ? { ...passed, guest, reports: [fatal] }
      : { ...passed, guest, status: added === 'report under no test' ? 'pass' : added }
  const after: RunEvidence =
    added === 'report under no test'
      ? { ...run, outside: [...run.outside, { ...fatal, suite: 'fstests', section: sections[0], phase: 'between' }] }
      : {
          ...run,
          tests: run.tests.map((each, index) =>
            index === at ? { ...each, expected: false, expunged: false, attempts: [...each.attempts, attempt] } : each,
          ),
        }
  const record = recordOf(after)
  const found: string[] = []
  const now = record.tests[at]
  if (added !== 'report under no test' && (now === undefined || !countsAsFailure(now)))
    found.push(`${added} is ${now?.status} and does not count`)
  const exit = exitCode(conclude(record, null, 'any'), 'any')
  if (exit === 0) found.push(`${added}: exit 0`)
  return found
}
