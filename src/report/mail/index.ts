import type { TestRecord } from '../../domain/record.js'
import { settingWords } from '../../domain/section.js'
import { sectionName } from '../../domain/test-key.js'
import { countingReports, isWorse, reportKey } from '../../domain/verdict.js'
import { describeBase } from '../base.js'
import { decidingAttempt } from '../buckets.js'
import { causeOf } from '../causes.js'
import type { Rendered } from '../context.js'
import { describeFrame, headlineOf, tellingReports, topFrames } from '../evidence.js'
import { shortLine, visible } from '../foreign-text.js'
import { describeBefore } from '../known.js'
import { describePast } from '../past.js'

import { count } from '../summary/markdown.js'
import { type TestedFact, testedFacts } from '../tested.js'
import { verdictClause, verdictOf } from '../verdict.js'
import { STATUS_WORDS } from '../words.js'
import { commandLines, cut, wrapped } from './wrap.js'

/** Groups of failures shown with their evidence; the rest is named. */
const MOST_SHOWN = 12
const MOST_NAMED = 30
const EVIDENCE_LINES = 12

/**
 * The run as a plain-text mail for a list, 72 columns wide: what was tested, on what, what is new with the first lines of its evidence,
 * what is known, how to see it again. Nothing in it is taken for a patch: evidence is indented.
 */
export function mailText(rendered: Rendered): string {
  const sections = [
    opening(rendered),
    verdict(rendered),
    tested(rendered),
    newFailures(rendered),
    outside(rendered),
    ...lists(rendered),
    reproduce(rendered),
    signature(rendered),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

/** The header of the reply: to the mail of the series where there is one. */
export function mailHeaders(rendered: Rendered): string {
  const { series, pullRequest } = rendered.record.tested ?? {}
  const about = series?.subject ?? pullRequest?.title ?? rendered.record.tested?.subject ?? 'test results'
  const { title } = verdictOf(rendered.record, rendered.placement)
  const lines = headerLines('Subject', `${series === undefined ? '' : 'Re: '}${shortLine(about, 200)} [vmtest: ${title}]`)
  const id = series?.messageId ?? null
  if (id !== null && /^[!-;=?-~]{1,200}$/.test(id))
    lines.push(`In-Reply-To: <${shortLine(id, 200)}>`, `References: <${shortLine(id, 200)}>`)
  return `${lines.join('\n')}\n\n`
}

/** A header, folded (RFC 5322, 2.2.3), and encoded where it is more than ASCII (RFC 2047). */
function headerLines(name: string, value: string): string[] {
  if (/^[ -~]*$/.test(value)) return wrapped(`${name}: ${value}`, { first: '', indent: ' ' })
  const words = [...value].reduce<string[]>((parts, character) => {
    const last = parts.at(-1)
    if (last === undefined || Buffer.byteLength(last + character) > 39) parts.push(character)
    else parts[parts.length - 1] = last + character
    return parts
  }, [])
  return words.map((word, index) => `${index === 0 ? `${name}:` : ''} =?UTF-8?B?${Buffer.from(word).toString('base64')}?=`)
}

function opening({ record, placement }: Rendered): string[] {
  const facts = new Map(testedFacts(record, placement.comparison).map((fact) => [fact.name, fact.value]))
  const subject = (['series', 'pull request', 'commit'] as const).find((name) => facts.has(name))
  const what = { series: 'this series', 'pull request': 'this pull request', commit: 'this commit' }
  if (subject === undefined) return ['Hi,', '', ...wrapped('these are the results of a run of kernel-vmtest.')]
  return ['Hi,', '', `kernel-vmtest ran tests on ${what[subject]}:`, '', ...wrapped(ascii(facts.get(subject) ?? ''), { indent: '  ' })]
}

function verdict({ record, placement }: Rendered): string[] {
  const reason = record.conclusion.reason.split('\n', 20)
  const [first = '', ...more] = reason
  return [
    ...wrapped(`${verdictClause(verdictOf(record, placement))}.`),
    // What failed stands below, whole.
    ...(placement.byPlace.new.length > 0 || record.conclusion.kind === 'passed' ? [] : wrapped(ascii(shortLine(first, 1000)))),
    ...more.map((line) => cut(ascii(visible(line)), '  ')),
  ]
}

/** Facts that the opening has not said. */
const FACTS: readonly TestedFact['name'][] = ['commit', 'branch', 'tree', 'kernel', 'configuration', 'suites', 'programs', 'compared with']
const LABEL_WIDTH = 15

function tested({ record, placement }: Rendered): string[] {
  const facts = testedFacts(record, placement.comparison).filter(({ name }) => FACTS.includes(name))
  const line = (name: string, value: string) =>
    wrapped(ascii(value), { first: `${name}:`.padEnd(LABEL_WIDTH), indent: ' '.repeat(LABEL_WIDTH) })
  const sections = record.sections.slice(0, 40).map((section) => {
    const words = settingWords(section).flatMap(([, value]) => (value === '' ? [] : [value]))
    const name = shortLine(sectionName({ suite: section.suite, section: section.name }, record), 120)
    return words.length === 0 ? name : `${name} (${shortLine(words.join(' '), 120)})`
  })
  return [
    ...heading('What was tested'),
    ...facts.flatMap(({ name, value }) => line(name, value)),
    ...(sections.length === 0 ? [] : line('sections', sections.join(', '))),
    ...line('machine', machine(record)),
  ]
}

function machine({ accelerator, host }: Rendered['record']): string {
  const factor = accelerator === null || accelerator.timeoutFactor === 1 ? '' : ` (time limits times ${accelerator.timeoutFactor})`
  return `${shortLine(host.architecture, 40)}, ${accelerator?.accelerator ?? 'no guest was started'}${factor}`
}

function heading(title: string): string[] {
  return [title, '-'.repeat(title.length), '']
}

/** Failures with one cause, as one. */
function groupsOf(tests: readonly TestRecord[]): readonly (readonly [TestRecord, ...TestRecord[]])[] {
  const groups = new Map<string, [TestRecord, ...TestRecord[]]>()
  tests.forEach((test, index) => {
    const cause = causeOf(test)
    const key = cause === null ? `own ${index}` : JSON.stringify([cause, test.status])
    const known = groups.get(key)
    if (known === undefined) groups.set(key, [test])
    else known.push(test)
  })
  return [...groups.values()]
}

function newFailures(rendered: Rendered): string[] {
  const { placement } = rendered
  const groups = [...groupsOf(placement.byPlace.new)].sort(([left], [right]) => worstFirst(left.status, right.status))
  if (groups.length === 0) return []
  const shown = groups.slice(0, MOST_SHOWN).flatMap((group, index) => [...failure(group, index + 1, rendered), ''])
  const rest = groups.slice(MOST_SHOWN).flat()
  const more = rest.length === 0 ? [] : ['Further failures:', ...named(rest, rendered), '']
  return [...heading(placement.compared ? 'New failures' : 'Failures'), ...shown, ...more].slice(0, -1)
}

const worstFirst = (left: TestRecord['status'], right: TestRecord['status']): number => (left === right ? 0 : isWorse(left, right) ? -1 : 1)

function failure(group: readonly [TestRecord, ...TestRecord[]], number: number, rendered: Rendered): string[] {
  const [test] = group
  const base = describeBase(test)
  const past = describePast(rendered.history(test))
  const names = group.slice(0, MOST_NAMED).map(({ name }) => shortLine(name, 120))
  const more = group.length > names.length ? ` and ${group.length - names.length} more` : ''
  const alike = group.length > 1 ? `, ${group.length} with one cause` : ''
  const sections = [...new Set(group.map((each) => sectionName(each, rendered.record)))].slice(0, 10).join(', ')
  const evidence = evidenceLines(test)
  return [
    ...wrapped(`${number}. ${names.join(', ')}${more} on ${shortLine(sections, 300)}: ${STATUS_WORDS[test.status]}${alike}`, {
      indent: '   ',
      first: '',
    }),
    ...wrapped(ascii(headlineOf(test)), { indent: '   ' }),
    ...(evidence.length === 0 ? [] : ['', ...evidence, '']),
    ...(past === '' ? [] : wrapped(`History: ${past}.`, { indent: '   ' })),
    ...(base === null ? [] : wrapped(ascii(`Run again, it ${base}.`), { indent: '   ' })),
    '   Reproduce:',
    ...commandLines(shortLine(rendered.reproduce(test), 4096), '     '),
  ]
}

/** The first lines of what shows it: decoded frames and the kernel's own lines, else the difference. */
function evidenceLines(test: TestRecord): string[] {
  const attempt = decidingAttempt(test)
  const [report] = [...tellingReports(attempt)].sort((left, right) => Number(right.fatal) - Number(left.fatal))
  const lines =
    report === undefined ? differenceLines(attempt?.diff ?? null) : [...report.lines.slice(0, EVIDENCE_LINES), ...placesOf(report)]
  return lines.map((line) => cut(ascii(visible(line).replace(/\n/g, ' ')), '   | '))
}

function placesOf(report: Parameters<typeof topFrames>[0]): readonly string[] {
  const frames = topFrames(report, 4).filter(({ file }) => file !== undefined)
  return frames.length === 0 ? [] : ['decoded:', ...frames.map((frame) => `  ${describeFrame(frame)}`)]
}

function differenceLines(diff: string | null): readonly string[] {
  if (diff === null) return []
  const lines = diff
    .slice(0, 16384)
    .split('\n')
    .filter((line) => line.trim() !== '')
  const hunk = lines.findIndex((line) => line.trimStart().startsWith('@@'))
  return lines.slice(Math.max(0, hunk)).slice(0, EVIDENCE_LINES)
}

function outside({ record, placement }: Rendered): string[] {
  const known = new Set(placement.comparison?.knownReports ?? [])
  const reports = countingReports(record)
    .filter((report) => !known.has(reportKey(report)))
    .slice(0, MOST_SHOWN)
  if (reports.length === 0) return []
  return [
    ...heading('Kernel reports under no test'),
    ...reports.flatMap(({ title }) => wrapped(ascii(shortLine(title, 300)), { first: '- ', indent: '  ' })),
  ]
}

function lists(rendered: Rendered): string[][] {
  const { byPlace, compared, lost, fixed } = rendered.placement
  const block = (title: string, lines: readonly string[]) => (lines.length === 0 ? [] : [...heading(title), ...lines])
  return [
    block(compared ? 'Known: these fail without it too' : 'Known', named(byPlace.known, rendered)),
    block('Flaky: failed, then passed when run again', named(byPlace.flaky, rendered)),
    block('Lost: had a verdict before, and have none now', namesOnly(lost)),
    block('Fixed', namesOnly(fixed)),
    block('Not reached', namesOnly(byPlace.notreached)),
  ]
}

function named(tests: readonly TestRecord[], rendered: Rendered): string[] {
  const lines = tests.slice(0, MOST_NAMED).flatMap((test) => {
    const clause = [describeBefore(test), describePast(rendered.history(test))].map((words) => (words ? `; ${words}` : '')).join('')
    return wrapped(
      ascii(`${shortLine(test.name, 120)} on ${shortLine(sectionName(test, rendered.record), 120)}: ${headlineOf(test)}${clause}`),
      {
        first: '- ',
        indent: '  ',
      },
    )
  })
  return tests.length > MOST_NAMED ? [...lines, `- and ${tests.length - MOST_NAMED} more`] : lines
}

function namesOnly(tests: readonly { readonly section: string; readonly name: string }[]): string[] {
  if (tests.length === 0) return []
  const names = tests.slice(0, MOST_NAMED).map(({ section, name }) => `${shortLine(name, 120)} on ${shortLine(section, 80)}`)
  const more = tests.length > MOST_NAMED ? `, and ${tests.length - MOST_NAMED} more` : ''
  return wrapped(ascii(`${names.join(', ')}${more}`))
}

function reproduce({ record }: Rendered): string[] {
  if (record.tests.length === 0) return []
  const { plan } = record
  const words = [
    ...plan.selection.sections.flatMap((section) => ['-s', section]),
    ...plan.selection.groups.flatMap((group) => ['-g', group]),
  ]
  const tests = [...words, ...plan.selection.tests].map((word) =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`,
  )
  const command = plan.reproduce.replace('@TESTS@', () => tests.join(' ')).trim()
  return [...heading('How to run the same'), ...commandLines(shortLine(command, 4096), '  ')]
}

function signature({ record }: Rendered): string[] {
  const address = record.workflow?.address ?? null
  return [
    ...(address === null ? [] : [`Logs: ${shortLine(address, 300)}`, '']),
    '-- ',
    ...wrapped(
      `kernel-vmtest ${shortLine(record.tool.version, 40)}, ${count(record.tests.length, 'test')}, run ${shortLine(record.runId, 60)}`,
    ),
  ]
}

/** The signs of the page in what every mail reader shows. */
const ascii = (text: string): string => text.replaceAll('→', '->').replaceAll('…', '...').replaceAll('’', "'")
