import type { TestName } from '../../domain/test.js'
import { classifyLine, type OutputLine, type SummaryList } from './output-line.js'
import { readBlock, type WordedVerdict } from './verdict-text.js'

/** One test line of check's output, with what it says. */
export interface OutputVerdict extends WordedVerdict {
  /** Null where the output has no `SECTION --` line. */
  readonly section: string | null
  readonly name: TestName
  /** 1-based line of the test's name. */
  readonly line: number
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

/** Everything read from check's standard output. */
export interface FstestsOutput {
  readonly verdicts: readonly OutputVerdict[]
  readonly sections: readonly OutputSection[]
  /** Names check did not know and left out (and then reports success). */
  readonly unknownTests: readonly string[]
  readonly interrupted: boolean
  /** Why check gave up, in its words. */
  readonly fatal: readonly string[]
}

interface OpenSection {
  name: string | null
  facts: Map<string, string>
  lists: Map<SummaryList, Set<TestName>>
}

interface OpenBlock {
  section: string | null
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
  readonly #unknownTests: string[] = []
  readonly #fatal: string[] = []
  #interrupted = false
  #section: string | null = null
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
        return
      case 'fact':
        this.#open().facts.set(line.name, line.value)
        return
      case 'test':
        this.#open()
        this.#block = { section: this.#section, name: line.name, rest: line.rest, continuation: [], line: number }
        return
      case 'list': {
        const lists = this.#open().lists
        const names = lists.get(line.list) ?? new Set<TestName>()
        for (const name of line.names) names.add(name)
        lists.set(line.list, names)
        return
      }
      case 'unknown-test':
        this.#unknownTests.push(line.name)
        return
      case 'interrupted':
        this.#interrupted = true
        return
      case 'fatal':
        this.#fatal.push(line.text)
        return
      case 'aggregate':
      case 'total':
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

  #close(whole: boolean): void {
    const block = this.#block
    this.#block = null
    if (block === null) return
    this.#verdicts.push({ section: block.section, name: block.name, line: block.line, ...readBlock({ ...block, whole }) })
  }

  finish(whole: boolean): FstestsOutput {
    this.#close(whole)
    return {
      verdicts: this.#verdicts,
      sections: [...this.#sections.values()].map(closeSection),
      unknownTests: this.#unknownTests,
      interrupted: this.#interrupted,
      fatal: this.#fatal,
    }
  }
}

function closeSection(section: OpenSection): OutputSection {
  return {
    name: section.name,
    fstyp: section.facts.get('FSTYP')?.replace(/ \(.*\)$/, '') ?? null,
    platform: section.facts.get('PLATFORM') ?? null,
    mkfsOptions: section.facts.get('MKFS_OPTIONS') ?? null,
    mountOptions: section.facts.get('MOUNT_OPTIONS') ?? null,
    ran: section.lists.get('ran') ?? null,
    notrun: section.lists.get('notrun') ?? new Set(),
    failures: section.lists.get('failures') ?? new Set(),
  }
}
