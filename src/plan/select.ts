import type { Architecture } from '../domain/bundle.js'
import { UserError } from '../domain/errors.js'
import type { SelectionRequest } from '../domain/inputs.js'
import type { PlannedTest, Selection } from '../domain/plan.js'
import { type Section, settingWords } from '../domain/section.js'
import type { Catalogue, SuiteName, TestId, TestName } from '../domain/test.js'
import { onlyThese, sectionKey } from '../domain/test-key.js'
import type { SuiteChoice } from '../suites/suite.js'
import type { Expectation, Expectations } from './expectations.js'
import { matchesAny } from './glob.js'
import { isInKernelRange } from './kernel-range.js'
import type { SectionTable } from './sections.js'
import { type CatalogueIndex, findTests, groupProblem, indexCatalogue, testsOfGroup } from './select-names.js'
import { didYouMean, listNames } from './suggest.js'

export interface SelectionContext {
  readonly sections: SectionTable
  readonly catalogue: Catalogue
  /** How the suite's tests are chosen. */
  readonly choice: SuiteChoice
  readonly expectations: Expectations
  /** As `uname -r` will print it in the guest; null where it is not known before booting: no `kernel=` condition holds then. */
  readonly kernelRelease: string | null
  readonly architecture: Architecture
}

export interface Selected {
  readonly selection: Selection
  /** Decisions made for the user, one sentence each, for the plan and the log. */
  readonly notes: readonly string[]
}

/**
 * Resolves what was asked for against sections and catalogue, before anything boots.
 * Suites' own runners are green on an unknown name, an unknown section and an empty list; nothing of that gets past here.
 * @throws UserError naming every problem at once
 */
export function selectTests(request: SelectionRequest, context: SelectionContext): Selected {
  const problems: string[] = []
  const selected = selectOrSay(request, context, problems)
  if (problems.length > 0) throw refusal(problems)
  return selected
}

/** The same, for who has more to refuse: every problem is added to `problems`, and with any of them the selection means nothing. */
export function selectOrSay(request: SelectionRequest, context: SelectionContext, problems: string[]): Selected {
  problems.push(...context.expectations.problems)
  const notes: string[] = []
  const index = indexCatalogue(context.catalogue, context.choice)
  const sections = selectSections(request, context.sections, problems, notes)
  const named = selectNames(request, index, context.sections.names, problems)
  const groups = selectGroups(request, index, problems, notes)
  const entries = resolveEntries(context, index, problems)
  const tests: PlannedTest[] = []
  if (problems.length === 0) {
    for (const section of sections) tests.push(...selectInSection(section, { named, groups, request, context, index, entries, problems }))
    if (problems.length === 0) refuseAllExpunged(tests, problems)
  }
  const reports = expectedReports(entries, sections, context.catalogue.suite)
  return { selection: { sections: [...sections], tests, ...(reports.length === 0 ? {} : { expectedReports: reports }) }, notes }
}

/** The selection without all tests but these; sections that lose their last test go too. */
export function restrict(selection: Selection, only: readonly TestId[]): Selection {
  return selectionOf(selection, onlyThese(selection.tests, only))
}

/** The selection of these of its tests, with the sections they are in. */
export function selectionOf({ sections, ...rest }: Selection, tests: Selection['tests']): Selection {
  const kept = new Set(tests.map(sectionKey))
  return { ...rest, sections: sections.filter(({ suite, name }) => kept.has(sectionKey({ suite, section: name }))), tests }
}

/** What was asked for cannot be selected, for these reasons. */
export function refusal(problems: readonly string[]): UserError {
  const [only] = problems
  const message =
    problems.length === 1
      ? `Nothing was started: ${only}`
      : `Nothing was started, for ${problems.length} reasons:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`
  return new UserError(message, '`vmtest list` shows the sections, groups and tests there are.')
}

function selectSections(request: SelectionRequest, table: SectionTable, problems: string[], notes: string[]): readonly Section[] {
  const wanted = request.sections.length > 0 ? [...new Set(request.sections)] : table.defaults
  for (const name of wanted) {
    if (!table.names.includes(name))
      problems.push(`unknown section \`${name}\`${didYouMean(name, table.names)}: ${table.origin} has ${listNames(table.names)}.`)
  }
  if (wanted.length === 0) problems.push(`${table.origin} has no section.`)
  if (request.sections.length === 0 && wanted.length > 0)
    notes.push(`No section was asked for: ${listNames(wanted)} of ${table.origin} ${wanted.length === 1 ? 'runs' : 'run'}.`)
  const resolved = table.resolve(wanted.filter((name) => table.names.includes(name)))
  problems.push(...resolved.problems)
  return resolved.sections
}

function selectNames(
  request: SelectionRequest,
  index: CatalogueIndex,
  sections: readonly string[],
  problems: string[],
): ReadonlySet<TestName> {
  const named = new Set<TestName>()
  for (const word of request.tests) {
    const found = findTests(word, index)
    if (typeof found === 'string') problems.push(sections.includes(word) ? `\`${word}\` is a section, not a test: \`-s ${word}\`.` : found)
    else for (const name of found) named.add(name)
  }
  return named
}

/** So many groups are all named to whom none is near. */
const FEW_GROUPS = 24

function listGroups({ groups }: CatalogueIndex): string {
  if (groups.size === 0) return ': there is none but `all`'
  return groups.size > FEW_GROUPS ? '' : `: there are ${[...groups].map((group) => `\`${group}\``).join(', ')}`
}

/** Groups to run; the suite's usual one without any request. */
function selectGroups(request: SelectionRequest, index: CatalogueIndex, problems: string[], notes: string[]): readonly string[] {
  for (const group of [...request.groups, ...request.excludeGroups]) {
    const problem = groupProblem(group, index, listGroups(index))
    if (problem !== null) problems.push(problem)
  }
  if (request.groups.length > 0 || request.tests.length > 0) return request.groups
  const group = index.choice.usualGroup
  notes.push(`No test was asked for: group \`${group}\` runs.`)
  return [group]
}

interface ResolvedEntry {
  readonly entry: Expectation
  readonly tests: ReadonlySet<TestName>
}

/** Lists whose lines hold here, with the tests they name. A line that names an unknown test or section is a problem. */
function resolveEntries(context: SelectionContext, index: CatalogueIndex, problems: string[]): readonly ResolvedEntry[] {
  const resolved: ResolvedEntry[] = []
  for (const entry of context.expectations.entries) {
    // A report is no test's: it is looked for when the run is over.
    const found = entry.verb === 'report' ? [] : findTests(entry.test, index)
    if (typeof found === 'string') problems.push(`${entry.origin}: ${found}`)
    for (const section of entry.sections) {
      if (matchesAny(section, context.sections.names)) continue
      problems.push(`${entry.origin}: unknown section \`${section}\`${didYouMean(section, context.sections.names)}.`)
    }
    if (typeof found === 'string' || !holdsHere(entry, context)) continue
    resolved.push({ entry, tests: new Set(found) })
  }
  return resolved
}

function holdsHere(entry: Expectation, context: SelectionContext): boolean {
  if (entry.architectures.length > 0 && !entry.architectures.includes(context.architecture)) return false
  return entry.kernel === null || isInKernelRange(context.kernelRelease, entry.kernel)
}

interface SectionChoice {
  readonly named: ReadonlySet<TestName>
  readonly groups: readonly string[]
  readonly request: SelectionRequest
  readonly context: SelectionContext
  readonly index: CatalogueIndex
  readonly entries: readonly ResolvedEntry[]
  readonly problems: string[]
}

/**
 * One section's tests, in the suite's order. A test of another file system is taken when it is named (it runs and declines),
 * not by a group. An excluded group takes named tests away too.
 */
function selectInSection(section: Section, choice: SectionChoice): readonly PlannedTest[] {
  const { index, request, problems } = choice
  const [[, kind] = ['', '']] = settingWords(section)
  const chosen = new Set(choice.named)
  for (const group of choice.groups) {
    const tests = testsOfGroup(group, section, index)
    if (tests.length === 0)
      problems.push(`group \`${group}\` has no test for section \`${section.name}\`${kind === '' ? '' : ` (${kind})`}.`)
    for (const name of tests) chosen.add(name)
  }
  const before = chosen.size
  for (const group of request.excludeGroups) for (const name of testsOfGroup(group, section, index)) chosen.delete(name)
  if (before > 0 && chosen.size === 0) {
    problems.push(`section \`${section.name}\`: excluding ${listNames(request.excludeGroups)} leaves no test of ${before}.`)
  }
  return index.tests.filter((test) => chosen.has(test.name)).map((test) => planTest(test, section, choice))
}

function planTest(test: Catalogue['tests'][number], section: Section, { entries, request, index }: SectionChoice): PlannedTest {
  // What stops the machine, or leaves it other than it was, is in the plan with its reason and runs where somebody means it.
  const unmeant = test.onlyByName !== undefined && !request.tests.some((word) => index.choice.normalize(word) === test.name)
  const mine = entries.filter(
    ({ entry, tests }) =>
      tests.has(test.name) && (entry.sections.length === 0 || entry.sections.some((name) => matchesAny(name, [section.name]))),
  )
  const expunged = mine.find(({ entry }) => entry.verb === 'expunged')?.entry
  const excluded = unmeant ? { reason: `${test.onlyByName}: it runs only where it is named itself` } : expunged && because(expunged)
  const expected = excluded === undefined ? mine.find(({ entry }) => entry.verb === 'xfail')?.entry : undefined
  const declined = excluded === undefined ? mine.find(({ entry }) => entry.verb === 'notrun')?.entry : undefined
  return {
    suite: section.suite,
    section: section.name,
    name: test.name,
    file: test.file,
    line: test.line,
    ...(excluded === undefined ? {} : { expunged: excluded }),
    ...(expected === undefined ? {} : { expectedFailure: because(expected) }),
    ...(declined === undefined ? {} : { expectedNotrun: because(declined) }),
    groups: [...test.groups],
  }
}

/** The kernel reports under no test that lists expect here, for the sections of the run. */
function expectedReports(
  entries: readonly ResolvedEntry[],
  sections: readonly Section[],
  suite: SuiteName,
): NonNullable<Selection['expectedReports']> {
  const placesOf = (entry: Expectation) =>
    sections
      .map(({ name }) => name)
      .filter((name) => entry.sections.length === 0 || entry.sections.some((each) => matchesAny(each, [name])))
  return entries
    .filter(({ entry }) => entry.verb === 'report')
    .map(({ entry }) => ({ title: entry.test, suite, sections: placesOf(entry), ...because(entry) }))
}

function because(entry: Expectation): { reason: string; link?: string } {
  return entry.link === null ? { reason: entry.reason } : { reason: entry.reason, link: entry.link }
}

function refuseAllExpunged(tests: readonly PlannedTest[], problems: string[]): void {
  if (tests.length > 0 && tests.every((test) => test.expunged !== undefined)) {
    problems.push(`the lists exclude every selected test (${listNames(tests.map((test) => `${test.section} ${test.name}`))}).`)
  }
}
