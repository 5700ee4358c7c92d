import type { TestName } from '../../domain/test.js'
import { TEST_NAME_SOURCE } from './test-name.js'

/** A result as check prints it: the line with a status, and the lines below it that belong to it. */
export interface PrintedResult {
  readonly name: TestName
  /** What stands between the name and the status: the device, the condition, the description. */
  readonly about: string
  readonly status: 'passed' | 'failed' | 'not run'
  /** Indented by four blanks there: reasons of a skip, measurements, the beginning of a difference. */
  readonly lines: readonly string[]
}

export interface BlktestsOutput {
  /** Names whose first line was printed, which check does before a test runs. */
  readonly started: ReadonlySet<TestName>
  readonly results: readonly PrintedResult[]
  /** Groups that were not run as a whole, with the reasons; blktests leaves no file of them. */
  readonly groups: ReadonlyMap<string, readonly string[]>
  /** Of a test that was not there when check looked for it. */
  readonly unknown: ReadonlySet<TestName>
  /** What check said to standard error of a test by its name (`./check: block/007: …`). */
  readonly warnings: ReadonlyMap<TestName, string>
  /** Other lines, the last few: shell errors, for example. */
  readonly other: readonly string[]
}

const STATUS = ' [' as const
const HEAD = new RegExp(`^(${TEST_NAME_SOURCE}|[a-z][a-z0-9_-]*/\\*\\*\\*)(?: |$)`)
const WARNING = new RegExp(`^\\S{0,200}check: (?:no group or test named (\\S{1,200})|(${TEST_NAME_SOURCE}):? (.*))$`)
const KEPT_LINES = 40
const LONGEST_LINE = 500

/** Name, rest and status of a line about a test; null for any other. Linear in the line's length. */
export function headOf(line: string): { readonly name: string; readonly about: string; readonly status: string | null } | null {
  const name = HEAD.exec(line.slice(0, 300))?.[1]
  if (name === undefined) return null
  const rest = line.slice(name.length).trimEnd()
  const at = rest.lastIndexOf(STATUS)
  const status = at >= 0 && rest.endsWith(']') ? rest.slice(at + STATUS.length, -1) : null
  const known = status !== null && ['passed', 'failed', 'not run'].includes(status)
  return { name, about: (known ? rest.slice(0, at) : rest).trim(), status: known ? status : null }
}

/** Reads what `check` printed to both of its outputs, not on a terminal: each test's line twice, the second time with a status. */
export function readBlktestsOutput(text: string): BlktestsOutput {
  const started = new Set<TestName>()
  const results: { name: string; about: string; status: PrintedResult['status']; lines: string[] }[] = []
  const groups = new Map<string, string[]>()
  const unknown = new Set<TestName>()
  const warnings = new Map<TestName, string>()
  const other: string[] = []
  let below: string[] | null = null
  for (const line of text.split('\n')) {
    const head = headOf(line)
    if (head !== null) {
      below = []
      if (head.name.endsWith('/***')) {
        const group = head.name.slice(0, -4)
        if (head.status === 'not run') {
          below = groups.get(group) ?? below
          groups.set(group, below)
        }
      } else if (head.status === null) started.add(head.name)
      else results.push({ name: head.name, about: head.about, status: head.status as PrintedResult['status'], lines: below })
      continue
    }
    if (line.startsWith('    ') && below !== null) {
      if (below.length < KEPT_LINES) below.push(line.slice(4, 4 + LONGEST_LINE))
      continue
    }
    below = null
    const [, missing, named, words = ''] = WARNING.exec(line.slice(0, 2 * LONGEST_LINE)) ?? []
    if (missing !== undefined) unknown.add(missing)
    else if (named !== undefined) warnings.set(named, words)
    else if (line.trim() !== '' && other.push(line.slice(0, LONGEST_LINE)) > KEPT_LINES) other.shift()
  }
  return { started, results, groups, unknown, warnings, other }
}
