import type { TestName } from '../../domain/test.js'
import type { SuiteDisagreement } from '../suite.js'
import { type Doubt, findDoubts } from './doubts.js'
import type { EvidenceAttempt, EvidenceVerdict } from './evidence-verdict.js'
import type { FstestsEvidence } from './gather.js'
import type { OutputSection, OutputVerdict } from './output.js'
import { fileAgainstPass, type ResultFile } from './result-files.js'
import { collectLists, type Lists, type Subject, Subjects, subjectKey } from './subjects.js'
import { isTestName } from './test-name.js'
import { type EvidenceStatus, type Weighed, type Witness, weigh } from './weigh.js'
import type { XunitCase, XunitReport } from './xunit.js'

/** What one invocation of check amounts to. */
export interface FstestsVerdicts {
  readonly verdicts: readonly EvidenceVerdict[]
  readonly disagreements: readonly SuiteDisagreement[]
  readonly sections: readonly OutputSection[]
  /** The test lines in the order check printed them; empty without its output. */
  readonly printed: readonly { readonly section: string | null; readonly name: TestName }[]
  /** From result.xml: KERNEL, FSTYP, … */
  readonly properties: Readonly<Record<string, string>>
  readonly problems: readonly string[]
  /** What speaks against taking the verdicts for the whole truth: such a section could not be tested. */
  readonly doubts: readonly Doubt[]
}

/**
 * Reads the verdict of every test from all the evidence: test lines, result.xml, the tests' files, the summary and check.log.
 *
 * A pass needs a positive word (a whole test line, or a whole and empty testcase) and nobody against it; where sources disagree the worse
 * word counts and the disagreement is listed. A test that started and left no verdict is `notreached` with a message.
 */
export function readFstestsResults(given: FstestsEvidence): FstestsVerdicts {
  const evidence = ofThisRun(ofSoleSection(given))
  const subjects = new Subjects(evidence)
  const lists = collectLists(evidence, subjects)
  const coverage = new Coverage(evidence, subjects)
  const disagreements: SuiteDisagreement[] = []
  const problems = [...evidence.problems, ...outputProblems(evidence)]
  const verdicts: EvidenceVerdict[] = []
  for (const subject of subjects.all()) {
    const list = lists.get(subject.section) ?? NO_LISTS
    if (isLeftOver(subject, list)) problems.push(`${subject.name}: its result files are of an earlier run; check did not run it this time.`)
    else verdicts.push(withAggregate(readSubject(subject, list, coverage, disagreements), evidence))
  }
  verdicts.push(...findLost(lists, subjects))
  const properties = Object.assign({}, ...evidence.reports.map((report) => report.value.properties)) as Record<string, string>
  const doubts = findDoubts({ evidence, lists, verdicts })
  const { sections = [], verdicts: printed = [] } = evidence.output ?? {}
  return { verdicts, disagreements, sections, printed, properties, problems, doubts }
}

const NO_LISTS: Lists = { ran: null, notrun: new Set(), failures: new Set(), hasTotal: false, logs: [] }

/** Tests a summary names, of whom nothing else is left. That it does not call one failed is no pass. */
function findLost(lists: ReadonlyMap<string | null, Lists>, subjects: Subjects): EvidenceVerdict[] {
  return [...lists].flatMap(([section, list]) => {
    const known = new Set(subjects.in(section).map((subject) => subject.name))
    const named = new Set([...(list.ran ?? []), ...list.notrun, ...list.failures])
    const lost = [...named].filter((name) => isTestName(name) && !known.has(name))
    return lost.map((name): EvidenceVerdict => {
      const weighed = weigh(listWitnesses(name, list, false))
      const status = weighed?.status ?? 'notreached'
      const message = `the summary says that it ran${status === 'fail' ? ' and failed' : ''}; nothing else of it is left`
      return { section, name, attempts: [{ status, seconds: null, message, diff: null, isDiffWhole: false, files: [], isRerun: false }] }
    })
  })
}

function outputProblems(evidence: FstestsEvidence): string[] {
  const output = evidence.output
  const passes = output?.passes ?? []
  return [
    ...(output?.unknownTests ?? []).map((name) => `check did not know \`${name}\` and left it out.`),
    ...passes.flatMap((pass) => pass.fatal.map((text) => `check gave up: ${text}`)),
    ...(passes.some((pass) => pass.interrupted) ? ['check was interrupted.'] : []),
    ...evidence.reports.filter((report) => !report.value.whole).map(() => 'result.xml is cut or damaged; what is whole in it was read.'),
  ]
}

/** Files alone, beside a complete summary that does not name the test: RESULT_BASE was used before. */
function isLeftOver(subject: Subject, lists: Lists): boolean {
  return subject.said.length === 0 && subject.cases.length === 0 && lists.ran !== null && !lists.ran.has(subject.name)
}

function readSubject(subject: Subject, lists: Lists, coverage: Coverage, disagreements: SuiteDisagreement[]): EvidenceVerdict {
  const count = Math.max(subject.said.length, subject.cases.length, 1)
  const attempts: EvidenceAttempt[] = []
  // `-L` keeps the files of each time; without them a second time is another iteration, or another run.
  const isLoop = coverage.isAddedUp(subject) || subject.files.some((file) => file.rerun !== null)
  for (let index = 0; index < count; index += 1) {
    // Aligned at the end: result.xml keeps only the last iteration of `-i`.
    const said = subject.said[index - (count - subject.said.length)] ?? null
    const found = subject.cases[index - (count - subject.cases.length)] ?? null
    const isLast = index === count - 1
    const failedBefore = attempts.some((attempt) => attempt.status === 'fail')
    const files = filesOf(subject, index, isLast)
    const witnesses = [
      ...wordsOf(said, found),
      ...(isLast && said?.status !== 'expunged' && said?.status !== 'no-such-test' ? fileWitnesses(files, failedBefore) : []),
      ...(isLast ? listWitnesses(subject.name, lists, failedBefore) : []),
    ]
    const weighed = weigh(confirmPass(witnesses, subject, lists, coverage))
    if (weighed?.conflict) disagreements.push({ section: subject.section ?? '', test: subject.name, ...weighed.conflict })
    const isRerun = index > 0 && isLoop && (said?.isRepeat ?? subject.said.length === 0)
    attempts.push({ ...toAttempt(weighed, said, found, files), isRerun })
  }
  return { section: subject.section, name: subject.name, attempts }
}

function filesOf(subject: Subject, index: number, isLast: boolean): readonly ResultFile[] {
  const kept = subject.files.filter((file) => file.rerun === index)
  const last = subject.files.filter((file) => file.rerun === null)
  // The last attempt's files are both kept and in place: take those in place.
  return isLast ? last : kept
}

/** What test line and testcase say. `unclear` is no word. */
function wordsOf(said: OutputVerdict | null, found: XunitCase | null): Witness[] {
  const witnesses: Witness[] = []
  // check was at this test when its output ends: what another source says of it is of another run.
  if (said?.isCut === true) witnesses.push({ source: 'stdout', status: 'notreached', because: 'check’s output ends in its line' })
  if (said !== null && said.status !== 'unclear') {
    const status = said.status === 'no-such-test' ? 'notreached' : said.status
    witnesses.push({ source: 'stdout', status, because: said.message })
  }
  if (found !== null && found.status !== 'unclear') witnesses.push({ source: 'result.xml', status: found.status, because: found.reason })
  return witnesses
}

function fileWitnesses(files: readonly ResultFile[], failedBefore: boolean): Witness[] {
  return tellingFiles(files).flatMap((file): Witness[] => {
    // A core is the one file check never removes: after a failed attempt it proves nothing about a later one.
    if (file.kind === 'core' && failedBefore) return []
    if (file.kind === 'notrun') return [{ source: '.notrun', status: 'notrun', because: file.text?.trim() ?? null }]
    const because = fileAgainstPass(file)
    return because === null ? [] : [{ source: `.${file.kind === 'outBad' ? 'out.bad' : file.kind}`, status: 'fail', because }]
  })
}

/** Without the hints of a test that declined: check goes on to the next test there, and removes them only of one that passed. */
function tellingFiles(files: readonly ResultFile[]): readonly ResultFile[] {
  return files.some(({ kind }) => kind === 'notrun') ? files.filter(({ kind }) => kind !== 'hints') : files
}

function listWitnesses(name: TestName, lists: Lists, failedBefore: boolean): Witness[] {
  if (lists.failures.has(name)) {
    return failedBefore ? [] : [{ source: 'summary', status: 'fail', because: 'it is among the failures' }]
  }
  return lists.notrun.has(name) ? [{ source: 'summary', status: 'notrun', because: 'it is among those not run' }] : []
}

/** Asks those who should know of a pass and say nothing. */
function confirmPass(witnesses: readonly Witness[], subject: Subject, lists: Lists, coverage: Coverage): readonly Witness[] {
  if (!witnesses.some((witness) => witness.status === 'pass')) return witnesses
  const missing = (source: string, because: string): Witness => ({ source, status: 'notreached', because })
  return [
    ...witnesses,
    ...(lists.ran !== null && !lists.ran.has(subject.name) ? [missing('summary', 'it is not among the tests that ran')] : []),
    ...(subject.cases.length === 0 && coverage.reportShouldKnow(subject)
      ? [missing('result.xml', 'it has no testcase, though a later test has one')]
      : []),
    ...(subject.said.length === 0 && coverage.outputSpeaks(subject.section) ? [missing('stdout', 'it has no test line')] : []),
  ]
}

function toAttempt(
  weighed: Weighed | null,
  said: OutputVerdict | null,
  found: XunitCase | null,
  files: readonly ResultFile[],
): Omit<EvidenceAttempt, 'isRerun'> {
  const status = weighed?.status ?? 'notreached'
  const seconds = found?.seconds ?? said?.seconds ?? null
  const diff = status === 'fail' ? (found?.diff ?? said?.diff ?? null) : null
  return {
    status,
    seconds,
    message: messageFor(status, weighed, said, found, files),
    diff,
    isDiffWhole: found?.diff !== null && found?.diff !== undefined,
    files,
  }
}

function messageFor(
  status: EvidenceStatus,
  weighed: Weighed | null,
  said: OutputVerdict | null,
  found: XunitCase | null,
  files: readonly ResultFile[],
): string | null {
  switch (status) {
    case 'pass':
    case 'expunged':
      return null
    case 'notrun':
      return said?.message ?? files.find((file) => file.kind === 'notrun')?.text?.trim() ?? found?.reason ?? 'no reason given'
    case 'notreached':
      return weighed?.taken.because ?? 'it started and left no verdict'
    case 'fail': {
      if (said?.status === 'fail') return said.message
      const reasons = [...tellingFiles(files).flatMap((file) => fileAgainstPass(file) ?? []), ...(found?.diff ? ['output mismatch'] : [])]
      return reasons.length > 0
        ? [...new Set(reasons)].join('; ')
        : (weighed?.taken.because ?? 'failed; no source that can be trusted says why')
    }
  }
}

/**
 * Knows what a source should know. check prints a test's line before it runs it, and rewrites result.xml before every test: a source that
 * tells of other tests and not of this one was damaged, or is of another run.
 */
class Coverage {
  /** Line of the last test with a testcase, by section. */
  readonly #lastLine = new Map<string | null, number>()
  readonly #sections: ReadonlySet<string | null>
  readonly #addedUp: ReadonlySet<string>

  constructor(evidence: FstestsEvidence, subjects: Subjects) {
    this.#sections = new Set(evidence.output?.verdicts.map(({ section }) => section))
    this.#addedUp = new Set(evidence.output?.aggregates.map(subjectKey))
    for (const subject of subjects.all()) {
      if (subject.said.length === 0 || subject.cases.length === 0) continue
      this.#lastLine.set(subject.section, Math.max(this.#lastLine.get(subject.section) ?? -1, lineOf(subject)))
    }
  }

  reportShouldKnow(subject: Subject): boolean {
    return (this.#lastLine.get(subject.section) ?? -1) > lineOf(subject)
  }

  outputSpeaks(section: string | null): boolean {
    return this.#sections.has(section)
  }

  isAddedUp(subject: Subject): boolean {
    return this.#addedUp.has(subjectKey(subject))
  }
}

function lineOf(subject: Subject): number {
  return Math.max(...subject.said.map((said) => said.line))
}

/** A test of `-L` whose times added up have more failures than lines are left: one more attempt says so, and comes last. */
function withAggregate(verdict: EvidenceVerdict, evidence: FstestsEvidence): EvidenceVerdict {
  const sums = (evidence.output?.aggregates ?? []).filter((sum) => subjectKey(sum) === subjectKey(verdict))
  const [runs, failed] = [sums.reduce((total, sum) => total + sum.runs, 0), sums.reduce((total, sum) => total + sum.failed, 0)]
  if (failed <= verdict.attempts.filter(({ status }) => status === 'fail').length) return verdict
  const message = `check adds up ${failed} failures of ${runs} runs`
  const lost: EvidenceAttempt = { ...{ status: 'fail', seconds: null, message, diff: null, isDiffWhole: false, files: [] }, isRerun: false }
  return { ...verdict, attempts: [...verdict.attempts, lost] }
}

/**
 * The evidence of one section's own directory (`RESULT_BASE/SECTION`): only result.xml says which section it is, and so it is for the
 * tests' files and check.log beside it.
 */
function ofSoleSection(evidence: FstestsEvidence): FstestsEvidence {
  const named = new Set(evidence.reports.flatMap(({ section, value }) => value.cases.map((each) => section ?? each.section)))
  const [sole] = named
  const isOther = (section: string | null) => section !== null && section !== sole
  if (named.size !== 1 || sole === undefined || sole === null || evidence.output?.sections.some(({ name }) => name !== sole))
    return evidence
  if ([...evidence.files, ...evidence.logs].some(({ section }) => isOther(section))) return evidence
  return {
    ...evidence,
    logs: evidence.logs.map((log) => ({ ...log, section: sole })),
    files: evidence.files.map((file) => ({ ...file, section: sole })),
  }
}

/** The evidence without a result.xml that is of another run: its kernel is another, or was built only later. */
function ofThisRun(evidence: FstestsEvidence): FstestsEvidence {
  const foreign = evidence.reports.filter(({ section, value }) => {
    const platform = evidence.output?.sections.find(({ name }) => name === (section ?? value.cases[0]?.section ?? null))?.platform ?? null
    return platform !== null && isOfAnotherKernel(value, platform)
  })
  if (foreign.length === 0) return evidence
  const problems = foreign.map(() => 'result.xml is of an earlier run, with another kernel; it says nothing about this one.')
  return {
    ...evidence,
    reports: evidence.reports.filter((report) => !foreign.includes(report)),
    problems: [...evidence.problems, ...problems],
  }
}

function isOfAnotherKernel(report: XunitReport, platform: string): boolean {
  const release = report.properties.KERNEL
  if (release !== undefined && !platform.split(/\s+/).includes(release)) return true
  const built = Date.parse(/[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d UTC \d{4}$/.exec(platform)?.[0] ?? '')
  const written = Date.parse(report.writtenAt ?? '')
  // A day, since a clock may be wrong by its time zone.
  return written + 24 * 3600 * 1000 < built
}
