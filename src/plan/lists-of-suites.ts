import type { SuiteName } from '../domain/test.js'
import { boundTo } from './bound-word.js'
import type { Expectation, Expectations } from './expectations.js'
import { matchesAny } from './glob.js'
import type { SectionTable } from './sections.js'
import { type CatalogueIndex, findTests } from './select-names.js'
import { didYouMean, listNames } from './suggest.js'

/** What a suite that was chosen knows. */
interface Asked {
  readonly name: SuiteName
  readonly sections: SectionTable
  readonly index: CatalogueIndex
}

/** Lines of the lists, suite by suite. */
export interface SharedLists {
  /** In the order of the suites. */
  readonly entries: readonly (readonly Expectation[])[]
  readonly problems: readonly string[]
  /** What is passed over, one sentence each. */
  readonly notes: readonly string[]
}

/**
 * Gives each line of the lists to the suites that know its test and its sections. A line may name its suite (`suite=`, `SUITE:WORD`): where that
 * suite is not chosen it is passed over, so that one file serves every run of a tree. A line no suite knows is the first one's to refuse.
 */
export function shareOutLists(expectations: Expectations, suites: readonly Asked[], known: readonly SuiteName[]): SharedLists {
  const entries = suites.map((): Expectation[] => [])
  const problems = [...expectations.problems]
  let passedOver = 0
  for (const raw of expectations.entries) {
    const line = bind(raw, known)
    if (typeof line === 'string') {
      problems.push(`${raw.origin}: ${line}`)
      continue
    }
    const among = [...suites.entries()].filter(([, { name }]) => line.suites.length === 0 || line.suites.includes(name))
    const given = among.flatMap(([place, suite]) => {
      const entry = forSuite(line, suite, known)
      return entry === null ? [] : [{ place, suite, entry }]
    })
    const knowing = given.filter(({ suite, entry }) => isKnown(entry, suite))
    for (const { place, suite, entry } of knowing)
      entries[place]?.push({ ...entry, sections: entry.sections.filter((name) => matchesAny(name, suite.sections.names)) })
    const [refusing] = given
    if (refusing === undefined) passedOver += 1
    else if (knowing.length === 0) entries[refusing.place]?.push(refusing.entry)
  }
  const lines = passedOver === 1 ? '1 line of the lists is' : `${passedOver} lines of the lists are`
  return { entries, problems, notes: passedOver === 0 ? [] : [`${lines} about suites that are not chosen.`] }
}

/** The line with the suite that its test is bound to, or the problem with the suites it names. */
function bind(entry: Expectation, known: readonly SuiteName[]): Expectation | string {
  const strange = entry.suites.find((name) => !known.includes(name))
  if (strange !== undefined)
    return `\`suite=${strange}\` is no suite${didYouMean(strange, known)}: there are ${listNames([...known].sort())}.`
  const bound = entry.verb === 'report' ? null : boundTo(entry.test, known)
  if (bound === null) return entry
  if (entry.suites.length > 0 && !entry.suites.includes(bound.suite))
    return `\`${entry.test}\` is of the suite \`${bound.suite}\`, but \`suite=\` says ${listNames(entry.suites)}.`
  return { ...entry, test: bound.word, suites: [bound.suite] }
}

/** The line as one suite is asked it; null where all its sections are bound to others. */
function forSuite(entry: Expectation, { name }: Asked, known: readonly SuiteName[]): Expectation | null {
  if (entry.sections.length === 0) return entry
  const sections = entry.sections.flatMap((word) => {
    const bound = boundTo(word, known)
    if (bound === null) return [word]
    return bound.suite === name ? [bound.word] : []
  })
  return sections.length === 0 ? null : { ...entry, sections }
}

/** A report is no test's. */
function isKnown({ verb, test, sections: words }: Expectation, { index, sections }: Asked): boolean {
  if (verb !== 'report' && typeof findTests(test, index) === 'string') return false
  return words.length === 0 || words.some((word) => matchesAny(word, sections.names))
}
