import { SaxesParser, type SaxesTagPlain } from 'saxes'
import type { TestName } from '../../domain/test.js'

/** One `<testcase>` of a result.xml. */
export interface XunitCase {
  /** From the class name `xfstests.SECTION`; null for `xfstests.global`. */
  readonly section: string | null
  readonly name: TestName
  /**
   * `unclear`: the element is damaged, or was found again after damage: it shows that the test ran, and no more.
   * A `pass` is an element that is whole and empty.
   */
  readonly status: 'pass' | 'fail' | 'notrun' | 'unclear'
  /** Whole seconds; null where the attribute is missing or no number. */
  readonly seconds: number | null
  /** The reason of a notrun. A failure's message is left out on purpose: check does not reset it between tests (common/report). */
  readonly reason: string | null
  /** The whole difference from the golden output, capped. */
  readonly diff: string | null
}

/** What is read of a result.xml. */
export interface XunitReport {
  readonly cases: readonly XunitCase[]
  /** KERNEL, FSTYP, MKFS_OPTIONS, …: what the guest says of itself. */
  readonly properties: Readonly<Record<string, string>>
  /** When check started and last wrote the report, as it says (ISO 8601); null in trees before 2023. */
  readonly startedAt: string | null
  readonly writtenAt: string | null
  /** The start by the guest's own clock and time zone, as check.log has its times: `2026-11-23T09:47:56`. */
  readonly startedAtLocal: string | null
  /** False where the document is cut or damaged somewhere. */
  readonly whole: boolean
  /** What check itself counted; null where an attribute is missing or no number. */
  readonly counts: { readonly tests: number | null; readonly failures: number | null; readonly skipped: number | null }
  /** False where check wrote it before a test, to be replaced by the next: it leaves out the time then (common/report). */
  readonly finished: boolean
}

/** A diff beyond this is cut: a test that prints a whole image must not fill the record. */
const longestDiff = 256 * 1024

/** Damage found more often than this ends the reading: the rest is not worth trusting. */
const mostRestarts = 200

/** Makes a document of the rest behind damage. */
const restartPrefix = '<testsuite>'

const suitePrefix = 'xfstests.'
const bodies: ReadonlySet<string> = new Set(['system-out', 'system-err', 'kernel-log'])

/**
 * Reads a result.xml, also a cut or damaged one. Behind damage, reading starts again at the next `<testcase` that begins a line as check
 * writes it; such cases count as failures or notruns where they say so, never as passes.
 */
export function readXunit(text: string): XunitReport {
  // Bytes below a blank that XML does not allow: trees before 2023 copied them from a test's output.
  let rest = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
  const cases: XunitCase[] = []
  const facts: ReportFacts = {
    ...{ properties: {}, startedAt: null, writtenAt: null, startedAtLocal: null, finished: true },
    counts: { tests: null, failures: null, skipped: null },
  }
  for (let restarts = 0; restarts <= mostRestarts; restarts += 1) {
    const reader = new XunitReader(restarts > 0, facts)
    const stoppedAt = reader.read(restarts > 0 ? restartPrefix + rest : rest)
    cases.push(...reader.cases)
    if (stoppedAt === null) return { cases, ...facts, whole: restarts === 0 }
    const next = rest.indexOf('\n\t<testcase ', Math.max(1, stoppedAt - (restarts > 0 ? restartPrefix.length : 0)))
    if (next < 0) break
    rest = rest.slice(next)
  }
  return { cases, ...facts, whole: false }
}

interface OpenCase {
  section: string | null
  name: string
  seconds: number | null
  status: XunitCase['status']
  reason: string | null
  diff: string
}

interface ReportFacts {
  readonly properties: Record<string, string>
  startedAt: string | null
  writtenAt: string | null
  startedAtLocal: string | null
  counts: XunitReport['counts']
  finished: boolean
}

class Damaged extends Error {}

class XunitReader {
  readonly cases: XunitCase[] = []
  readonly #recovered: boolean
  readonly #facts: ReportFacts
  readonly #parser = new SaxesParser()
  #case: OpenCase | null = null
  #caseFrom = 0
  #body: string | null = null

  constructor(recovered: boolean, facts: ReportFacts) {
    this.#recovered = recovered
    this.#facts = facts
    this.#parser.on('opentag', (tag) => this.#open(tag))
    this.#parser.on('closetag', (tag) => this.#close(tag.name))
    this.#parser.on('text', (text) => this.#text(text))
    this.#parser.on('cdata', (text) => this.#text(text))
    this.#parser.on('error', (error) => {
      throw new Damaged(error.message)
    })
  }

  /** Null where the document is whole; otherwise from where to look for the next case, in characters. */
  read(text: string): number | null {
    try {
      this.#parser.write(text).close()
      return null
    } catch (error) {
      if (!(error instanceof Damaged)) throw error
      // From the open case on, not from the error: an unclosed CDATA is only noticed at the very end.
      const from = this.#case === null ? this.#parser.position : this.#caseFrom
      this.#keepCutCase()
      return Math.min(from, text.length)
    }
  }

  /** A case that damage cut: what it said so far can only make it worse. */
  #keepCutCase(): void {
    const cut = this.#case
    if (cut === null) return
    if (cut.status === 'pass') cut.status = 'unclear'
    this.#keep(cut)
  }

  #open(tag: SaxesTagPlain): void {
    const attributes = tag.attributes
    if (tag.name === 'testcase') {
      if (this.#case !== null) this.#keepCutCase()
      this.#case = openCase(attributes)
      this.#caseFrom = this.#parser.position
      return
    }
    if (this.#case === null) {
      this.#fact(tag)
      return
    }
    if (tag.name === 'failure' || tag.name === 'error') this.#case.status = 'fail'
    else if (tag.name === 'skipped') {
      if (this.#case.status === 'pass') this.#case.status = 'notrun'
      this.#case.reason = attributes.message ?? null
    } else if (bodies.has(tag.name)) {
      this.#body = tag.name
      // Only a failed test has one.
      this.#case.status = 'fail'
    }
    // A passing case of check is empty: anything else in it is damage.
    else if (this.#case.status === 'pass') this.#case.status = 'unclear'
  }

  #fact({ name, attributes }: SaxesTagPlain): void {
    if (name === 'property' && attributes.name !== undefined) this.#facts.properties[attributes.name] = attributes.value ?? ''
    if (name !== 'testsuite' || this.#recovered) return
    this.#facts.startedAt ??= isoTime(attributes.start_timestamp)
    this.#facts.startedAtLocal ??= /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.exec(attributes.start_timestamp ?? '')?.[0] ?? null
    this.#facts.writtenAt = isoTime(attributes.report_timestamp) ?? this.#facts.writtenAt
    const { tests, failures, errors, skipped, time } = attributes
    // check knows no errors; what edits its files may.
    const bad = wholeNumber(failures)
    const failed = errors === undefined ? bad : (bad ?? 0) + (wholeNumber(errors) ?? 0)
    this.#facts.counts = { tests: wholeNumber(tests), failures: failed, skipped: wholeNumber(skipped) }
    this.#facts.finished = time !== ''
  }

  #text(text: string): void {
    if (this.#case === null) return
    if (this.#body === null) {
      if (text.trim() !== '' && this.#case.status === 'pass') this.#case.status = 'unclear'
    } else if (this.#body === 'system-err' && this.#case.diff.length < longestDiff) this.#case.diff += text
  }

  #close(name: string): void {
    if (name === this.#body) this.#body = null
    if (name !== 'testcase' || this.#case === null) return
    this.#keep(this.#case)
    this.#case = null
  }

  #keep(open: OpenCase): void {
    const diff = open.diff.replace(/^\n+/, '').trimEnd()
    const status = this.#recovered && open.status === 'pass' ? 'unclear' : open.status
    this.cases.push({ ...open, status, diff: diff === '' ? null : diff.slice(0, longestDiff) })
    this.#case = null
  }
}

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null
}

function isoTime(text: string | undefined): string | null {
  const time = Date.parse(text ?? '')
  return Number.isNaN(time) ? null : new Date(time).toISOString()
}

function openCase(attributes: Readonly<Record<string, string>>): OpenCase {
  const className = attributes.classname ?? ''
  const section = className.startsWith(suitePrefix) ? className.slice(suitePrefix.length) : 'global'
  const seconds = Number(attributes.time ?? '')
  return {
    section: section === 'global' ? null : section,
    name: attributes.name ?? '',
    seconds: attributes.time !== undefined && attributes.time !== '' && seconds >= 0 ? seconds : null,
    status: className.startsWith(suitePrefix) && attributes.name !== undefined ? 'pass' : 'unclear',
    reason: null,
    diff: '',
  }
}
