import type { TestName } from '../../domain/test.js'
import { type Aggregate, classifyLine, type OutputLine, type SummaryList, type Total } from './output-line.js'
import { readBlock, type WordedVerdict } from './verdict-text.js'

/** One test line of check's output, with what it says. */
export interface OutputVerdict extends WordedVerdict {
  /** Null where the output has no `SECTION --` line. */
  readonly section: string | null
  readonly name: TestName
  /** 1-based line of the test's name. */
  readonly line: number
  /** True where the output ends in the middle of the line. */
  readonly isCut: boolean
  /** True where the line of the same test stands right before it, in the same pass: so `-L` runs a failed test again. */
  readonly isRepeat: boolean
}

/** What check says about a section before and after its tests. */
export interface OutputSection {
  readonly name: string | null
  readonly fstyp: string | null
  readonly platform: string | null
  readonly mkfsOptions: string | null
  readonly mountOptions: string | null
  /** The summary's lists; null where the output ends before them (or `-b` leaves them out). */
  readonly ran: ReadonlySet<TestName> | null
  readonly notrun: ReadonlySet<TestName>
  readonly failures: ReadonlySet<TestName>
}

/** One way of check through a section, from its header to its summary: `-i` makes several, and so does an output that was appended to. */
export interface OutputPass {
  readonly section: string | null
  readonly verdicts: readonly OutputVerdict[]
  readonly ran: ReadonlySet<TestName> | null
  readonly failures: ReadonlySet<TestName>
  /** Null where the output ends before it. */
  readonly total: Total | null
  readonly interrupted: boolean
  /** Why check gave up, in its words. */
  readonly fatal: readonly string[]
}

/** What `-L` adds up of a test that it ran again. */
export interface OutputAggregate extends Aggregate {
  readonly section: string | null
  readonly name: TestName
}

/** Everything read from check's standard output. */
export interface FstestsOutput {
  readonly verdicts: readonly OutputVerdict[]
  readonly sections: readonly OutputSection[]
  readonly passes: readonly OutputPass[]
  readonly aggregates: readonly OutputAggregate[]
  /** Names check did not know and left out (and then reports success). */
  readonly unknownTests: readonly string[]
}

interface OpenSection {
  name: string | null
  facts: Map<string, string>
  lists: Map<SummaryList, Set<TestName>>
}

interface OpenPass {
  readonly section: string | null
  readonly facts: Set<string>
  readonly lists: Map<SummaryList, Set<TestName>>
  readonly verdicts: OutputVerdict[]
  readonly fatal: string[]
  total: Total | null
  interrupted: boolean
  /** The summary of all sections, which check prints again at its very end. */
  isAgain: boolean
}

interface OpenBlock {
  pass: OpenPass
  name: TestName
  rest: string
  continuation: string[]
  line: number
}

/**
 * Reads the whole standard output of check: verdicts in the order printed, one for each time a test ran
 * (`-L` and `-i` run a test again), whatever is cut or damaged.
 */
export function readOutput(text: string): FstestsOutput {
  const reader = new OutputReader()
  const lines = text.split('\n')
  const last = lines.pop() ?? ''
  for (const [index, line] of lines.entries()) reader.line(line.replace(/\r$/, ''), index + 1)
  if (last !== '') reader.line(last, lines.length + 1)
  return reader.finish(last === '')
}

class OutputReader {
  readonly #verdicts: OutputVerdict[] = []
  readonly #sections = new Map<string | null, OpenSection>()
  readonly #passes: OpenPass[] = []
  readonly #aggregates: OutputAggregate[] = []
  readonly #unknownTests: string[] = []
  #section: string | null = null
  #pass: OpenPass | null = null
  #block: OpenBlock | null = null

  line(text: string, number: number): void {
    const line = classifyLine(text)
    if (line.kind === 'text') {
      this.#block?.continuation.push(text)
      return
    }
    this.#close(true)
    this.#take(line, number)
  }

  #take(line: Exclude<OutputLine, { kind: 'text' }>, number: number): void {
    switch (line.kind) {
      case 'section':
        this.#section = line.name
        this.#open()
        this.#begin()
        return
      case 'fact':
        this.#open().facts.set(line.name, line.value)
        this.#passOfFact(line.name).facts.add(line.name)
        return
      case 'test':
        this.#open()
        this.#block = { pass: this.#passOfTest(), name: line.name, rest: line.rest, continuation: [], line: number }
        return
      case 'list':
        for (const lists of [this.#open().lists, this.#current().lists]) addNames(lists, line.list, line.names)
        return
      case 'total':
        this.#current().total = line.total
        return
      case 'rule':
        this.#current().isAgain = true
        return
      case 'aggregate':
        this.#aggregates.push({ section: this.#section, name: line.name, ...line.aggregate })
        return
      case 'unknown-test':
        this.#unknownTests.push(line.name)
        return
      case 'interrupted':
        this.#current().interrupted = true
        return
      case 'fatal':
        this.#current().fatal.push(line.text)
        return
      case 'report':
        return
    }
  }

  #open(): OpenSection {
    const known = this.#sections.get(this.#section)
    if (known !== undefined) return known
    const section = { name: this.#section, facts: new Map<string, string>(), lists: new Map<SummaryList, Set<TestName>>() }
    this.#sections.set(this.#section, section)
    return section
  }

  #begin(): OpenPass {
    const pass: OpenPass = {
      ...{ section: this.#section, facts: new Set<string>(), lists: new Map(), verdicts: [], fatal: [] },
      ...{ total: null, interrupted: false, isAgain: false },
    }
    this.#passes.push(pass)
    this.#pass = pass
    return pass
  }

  #current(): OpenPass {
    return this.#pass ?? this.#begin()
  }

  /** A header that comes after tests or a summary, or a second time, begins another pass. */
  #passOfFact(name: string): OpenPass {
    const pass = this.#current()
    const isOver = pass.verdicts.length > 0 || pass.total !== null || pass.fatal.length > 0 || pass.lists.size > 0
    return isOver || pass.facts.has(name) ? this.#begin() : pass
  }

  #passOfTest(): OpenPass {
    const pass = this.#current()
    return pass.total === null && !pass.isAgain ? pass : this.#begin()
  }

  #close(whole: boolean): void {
    const block = this.#block
    this.#block = null
    if (block === null) return
    const { pass, name, line } = block
    const isRepeat = pass.verdicts.at(-1)?.name === name
    const isCut = !whole && block.continuation.length === 0
    const verdict = { section: pass.section, name, line, isCut, isRepeat, ...readBlock({ ...block, whole }) }
    pass.verdicts.push(verdict)
    this.#verdicts.push(verdict)
  }

  finish(whole: boolean): FstestsOutput {
    this.#close(whole)
    return {
      verdicts: this.#verdicts,
      sections: [...this.#sections.values()].map(closeSection),
      passes: closePasses(this.#passes),
      aggregates: this.#aggregates,
      unknownTests: this.#unknownTests,
    }
  }
}

function addNames(lists: Map<SummaryList, Set<TestName>>, list: SummaryList, added: readonly TestName[]): void {
  const names = lists.get(list) ?? new Set<TestName>()
  for (const name of added) names.add(name)
  lists.set(list, names)
}

/** The passes; each summary that is printed again stands in where a pass has lost its own. */
function closePasses(open: readonly OpenPass[]): readonly OutputPass[] {
  const again = open.filter((pass) => pass.isAgain)
  return open
    .filter((pass) => !pass.isAgain)
    .map((pass, _index, passes) => {
      const place = passes.filter(({ section }) => section === pass.section).indexOf(pass)
      const repeated = again.filter(({ section }) => section === pass.section)[place]
      return {
        section: pass.section,
        verdicts: pass.verdicts,
        ran: pass.lists.get('ran') ?? repeated?.lists.get('ran') ?? null,
        failures: new Set([...(pass.lists.get('failures') ?? []), ...(repeated?.lists.get('failures') ?? [])]),
        total: worseTotal(pass.total, repeated?.total ?? null),
        interrupted: pass.interrupted || repeated?.interrupted === true,
        fatal: pass.fatal,
      }
    })
}

function worseTotal(left: Total | null, right: Total | null): Total | null {
  if (left === null || right === null) return left ?? right
  return right.failed > left.failed ? right : left
}

function closeSection(section: OpenSection): OutputSection {
  return {
    name: section.name,
    fstyp: withoutRemark(section.facts.get('FSTYP')) ?? null,
    platform: section.facts.get('PLATFORM') ?? null,
    mkfsOptions: section.facts.get('MKFS_OPTIONS') ?? null,
    mountOptions: section.facts.get('MOUNT_OPTIONS') ?? null,
    ran: section.lists.get('ran') ?? null,
    notrun: section.lists.get('notrun') ?? new Set(),
    failures: section.lists.get('failures') ?? new Set(),
  }
}

/** `xfs (debug)` is `xfs`. */
function withoutRemark(fact: string | undefined): string | undefined {
  return fact?.endsWith(')') === true && fact.includes(' (') ? fact.slice(0, fact.indexOf(' (')) : fact
}
