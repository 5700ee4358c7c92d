import { titleInFull } from '../../domain/kernel-report.js'
import type { RunRecord } from '../../domain/record.js'
import type { ComparedTest } from '../../domain/stages.js'
import { sectionName, testKey } from '../../domain/test-key.js'
import type { Rendered } from '../context.js'
import { shortLine } from '../foreign-text.js'
import { describeBefore } from '../known.js'
import { lostGroups } from '../lost.js'
import { reasonChanges } from '../skip-reasons.js'
import type { Detail } from './detail.js'
import { expectationList, kernelReport, more, testList } from './failures.js'
import { code, count, details, htmlCode, prose, table } from './markdown.js'

/** What is not new, each kind in its own fold. */
export function otherPlaces(rendered: Rendered, detail: Detail): string {
  const { byPlace, fixed, vanished, newlyNotrun, gone } = rendered.placement
  const fold = (title: string, length: number, body: () => string) => (length === 0 ? '' : details(`${title}: ${length}`, body()))
  return [
    fold('Flaky (failed, then passed)', byPlace.flaky.length, () => testList(byPlace.flaky, rendered, detail)),
    fold('Not reached', byPlace.notreached.length, () => testList(byPlace.notreached, rendered, detail)),
    fold('Stale expected failures (they pass: remove them from the list)', byPlace.stale.length, () =>
      expectationList(byPlace.stale, rendered, detail),
    ),
    fold('Vanished (the baseline has them, this run does not)', vanished.length, () => names(vanished, rendered, detail)),
    fold('Newly not run', newlyNotrun.length, () => newlyNotrunList(rendered, detail)),
    fold('Known failures (the base has them too)', byPlace.known.length, () => testList(byPlace.known, rendered, detail, describeBefore)),
    fold('Gone with another revision of their suite', gone.length, () => names(gone, rendered, detail)),
    fold('Fixed', fixed.length, () => names(fixed, rendered, detail)),
    fold('Expected failures', byPlace.xfail.length, () => expectationList(byPlace.xfail, rendered, detail)),
  ].join('')
}

/** Tests that have a verdict on the compared record and none here, by their reasons. */
export function lostTests(rendered: Rendered, detail: Detail): string {
  const { placement } = rendered
  if (placement.lost.length === 0) return ''
  const groups = lostGroups(placement)
  const blocks = groups
    .slice(0, detail.reasons)
    .map(({ reason, tests }) =>
      details(`${count(tests.length, 'test')}: ${htmlCode(shortLine(reason, 300))}`, names(tests, rendered, detail), 'open'),
    )
  return `### Lost tests\n\nThe compared record has a verdict on them, and this run asks for them.\n\n${blocks.join('')}${more(groups.length, detail.reasons)}\n`
}

function names(tests: readonly ComparedTest[], rendered: Rendered, detail: Detail): string {
  const lines = tests
    .slice(0, detail.listed)
    .map((test) => `- ${code(shortLine(test.name, 120))} on ${code(shortLine(sectionName(test, rendered.record), 120))}\n`)
  return lines.join('') + more(tests.length, detail.listed)
}

function newlyNotrunList(rendered: Rendered, detail: Detail): string {
  const wanted = rendered.placement.newlyNotrun
  const reasons = new Map(rendered.placement.byPlace.notrun.map((test) => [testKey(test), test.reason]))
  const lines = wanted.slice(0, detail.listed).map((test) => {
    const reason = reasons.get(testKey(test))
    return `- ${code(shortLine(test.name, 120))} on ${code(shortLine(sectionName(test, rendered.record), 120))}${reason ? `: ${code(shortLine(reason, 200))}` : ''}\n`
  })
  return lines.join('') + more(wanted.length, detail.listed)
}

/** Kernel reports outside any test, problems, sections that could not be tested, disagreements. */
export function troubles(rendered: Rendered, detail: Detail): string {
  const { record } = rendered
  const untested = record.sections.filter((section) => section.couldNotTest !== null)
  const sentences = [
    ...untested.map(
      (section) =>
        `${code(sectionName({ suite: section.suite, section: section.name }, record))} could not be tested: ${prose(shortLine(section.couldNotTest ?? '', 500))}`,
    ),
    // The summary's head says that one.
    ...record.problems.filter((problem) => problem !== record.conclusion.reason).map((problem) => prose(shortLine(problem, 500))),
  ]
  const shown = sentences.slice(0, detail.sentences).map((sentence) => `- ${sentence}\n`)
  const problems = shown.length === 0 ? '' : `### Problems\n\n${shown.join('')}${more(sentences.length, detail.sentences)}\n`
  return problems + outsideReports(record, detail) + disagreements(record, detail)
}

function outsideReports(record: RunRecord, detail: Detail): string {
  const reports = record.unattributedReports.filter((report) => !report.provoked)
  if (reports.length === 0) return ''
  const limit = Math.min(10, detail.sentences)
  const shown = reports.slice(0, limit).map((report) => {
    return detail.reportBytes === 0
      ? `- ${code(shortLine(titleInFull(report), 300))}\n`
      : kernelReport(report, detail, 'see the console log')
  })
  return `### Kernel reports outside any test: ${reports.length}\n\n${shown.join('')}${more(reports.length, limit)}\n`
}

function disagreements(record: RunRecord, detail: Detail): string {
  if (record.disagreements.length === 0) return ''
  const rows = record.disagreements.slice(0, detail.sentences).map((each) => {
    const sources = Object.entries(each.sources).slice(0, 8)
    const said = sources.map(([source, verdict]) => `${shortLine(source, 40)}: ${shortLine(verdict, 60)}`).join(', ')
    return [code(shortLine(each.test, 120)), code(shortLine(each.section, 120)), code(said), prose(shortLine(each.resolution, 300))]
  })
  const left = record.disagreements.length - rows.length
  return details(
    `Sources that disagree: ${record.disagreements.length}`,
    table(['test', 'section', 'said', 'taken'], rows) + (left > 0 ? `and ${left} more\n` : ''),
  )
}

/** Why tests did not run, grouped, with the change against the baseline. */
export function skipReasons(rendered: Rendered, detail: Detail): string {
  const reasons = reasonChanges(rendered)
  if (reasons.length === 0) return ''
  const rows = reasons.slice(0, detail.reasons).map(({ reason, now, before }) => {
    const row = [code(shortLine(reason, 200)), String(now)]
    return before === null ? row : [...row, signed(now - before)]
  })
  const left = reasons.length - rows.length
  const head = rendered.baseline === null ? ['reason', 'tests:'] : ['reason', 'tests:', 'change:']
  const total = reasons.reduce((sum, each) => sum + each.now, 0)
  return details(`Not run: ${count(total, 'test')}, by reason`, table(head, rows) + (left > 0 ? `and ${count(left, 'more reason')}\n` : ''))
}

const signed = (change: number): string => (change === 0 ? '0' : change > 0 ? `+${change}` : `\u2212${-change}`)
