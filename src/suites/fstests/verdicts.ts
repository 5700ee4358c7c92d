import type { TestName } from '../../domain/test.js'
import type { SuiteDisagreement } from '../suite.js'
import type { FstestsEvidence } from './gather.js'
import type { OutputSection, OutputVerdict } from './output.js'
import { fileAgainstPass, type ResultFile } from './result-files.js'
import { collectLists, type Lists, type Subject, Subjects } from './subjects.js'
import { isTestName } from './test-name.js'
import { type EvidenceStatus, type Weighed, type Witness, weigh } from './weigh.js'
import type { XunitCase } from './xunit.js'

/** One time a test ran, as the evidence has it. */
export interface EvidenceAttempt {
  readonly status: EvidenceStatus
  readonly seconds: number | null
  /** A failure's reasons, or the reason of a notrun or notreached. */
  readonly message: string | null
  readonly diff: string | null
  /** False where the diff is only the first lines, as check prints them. */
  readonly isDiffWhole: boolean
  /** The attempt's own files. */
  readonly files: readonly ResultFile[]
}

export interface EvidenceVerdict {
  readonly section: string | null
  readonly name: TestName
  /** In order; more than one where check ran the test again (`-L`, `-i`). */
  readonly attempts: readonly EvidenceAttempt[]
}

/** What one invocation of check amounts to. */
export interface FstestsVerdicts {
  readonly verdicts: readonly EvidenceVerdict[]
  readonly disagreements: readonly SuiteDisagreement[]
  readonly sections: readonly OutputSection[]
  /** From result.xml: KERNEL, FSTYP, … */
  readonly properties: Readonly<Record<string, string>>
  readonly problems: readonly string[]
}

/**
 * Reads the verdict of every test from all the evidence: test lines, result.xml, the tests' files, the summary and check.log.
 *
 * A pass needs a positive word (a whole test line, or a whole and empty testcase) and nobody against it; where sources disagree the worse
 * word counts and the disagreement is listed. A test that started and left no verdict is `notreached` with a message.
 */
export function readFstestsResults(evidence: FstestsEvidence): FstestsVerdicts {
  const subjects = new Subjects(evidence)
  const lists = collectLists(evidence, subjects)
  const coverage = new Coverage(evidence, subjects)
  const disagreements: SuiteDisagreement[] = []
  const problems = [...evidence.problems, ...outputProblems(evidence)]
  const verdicts: EvidenceVerdict[] = []
  for (const subject of subjects.all()) {
    const list = lists.get(subject.section) ?? { ran: null, notrun: new Set(), failures: new Set() }
    if (isLeftOver(subject, list)) problems.push(`${subject.name}: its result files are of an earlier run; check did not run it this time.`)
    else verdicts.push(readSubject(subject, list, coverage, disagreements))
  }
  verdicts.push(...findLost(lists, subjects))
  const properties = Object.assign({}, ...evidence.reports.map((report) => report.value.properties)) as Record<string, string>
  return { verdicts, disagreements, sections: evidence.output?.sections ?? [], properties, problems }
}

/** Tests a summary says ran, of whom nothing else is left. That it does not call one failed is no pass. */
function findLost(lists: ReadonlyMap<string | null, Lists>, subjects: Subjects): EvidenceVerdict[] {
  return [...lists].flatMap(([section, list]) => {
    const known = new Set(subjects.in(section).map((subject) => subject.name))
    const lost = [...(list.ran ?? [])].filter((name) => isTestName(name) && !known.has(name))
    return lost.map((name): EvidenceVerdict => {
      const weighed = weigh(listWitnesses(name, list, false))
      const status = weighed?.status ?? 'notreached'
      const message = `the summary says that it ran${status === 'fail' ? ' and failed' : ''}; nothing else of it is left`
      return { section, name, attempts: [{ status, seconds: null, message, diff: null, isDiffWhole: false, files: [] }] }
    })
  })
}

function outputProblems(evidence: FstestsEvidence): string[] {
  const output = evidence.output
  return [
    ...(output?.unknownTests ?? []).map((name) => `check did not know \`${name}\` and left it out.`),
    ...(output?.fatal ?? []).map((text) => `check gave up: ${text}`),
    ...(output?.interrupted === true ? ['check was interrupted.'] : []),
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
    attempts.push(toAttempt(weighed, said, found, files))
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
  if (said !== null && said.status !== 'unclear') {
    const status = said.status === 'no-such-test' ? 'notreached' : said.status
    witnesses.push({ source: 'stdout', status, because: said.message })
  }
  if (found !== null && found.status !== 'unclear') witnesses.push({ source: 'result.xml', status: found.status, because: found.reason })
  return witnesses
}

function fileWitnesses(files: readonly ResultFile[], failedBefore: boolean): Witness[] {
  return files.flatMap((file): Witness[] => {
    // A core is the one file check never removes: after a failed attempt it proves nothing about a later one.
    if (file.kind === 'core' && failedBefore) return []
    if (file.kind === 'notrun') return [{ source: '.notrun', status: 'notrun', because: file.text?.trim() ?? null }]
    const because = fileAgainstPass(file)
    return because === null ? [] : [{ source: `.${file.kind === 'outBad' ? 'out.bad' : file.kind}`, status: 'fail', because }]
  })
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
    ...(subject.cases.length === 0 && coverage.reportKnowsLater(subject)
      ? [missing('result.xml', 'it has no testcase, though a later test has one')]
      : []),
    ...(subject.said.length === 0 && coverage.outputKnowsLater(subject)
      ? [missing('stdout', 'it has no test line, though a later test has one')]
      : []),
  ]
}

function toAttempt(
  weighed: Weighed | null,
  said: OutputVerdict | null,
  found: XunitCase | null,
  files: readonly ResultFile[],
): EvidenceAttempt {
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
      const reasons = [...files.flatMap((file) => fileAgainstPass(file) ?? []), ...(found?.diff ? ['output mismatch'] : [])]
      return reasons.length > 0
        ? [...new Set(reasons)].join('; ')
        : (weighed?.taken.because ?? 'failed; no source that can be trusted says why')
    }
  }
}

/**
 * Knows which tests come later in a source. check prints a test's line before the next one's and rewrites result.xml before every test, so
 * a source that tells of a later test but not of this one was damaged, or the other one was.
 */
class Coverage {
  /** Line of the last test with a testcase, by section. */
  readonly #lastLine = new Map<string | null, number>()
  /** Place of the last testcase with a test line. */
  readonly #lastCase = new Map<string | null, number>()
  readonly #place = new Map<XunitCase, number>()

  constructor(evidence: FstestsEvidence, subjects: Subjects) {
    let place = 0
    for (const report of evidence.reports) for (const one of report.value.cases) this.#place.set(one, place++)
    for (const subject of subjects.all()) {
      if (subject.said.length === 0 || subject.cases.length === 0) continue
      this.#raise(this.#lastLine, subject.section, lineOf(subject))
      this.#raise(this.#lastCase, subject.section, this.#placeOf(subject))
    }
  }

  #raise(map: Map<string | null, number>, section: string | null, value: number): void {
    map.set(section, Math.max(map.get(section) ?? -1, value))
  }

  #placeOf(subject: Subject): number {
    return Math.max(...subject.cases.map((one) => this.#place.get(one) ?? -1))
  }

  reportKnowsLater(subject: Subject): boolean {
    return (this.#lastLine.get(subject.section) ?? -1) > lineOf(subject)
  }

  outputKnowsLater(subject: Subject): boolean {
    return (this.#lastCase.get(subject.section) ?? -1) > this.#placeOf(subject)
  }
}

function lineOf(subject: Subject): number {
  return Math.max(...subject.said.map((said) => said.line))
}
