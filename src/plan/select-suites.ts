import type { Architecture } from '../domain/bundle.js'
import type { SelectionRequest } from '../domain/inputs.js'
import type { Catalogue, SuiteName } from '../domain/test.js'
import type { SuiteChoice } from '../suites/suite.js'
import { boundTo } from './bound-word.js'
import type { Expectations } from './expectations.js'
import { shareOutLists } from './lists-of-suites.js'
import type { SectionTable } from './sections.js'
import { refusal, type Selected, selectOrSay } from './select.js'
import { type CatalogueIndex, findTests, groupProblem, indexCatalogue } from './select-names.js'
import { listNames } from './suggest.js'

/** One suite that was chosen, and what it has. */
export interface ChosenSuite {
  readonly name: SuiteName
  readonly sections: SectionTable
  readonly catalogue: Catalogue
  readonly choice: SuiteChoice
}

export interface SuitesContext {
  /** In the order asked for. */
  readonly suites: readonly ChosenSuite[]
  /** Names of all suites there are, chosen or not. */
  readonly known: readonly SuiteName[]
  readonly expectations: Expectations
  readonly kernelRelease: string | null
  readonly architecture: Architecture
}

interface IndexedSuite extends ChosenSuite {
  readonly index: CatalogueIndex
}

/** What a word may be asked of a suite: null where the suite knows it, else what is wrong with it. */
type Question = (suite: IndexedSuite, word: string) => string | null

/**
 * Resolves what was asked for against the chosen suites, before anything boots. A word for sections, groups, tests or exclusions goes to
 * each suite that knows it; known to none it is refused, and `SUITE:WORD` binds it. A suite of which nothing is selected is refused too.
 * @throws UserError naming every problem at once
 */
export function selectInSuites(request: SelectionRequest, context: SuitesContext): Selected {
  const [only, ...others] = context.suites
  const { kernelRelease, architecture, expectations } = context
  const suites = context.suites.map((suite) => ({ ...suite, index: indexCatalogue(suite.catalogue, suite.choice) }))
  const problems: string[] = []
  const asked = request.byChange === true ? withoutStrangeGroups(request, suites, context.known) : { request, notes: [] }
  const requests = shareOut(asked.request, suites, { known: context.known, problems })
  if (only === undefined) throw refusal(['no suite is chosen.'])
  const lists = shareOutLists(expectations, suites, context.known)
  problems.push(...lists.problems)
  const isNarrowed = request.byChange !== true && (request.tests.length > 0 || request.groups.length > 0)
  const parts = suites.map((suite, index) => {
    const own = requests[index] ?? request
    const its: string[] = []
    const part = selectOrSay(
      own,
      { ...suite, kernelRelease, architecture, expectations: { entries: lists.entries[index] ?? [], problems: [] } },
      its,
    )
    problems.push(...(others.length === 0 ? its : its.map((problem) => `${suite.name}: ${problem}`)))
    if (others.length > 0 && isNarrowed && own.tests.length === 0 && own.groups.length === 0)
      problems.push(`nothing is selected of the suite \`${suite.name}\`: name tests or groups of it, or leave it out of \`suite\`.`)
    return part
  })
  if (problems.length > 0) throw refusal(problems)
  const expectedReports = parts.flatMap(({ selection }) => selection.expectedReports ?? [])
  return {
    selection: {
      sections: parts.flatMap(({ selection }) => selection.sections),
      tests: parts.flatMap(({ selection }) => selection.tests),
      ...(expectedReports.length === 0 ? {} : { expectedReports }),
    },
    notes: [
      ...parts.flatMap(({ notes }, index) => (others.length === 0 ? notes : notes.map((note) => `${suites[index]?.name ?? ''}: ${note}`))),
      ...lists.notes,
      ...asked.notes,
    ],
  }
}

/** Without the groups that no suite they are meant for has: nobody named them. */
function withoutStrangeGroups(
  request: SelectionRequest,
  suites: readonly IndexedSuite[],
  known: readonly SuiteName[],
): { readonly request: SelectionRequest; readonly notes: readonly string[] } {
  const isThere = (word: string) => {
    const bound = boundTo(word, known)
    return suites.some(({ name, index }) => (bound === null || bound.suite === name) && groupProblem(bound?.word ?? word, index) === null)
  }
  const strange = request.groups.filter((word) => !isThere(word))
  const notes = strange.length === 0 ? [] : [`What changed is about ${listNames(strange)} too, which no suite here has.`]
  return { request: { ...request, groups: request.groups.filter(isThere) }, notes }
}

interface Sharing {
  readonly known: readonly SuiteName[]
  readonly problems: string[]
}

/** The request as each suite is asked it. */
function shareOut(request: SelectionRequest, suites: readonly IndexedSuite[], sharing: Sharing): readonly SelectionRequest[] {
  const sections = giveOut(request.sections, suites, sharing, ({ sections: table, name }, word) =>
    table.names.includes(word) ? null : `unknown section \`${word}\` of ${name}.`,
  )
  const groupQuestion: Question = ({ index }, word) => groupProblem(word, index)
  const groups = giveOut(request.groups, suites, sharing, groupQuestion)
  const excludeGroups = giveOut(request.excludeGroups, suites, sharing, groupQuestion)
  const tests = giveOut(request.tests, suites, sharing, ({ index }, word) => {
    const found = findTests(word, index)
    return typeof found === 'string' ? found : null
  })
  return suites.map((_, index) => ({
    ...request,
    sections: sections[index] ?? [],
    groups: groups[index] ?? [],
    excludeGroups: excludeGroups[index] ?? [],
    tests: tests[index] ?? [],
  }))
}

/** Each suite's words of a list. A word no suite knows is the only suite's to refuse, or one problem where there are several. */
function giveOut(
  words: readonly string[],
  suites: readonly IndexedSuite[],
  { known, problems }: Sharing,
  question: Question,
): readonly (readonly string[])[] {
  const given = suites.map((): string[] => [])
  for (const word of words) {
    const bound = boundTo(word, known)
    if (bound !== null && !suites.some(({ name }) => name === bound.suite)) {
      problems.push(`\`${word}\` is of the suite \`${bound.suite}\`, which is not chosen (\`suite\`).`)
      continue
    }
    if (bound?.word === '') {
      problems.push(`\`${word}\` says nothing behind the name of the suite; \`-g ${word}all\` is every test of it.`)
      continue
    }
    const asked = bound?.word ?? word
    const among = [...suites.entries()].filter(([, { name }]) => bound === null || name === bound.suite)
    const knowing = among.filter(([, suite]) => question(suite, asked) === null)
    // What a suite says of a word it does not know names the nearest.
    const takers = knowing.length > 0 ? knowing : among.length === 1 ? among : []
    for (const [index] of takers) given[index]?.push(asked)
    if (takers.length === 0) problems.push(unknownToAll(asked, among, question))
  }
  return given
}

function unknownToAll(word: string, among: readonly (readonly [number, IndexedSuite])[], question: Question): string {
  const answers = among.map(([, suite]) => question(suite, word) ?? '')
  const best = answers.find((answer) => answer.includes('did you mean')) ?? answers[0] ?? ''
  return `${best.replace(/\.$/, '')}; none of ${listNames(among.map(([, { name }]) => name))} knows it.`
}
