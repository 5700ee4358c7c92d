import { median } from '../../domain/median.js'
import type { TestRecord } from '../../domain/record.js'
import { settingWords } from '../../domain/section.js'
import type { SectionId, TestStatus } from '../../domain/test.js'
import { sectionKey, sectionName, testKey } from '../../domain/test-key.js'
import { countingReports } from '../../domain/verdict.js'
import type { GuestRun } from '../../domain/vm-run.js'
import type { Place } from '../bucket.js'
import { decidingAttempt } from '../buckets.js'
import { causesOf } from '../causes.js'
import type { Rendered } from '../context.js'
import { coverageHead, coverageRows, unreachedFunctions } from '../coverage-lines.js'
import { exitLine, headlineOf } from '../evidence.js'
import { shortLine, visibleLine } from '../foreign-text.js'
import { describeBefore, describeCompared } from '../known.js'
import { lostGroups } from '../lost.js'
import { pastLetters } from '../past.js'
import { reasonChanges } from '../skip-reasons.js'
import { testedFacts } from '../tested.js'
import { describeTimeSplit } from '../time-spent.js'
import { verdictOf } from '../verdict.js'
import { STATUS_WORDS } from '../words.js'
import { pageReports } from './details.js'
import type { Change, PageData, PageGuest, SpanColumns, TestColumns } from './page-data.js'
import { PastRuns } from './past-runs.js'

/** The run as the page's script reads it. */
export function pageData(rendered: Rendered, withoutDetails: number, pastRuns: PastRuns = new PastRuns()): PageData {
  const { record, placement } = rendered
  const { tone, title, counts } = verdictOf(record, placement)
  const seconds = (Date.parse(record.endedAt) - Date.parse(record.startedAt)) / 1000
  return {
    verdict: { tone, title, reason: reasonOf(rendered, { title, counts }) },
    run: {
      id: shortLine(record.runId, 200),
      startedAt: shortLine(record.startedAt, 40),
      seconds: Number.isFinite(seconds) ? seconds : null,
      accelerator: record.accelerator?.accelerator ?? 'none',
    },
    compared: placement.compared,
    sections: sectionIds(rendered).map(({ suite, section: name }) => {
      const section = record.sections.find((each) => each.suite === suite && each.name === name)
      const [[, kind] = ['', ''], ...options] = section === undefined ? [] : settingWords(section)
      return {
        name: shortLine(sectionName({ suite, section: name }, record), 120),
        suite,
        kind: shortLine(kind, 120),
        options: shortLine(options.flatMap(([, value]) => (value === '' ? [] : [value])).join(' · '), 300),
        kernel: shortLine(section?.kernelRelease ?? '', 120),
        couldNotTest: section?.couldNotTest ? shortLine(section.couldNotTest, 1000) : null,
      }
    }),
    tests: testColumns(rendered),
    guests: record.guests.map((guest) => pageGuest(guest, record.startedAt)),
    spans: spanColumns(rendered),
    facts: facts(rendered),
    tested: testedFacts(record, placement.comparison),
    causes: causesOf(placement),
    pastRuns: pastRuns.all(),
    coverage: pageCoverage(record),
    problems: record.problems.slice(0, 1000).map((problem) => shortLine(problem, 1000)),
    disagreements: record.disagreements.slice(0, 1000).map((each) => ({
      test: shortLine(each.test, 200),
      section: shortLine(sectionName(each, record), 120),
      said: shortLine(
        Object.entries(each.sources)
          .map(([source, verdict]) => `${source}: ${STATUS_WORDS[verdict as TestRecord['status']] ?? verdict}`)
          .join(', '),
        500,
      ),
      taken: shortLine(each.resolution, 500),
    })),
    reasons: reasonChanges(rendered)
      .slice(0, 500)
      .map((each) => ({ ...each, reason: shortLine(each.reason, 300) })),
    cache: record.cache
      .slice(0, 100)
      .map(({ key: _key, ...entry }) => ({ ...entry, layer: shortLine(entry.layer, 120), detail: shortLine(entry.detail, 300) })),
    outside: pageReports(record.unattributedReports, 256 * 1024, 'see the console log'),
    lost: lostGroups(placement)
      .slice(0, 200)
      .map(({ reason, tests }) => ({
        reason: shortLine(reason, 300),
        tests: tests.slice(0, 2000).map(({ section, name }) => `${shortLine(name, 200)} on ${shortLine(section, 120)}`),
      })),
    comparedWith: placement.comparison === null ? '' : describeCompared(placement.comparison),
    vanished: placement.vanished.slice(0, 5000).map((test) => ({
      suite: shortLine(test.suite, 80),
      section: shortLine(sectionName(test, record), 120),
      name: shortLine(test.name, 200),
    })),
    withoutDetails,
  }
}

function pageCoverage({ coverage }: Rendered['record']): PageData['coverage'] {
  if (coverage === undefined) return null
  return {
    head: coverageHead(coverage),
    unreached: unreachedFunctions(coverage).slice(0, 500),
    rows: coverageRows(coverage).slice(0, 5000),
  }
}

/** Why it is so: names of failures are in the list below, and the counts say more than the first few of them. */
function reasonOf({ record }: Rendered, { title, counts }: { readonly title: string; readonly counts: readonly string[] }): string {
  const { reason } = record.conclusion
  const onlyNames = reason.startsWith(`${title}: `) && countingReports(record).length === 0
  return onlyNames ? counts.join(' · ') : shortLine(reason, 2000)
}

/** Every section there is, also one that only tests name. */
function sectionIds({ record }: Rendered): readonly SectionId[] {
  const ids = new Map<string, SectionId>()
  const add = ({ suite, section }: SectionId) => ids.set(sectionKey({ suite, section }), { suite, section })
  for (const { suite, name } of record.sections) add({ suite, section: name })
  let last: SectionId | null = null
  for (const test of record.tests) {
    if (last?.section !== test.section || last.suite !== test.suite) add(test)
    last = test
  }
  return [...ids.values()]
}

function testColumns(rendered: Rendered): TestColumns {
  const { placement } = rendered
  const sections = new Map(sectionIds(rendered).map((id, index) => [sectionKey(id), index]))
  const changes = new Map<string, Change>([
    ...placement.fixed.map((test) => [testKey(test), 'fixed'] as const),
    ...placement.newlyNotrun.map((test) => [testKey(test), 'newly not run'] as const),
  ])
  const tests = placement.tests
  return {
    name: tests.map(({ test }) => shortLine(test.name, 200)),
    section: tests.map(({ test }) => sections.get(sectionKey(test)) ?? 0),
    place: tests.map(({ place }) => place),
    status: tests.map(({ test }) => test.status),
    ms: tests.map(({ test }) => milliseconds(decidingAttempt(test)?.durationSeconds ?? null)),
    usualMs: tests.map(({ test }) =>
      milliseconds(median(rendered.history(test).flatMap((point) => (point.status === 'pass' ? (point.seconds ?? []) : [])))),
    ),
    note: tests.map(({ test, place }) =>
      place === 'pass' ? '' : shortLine(place === 'stale' ? (test.expectedFailure?.reason ?? '') : noteOf(test, place), 300),
    ),
    change: tests.map(({ test }) => (changes.size === 0 ? '' : (changes.get(testKey(test)) ?? ''))),
    past: tests.map(({ test, place }) => (place === 'pass' ? '' : pastLetters(rendered.history(test).slice(-PAST_MARKS)))),
  }
}

/** Earlier verdicts shown in the list. */
const PAST_MARKS = 8

function noteOf(test: TestRecord, place: Place): string {
  const before = place === 'known' ? describeBefore(test) : null
  return before === null ? headlineOf(test) : `${headlineOf(test)}; ${before}`
}

const milliseconds = (seconds: number | null): number | null => (seconds === null ? null : Math.round(seconds * 1000))

function spanColumns(rendered: Rendered): SpanColumns {
  const start = Date.parse(rendered.record.startedAt)
  const spans = { test: [] as number[], guest: [] as number[], startMs: [] as number[], ms: [] as number[], status: [] as TestStatus[] }
  for (const [index, { test }] of rendered.placement.tests.entries()) {
    for (const { guest, startedAt, durationSeconds, status } of test.attempts) {
      const startMs = startedAt === null ? Number.NaN : Date.parse(startedAt) - start
      if (guest === null || !Number.isFinite(startMs)) continue
      spans.test.push(index)
      spans.guest.push(guest)
      spans.startMs.push(startMs)
      spans.ms.push(milliseconds(durationSeconds) ?? 0)
      spans.status.push(status)
    }
  }
  return spans
}

function pageGuest(guest: GuestRun, runStart: string): PageGuest {
  const start = Date.parse(guest.startedAt) - Date.parse(runStart)
  const ready = guest.boot.readySeconds
  return {
    id: guest.id,
    startMs: start,
    endMs: Date.parse(guest.endedAt) - Date.parse(runStart),
    readyMs: ready === null ? null : start + Math.round(ready * 1000),
    exit: exitLine(guest.exit, 300),
    tone: guest.exit.kind === 'poweroff' ? 'good' : 'bad',
    console: visibleLine(guest.consolePath),
  }
}

function facts({ record }: Rendered): PageData['facts'] {
  const rows: [string, string][] = []
  if (record.accelerator !== null) {
    const { accelerator, requested, reason, timeoutFactor } = record.accelerator
    rows.push(['accelerator', `${accelerator} (asked for ${requested}): ${reason}`])
    if (timeoutFactor !== 1) rows.push(['time limits', `multiplied by ${timeoutFactor}`])
  }
  for (const [name, value] of Object.entries(record.settings).slice(0, 100)) rows.push([`setting ${name}`, value])
  if (record.time !== undefined) rows.push(['time', describeTimeSplit(record.time)])
  rows.push(['host', `${record.host.os}, ${record.host.architecture}, Linux ${record.host.kernelRelease}, ${record.host.cpus} CPUs`])
  for (const [name, value] of Object.entries(record.revisions).slice(0, 100)) rows.push([`revision ${name}`, value])
  rows.push(['vmtest', record.tool.version], ['run', record.runId], ['started', record.startedAt], ['ended', record.endedAt])
  return rows.map(([name, value]) => [shortLine(name, 120), shortLine(value, 1000)])
}
