import { type Directive, type KtapLine, type ResultLine, readKtapLine, shorten } from './line.js'

/** What one result line came to. */
export type SubtestStatus = 'pass' | 'fail' | 'notrun'

/** One result of a test's own output. Names may repeat, carry numbers and addresses: they are for people, no keys. */
export interface Subtest {
  /** Names of what it is nested in stand before its own, joined by ` / `. */
  readonly name: string
  readonly status: SubtestStatus
  /** Reason of a skip or an expected failure; null where none was given. */
  readonly message: string | null
}

/**
 * What speaks against a text as a whole. `short`: fewer results than planned. `excess`: more. `bail-out`: the program gave up.
 * `totals`: its own count says worse than its lines. `hidden`: a failure behind other text on its line.
 */
export interface KtapProblem {
  readonly kind: 'short' | 'excess' | 'bail-out' | 'totals' | 'hidden'
  readonly text: string
}

export interface KtapReading {
  /** In the order printed; the first {@link KEPT_SUBTESTS}. */
  readonly subtests: readonly Subtest[]
  /** All results, also those that are not kept. What holds others is none itself, but where it failed and none of them did. */
  readonly counts: Readonly<Record<SubtestStatus, number>>
  /** Names of the first failed sub-tests. */
  readonly failed: readonly string[]
  /** How many failed where that was expected (`XFAIL`, `TODO`); they count as passed. */
  readonly expectedFailures: number
  readonly problems: readonly KtapProblem[]
  /** Reason of the first skip or of an empty plan (`1..0 # SKIP no device`), null where none was given. */
  readonly skipReason: string | null
  /** True where a plan of no tests stands (`1..0`). */
  readonly plannedNone: boolean
  /** True where the outermost results have a plan. */
  readonly planned: boolean
  /** True where a version line stands: the text is KTAP or TAP, whatever else it has. */
  readonly hasVersion: boolean
}

export const KEPT_SUBTESTS = 1000
const KEPT_PROBLEMS = 8
const NAMED_FAILURES = 5
const NOTHING: readonly number[] = []

/** One document: the results of one depth from one version line, plan or parent's result to the next. */
class Document {
  planned: number | null = null
  numbered = 0
  unnumbered = 0
  /** What was printed with a number: a child that a program forks prints again what its parent had not flushed. */
  readonly distinct = new Set<string>()
  /** Results that passed. */
  passed = 0
  /** Results below it that have none below themselves, since this document's last result. */
  leavesBelow = 0
  /** Whether one of its results failed, or one below them. */
  hasFailed = false
  /** Where its results stand among those kept, for the parent's name to be put before them. */
  readonly kept: number[] = []
  /** Where the unnumbered results stand that did not fail: prose (`ok then`) where others have numbers. */
  readonly prose: number[] = []
  readonly proseCounts = { pass: 0, notrun: 0 }

  /** Where results are numbered, a line of prose that begins with `ok` fills no gap. */
  get results(): number {
    return this.numbered > 0 ? this.numbered : this.unnumbered
  }
}

/**
 * Reads KTAP or TAP of any version, nested or not, prefixed or not, between any other text (docs.kernel.org/dev-tools/ktap.html). Strict: what
 * is lost, cut or contradicted is a problem. Linear in the text.
 */
export function readKtap(text: string): KtapReading {
  const reader = new KtapReader()
  const plain = plainText(text)
  for (let at = 0; at < plain.length; ) {
    const end = plain.indexOf('\n', at)
    const line = readKtapLine(plain.slice(at, end < 0 ? plain.length : end))
    if (line !== null) reader.take(line)
    at = end < 0 ? plain.length : end + 1
  }
  return reader.finish()
}

/** Without what a terminal takes for colours, and with a line where it would begin to write at the left again (`10%\r100%\rok 1 a`). */
function plainText(text: string): string {
  const colourless = text.includes('\u001b') ? text.replace(/\u001b(?:\[[0-9;?]{0,32}[A-Za-z]|\([A-Z0-9])/g, '') : text
  return colourless.includes('\r') ? colourless.replaceAll('\r', '\n') : colourless
}

class KtapReader {
  /** Null for what turned out to be prose. */
  readonly #subtests: ({ name: string; readonly status: SubtestStatus; readonly message: string | null } | null)[] = []
  readonly #counts = { pass: 0, fail: 0, notrun: 0 }
  readonly #failed: string[] = []
  readonly #problems: KtapProblem[] = []
  /** By depth. */
  readonly #documents: Document[] = []
  #expectedFailures = 0
  #skipReason: string | null = null
  #plannedNone = false
  /** Depths of plans, and of results: the shallowest. */
  #planDepth = Number.POSITIVE_INFINITY
  #resultDepth = Number.POSITIVE_INFINITY
  #hasVersion = false

  take(line: KtapLine): void {
    switch (line.kind) {
      case 'version':
        this.#hasVersion = true
        this.#close(line.depth, false)
        break
      case 'plan':
        this.#plan(line.depth, line.count, line.reason)
        break
      case 'result':
        this.#result(line.depth, line)
        break
      case 'bail-out':
        this.#problem('bail-out', `Bail out! ${line.reason}`.trimEnd())
        break
      case 'totals':
        this.#totals(line.depth, line.own, line.counts)
        break
      case 'miscounted':
        if (line.planned > line.seen) this.#problem('short', planText(line.planned, line.seen))
        break
      case 'hidden-failure':
        this.#problem('hidden', `a result behind other text: ${line.text}`)
        break
    }
  }

  finish(): KtapReading {
    this.#close(0, false)
    return {
      subtests: this.#subtests.filter((subtest) => subtest !== null),
      counts: this.#counts,
      failed: this.#failed,
      expectedFailures: this.#expectedFailures,
      problems: this.#problems,
      skipReason: this.#skipReason,
      plannedNone: this.#plannedNone,
      planned: Number.isFinite(this.#planDepth) && this.#planDepth <= this.#resultDepth,
      hasVersion: this.#hasVersion,
    }
  }

  #document(depth: number): Document {
    while (this.#documents.length <= depth) this.#documents.push(new Document())
    return this.#documents[depth] as Document
  }

  #plan(depth: number, count: number, reason: string | null): void {
    // A second plan begins a second document: programs run one after the other by one script.
    if (this.#document(depth).planned !== null) this.#close(depth, false)
    this.#document(depth).planned = count
    this.#planDepth = Math.min(this.#planDepth, depth)
    if (count > 0) return
    this.#plannedNone = true
    this.#skipReason ??= reason
  }

  #result(depth: number, line: ResultLine): void {
    this.#resultDepth = Math.min(this.#resultDepth, depth)
    const status = line.ok && line.directive === null && this.#isPlannedNoneBelow(depth) ? 'notrun' : statusOf(line.ok, line.directive)
    const below = this.#documents[depth + 1]?.kept ?? NOTHING
    this.#nameParent(below, line.name)
    const isLeaf = !this.#hasResultsBelow(depth)
    const isTold = this.#isToldBelow(depth, status, line.directive)
    const failed = status === 'fail' || this.#documents.slice(depth + 1).some(({ hasFailed }) => hasFailed)
    // Who skips has said that the rest of the plan does not come.
    this.#close(depth + 1, status === 'notrun')
    const document = this.#document(depth)
    document.leavesBelow = 0
    document.hasFailed ||= failed
    if (isLeaf) for (let above = 0; above < depth; above += 1) this.#document(above).leavesBelow += 1
    this.#remark(line, status)
    const kept = isTold ? -1 : this.#count(line, status)
    for (const index of below) document.kept.push(index)
    if (kept >= 0) document.kept.push(kept)
    if (status === 'pass') document.passed += 1
    if (line.number !== null) {
      document.numbered += 1
      document.distinct.add(`${line.number} ${line.name}`)
    } else {
      document.unnumbered += 1
      if (status === 'fail' || isTold) return
      document.proseCounts[status] += 1
      if (kept >= 0) document.prose.push(kept)
    }
  }

  /** Whether a result says no more than those below it do: it is the suite or the case they are of. A failure that none of them has is its own. */
  #isToldBelow(depth: number, status: SubtestStatus, directive: Directive | null): boolean {
    const below = this.#documents.slice(depth + 1)
    if (!below.some(({ numbered }) => numbered > 0)) return false
    return status === 'fail' ? below.some(({ hasFailed }) => hasFailed) : directive === null || directive === 'SKIP'
  }

  #remark(line: ResultLine, status: SubtestStatus): void {
    if (status === 'notrun') this.#skipReason ??= line.reason || line.name || null
    if (line.hidden !== null) this.#problem('hidden', `a result behind other text: ${line.hidden}`)
  }

  /** @returns where it stands among those kept; -1 where it is not */
  #count(line: ResultLine, status: SubtestStatus): number {
    this.#counts[status] += 1
    if (status === 'fail' && this.#failed.length < NAMED_FAILURES) this.#failed.push(line.name || `number ${line.number ?? '?'}`)
    if (status === 'pass' && !line.ok) this.#expectedFailures += 1
    if (this.#subtests.length >= KEPT_SUBTESTS) return -1
    const noted = line.directive === null || line.directive === 'SKIP' ? null : line.directive
    const message = noted === null ? line.reason : `${noted} ${line.reason}`.trimEnd()
    return this.#subtests.push({ name: line.name, status, message: message || null }) - 1
  }

  #hasResultsBelow(depth: number): boolean {
    for (let at = depth + 1; at < this.#documents.length; at += 1) if ((this.#documents[at]?.results ?? 0) > 0) return true
    return false
  }

  /** What it stands for has planned no test (`1..0 # SKIP no device`). */
  #isPlannedNoneBelow(depth: number): boolean {
    const below = this.#documents[depth + 1]
    return below !== undefined && below.planned === 0 && !this.#hasResultsBelow(depth)
  }

  #nameParent(below: readonly number[], parent: string): void {
    if (parent === '') return
    for (const index of below) {
      const subtest = this.#subtests[index]
      if (subtest) subtest.name = shorten(`${parent} / ${subtest.name}`)
    }
  }

  /** `# Totals:` counts the results beside it (kselftest.h) or those without any below them (KUnit). */
  #totals(depth: number, own: boolean, counts: Readonly<Record<string, number>>): void {
    const wrong = ['fail', 'error', 'xpass'].filter((key) => (counts[key] ?? 0) > 0)
    if (wrong.length > 0) this.#problem('totals', `its totals say ${wrong.map((key) => `${key}:${counts[key]}`).join(' ')}`)
    if (!own) return
    const document = this.#document(depth)
    const seen = Math.max(document.results, document.leavesBelow)
    const counted = ['pass', 'fail', 'xfail', 'xpass', 'skip', 'error'].reduce((sum, key) => sum + (counts[key] ?? 0), 0)
    if (counted > seen) this.#problem('totals', `its totals count ${counted}, its results are ${seen}`)
    // KUnit's, which have a total, are of what is nested beside them.
    const skippedAll = (counts.skip ?? 0) > 0 && (counts.pass ?? 0) + (counts.xfail ?? 0) === 0 && counts.total === undefined
    if (skippedAll && document.passed > 0) this.#problem('totals', `its totals say skip:${counts.skip}, and no pass`)
  }

  /** Ends the documents of this depth and below. */
  #close(depth: number, skipped: boolean): void {
    while (this.#documents.length > depth) {
      const document = this.#documents.pop() as Document
      if (document.numbered > 0) this.#dropProse(document)
      const seen = document.results
      if (document.planned === null) continue
      const repeated = document.numbered - document.distinct.size
      if (seen > document.planned) this.#problem('excess', planText(document.planned, seen))
      else if (!skipped && seen < document.planned) this.#problem('short', planText(document.planned, seen))
      else if (!skipped && repeated > 0) this.#problem('short', `${planText(document.planned, seen)}, ${repeated} of them printed again`)
    }
  }

  #dropProse(document: Document): void {
    this.#counts.pass -= document.proseCounts.pass
    this.#counts.notrun -= document.proseCounts.notrun
    for (const kept of document.prose) this.#subtests[kept] = null
  }

  #problem(kind: KtapProblem['kind'], text: string): void {
    // Of each kind at least one is kept: a kind may be excused where another is not.
    const full = this.#problems.length >= KEPT_PROBLEMS
    if (full && this.#problems.some((problem) => problem.kind === kind)) return
    if (this.#problems.some((problem) => problem.text === text)) return
    this.#problems.push({ kind, text })
  }
}

const planText = (planned: number, seen: number): string =>
  `planned ${planned} sub-test${planned === 1 ? '' : 's'}, saw ${seen === 0 ? 'no result' : seen}`

function statusOf(ok: boolean, directive: Directive | null): SubtestStatus {
  switch (directive) {
    case 'SKIP':
      return 'notrun'
    case 'TODO':
    case 'XFAIL':
      return 'pass'
    case 'XPASS':
    case 'TIMEOUT':
    case 'ERROR':
      return 'fail'
    case null:
      return ok ? 'pass' : 'fail'
  }
}
