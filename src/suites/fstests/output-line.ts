import type { TestName } from '../../domain/test.js'
import { testNameSource } from './test-name.js'

/** One line of check's standard output. `whole` is false for a last line that has no newline (yet). */
export type OutputLine =
  | { readonly kind: 'section'; readonly name: string }
  | { readonly kind: 'fact'; readonly name: 'FSTYP' | 'PLATFORM' | 'MKFS_OPTIONS' | 'MOUNT_OPTIONS' | 'RECREATING'; readonly value: string }
  /** A test's name at the start of a line; `rest` is everything after the name, blanks included. */
  | { readonly kind: 'test'; readonly name: TestName; readonly rest: string }
  /** The summary of `-L`: ends a test's block and repeats what the lines above said. */
  | { readonly kind: 'aggregate'; readonly name: TestName; readonly aggregate: Aggregate }
  | { readonly kind: 'unknown-test'; readonly name: string }
  | { readonly kind: 'list'; readonly list: SummaryList; readonly names: readonly TestName[] }
  | { readonly kind: 'total'; readonly total: Total }
  /** `Xunit report: …` */
  | { readonly kind: 'report' }
  /** Below the section's name in the summary of all sections. */
  | { readonly kind: 'rule' }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'fatal'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }

/** `Failed 1 of 3 tests`, `Passed all 3 tests`. */
export interface Total {
  readonly failed: number
  readonly of: number
}

/** How often a test of `-L` ran, and how often it failed: at least once, else check does not run it again. */
export interface Aggregate {
  readonly runs: number
  readonly failed: number
}

export type SummaryList = 'ran' | 'notrun' | 'failures'

const summaryLists: Readonly<Record<string, SummaryList>> = { Ran: 'ran', 'Not run': 'notrun', Failures: 'failures' }

// `s`: a carriage return or U+2028 in a damaged line ends no pattern.
const factPattern = /^(SECTION|RECREATING|FSTYP|PLATFORM|MKFS_OPTIONS|MOUNT_OPTIONS) +-- (.*)$/s
const testPattern = new RegExp(`^(${testNameSource})(?=[ \\t]|$)(.*)$`, 's')
const aggregatePattern = /^ aggregate results across (\d{1,9}) runs: /
const summaryPattern = /^(Ran|Not run|Failures): (.*)$/s
const totalPattern = /^(?:Failed (\d{1,9}) of|Passed all) (\d{1,9}) tests$/
const reportPattern = /^Xunit report: /
const rulePattern = /^={10,}$/
/** What check prints when it gives up (`_fatal`, and common/config and common/rc before the first test). */
const fatalPattern =
  /^(?:check: |our local .* routine \.\.\.|Group ".*" is empty or not defined\?|common\/(?:rc|config): |Warning: need to define parameters|failed to create results directory)/

/**
 * Reads one line of check's output by its grammar alone (check:418, 488-527, 889; verified on trees of 2023 to 2025).
 * Lines of a diff never look like a test: check indents them by four blanks.
 */
export function classifyLine(line: string): OutputLine {
  const test = testPattern.exec(line)
  if (test !== null) return classifyTestLine(test[1] ?? '', test[2] ?? '')
  const fact = factPattern.exec(line)
  if (fact !== null) return classifyFact(fact[1] ?? '', fact[2] ?? '')
  const summary = summaryPattern.exec(line)
  const list = summary === null ? undefined : summaryLists[summary[1] ?? '']
  if (list !== undefined) return { kind: 'list', list, names: (summary?.[2] ?? '').split(/\s+/).filter(Boolean) }
  const total = totalPattern.exec(line)
  if (total !== null) return { kind: 'total', total: { failed: Number(total[1] ?? 0), of: Number(total[2]) } }
  if (reportPattern.test(line)) return { kind: 'report' }
  if (rulePattern.test(line)) return { kind: 'rule' }
  if (line === 'Interrupted!') return { kind: 'interrupted' }
  if (line.endsWith(' - unknown test, ignored')) return { kind: 'unknown-test', name: line.slice(0, -' - unknown test, ignored'.length) }
  if (fatalPattern.test(line)) return { kind: 'fatal', text: line }
  return { kind: 'text', text: line }
}

function classifyTestLine(name: TestName, rest: string): OutputLine {
  if (rest === ' - unknown test, ignored') return { kind: 'unknown-test', name }
  const aggregate = aggregatePattern.exec(rest)
  if (aggregate !== null) {
    const failed = /\bfail=(\d{1,9}) /.exec(rest)?.[1]
    return { kind: 'aggregate', name, aggregate: { runs: Number(aggregate[1]), failed: Math.max(1, Number(failed ?? 1)) } }
  }
  return { kind: 'test', name, rest }
}

function classifyFact(name: string, value: string): OutputLine {
  if (name === 'SECTION') return { kind: 'section', name: value.trim() }
  return { kind: 'fact', name: name as Extract<OutputLine, { kind: 'fact' }>['name'], value: value.trim() }
}
