import type { TestName } from '../../domain/test.js'
import { testKey } from '../../domain/test-key.js'
import type { CheckLog } from './check-log.js'
import type { FstestsEvidence } from './gather.js'
import type { OutputVerdict } from './output.js'
import type { ResultFile } from './result-files.js'
import { isTestName } from './test-name.js'
import type { XunitCase } from './xunit.js'

/** Everything that was said about one test of one section. */
export interface Subject {
  readonly section: string | null
  readonly name: TestName
  /** In the order printed: one for each time the test ran. */
  readonly said: OutputVerdict[]
  readonly cases: XunitCase[]
  readonly files: ResultFile[]
}

/** A test of a section, which may have no name, as its evidence is kept. */
export function subjectKey({ section, name }: { readonly section: string | null; readonly name: TestName }): string {
  return testKey({ suite: '', section: section ?? '', name })
}

/** The summary of a section, from check's output and its check.log. */
export interface Lists {
  /** Null where no summary was found: nothing can be concluded from a test's absence. */
  readonly ran: ReadonlySet<TestName> | null
  readonly notrun: ReadonlySet<TestName>
  readonly failures: ReadonlySet<TestName>
  /** True where a check.log of this run has the summary's last line. */
  readonly hasTotal: boolean
  /** The summaries in check.log that are of this run. */
  readonly logs: readonly CheckLog[]
}

/** Evidence sorted by test, in the order check went through them. */
export class Subjects {
  readonly #all = new Map<string, Subject>()

  constructor(evidence: FstestsEvidence) {
    for (const said of evidence.output?.verdicts ?? []) this.#of(said.section, said.name)?.said.push(said)
    for (const { section, value } of evidence.reports) {
      for (const one of value.cases) this.#of(section ?? one.section, one.name)?.cases.push(one)
    }
    for (const file of evidence.files) this.#of(file.section, file.test)?.files.push(file)
  }

  #of(section: string | null, name: TestName): Subject | null {
    if (!isTestName(name)) return null
    const key = subjectKey({ section, name })
    const subject = this.#all.get(key) ?? { section, name, said: [], cases: [], files: [] }
    this.#all.set(key, subject)
    return subject
  }

  all(): readonly Subject[] {
    return [...this.#all.values()]
  }

  /** Those of one section. */
  in(section: string | null): readonly Subject[] {
    return this.all().filter((subject) => subject.section === section)
  }
}

/** The summary lists of each section. A check.log counts only where it is of this run: check appends to the one it finds. */
export function collectLists(evidence: FstestsEvidence, subjects: Subjects): ReadonlyMap<string | null, Lists> {
  const lists = new Map<string | null, Lists>()
  const sections = new Set([...subjects.all().map((subject) => subject.section), ...evidence.logs.map((log) => log.section)])
  // With sections, the check.log above them has all of them mixed; each has its own copy below.
  if (sections.size > 1) sections.delete(null)
  for (const section of sections) {
    const printed = evidence.output?.sections.find((one) => one.name === section)
    const logs = evidence.logs
      .filter((log) => log.section === section)
      .flatMap((log) => blocksOfThisRun(log.value, subjects.in(section), startOf(evidence, section)))
    const ran = [printed?.ran, ...logs.map((log) => log.ran)].filter((set) => set !== undefined && set !== null)
    lists.set(section, {
      ran: ran.length === 0 ? null : new Set(ran.flatMap((set) => [...set])),
      notrun: new Set([...(printed?.notrun ?? []), ...logs.flatMap((log) => [...log.notrun])]),
      failures: new Set([...(printed?.failures ?? []), ...logs.flatMap((log) => [...log.failures])]),
      hasTotal: logs.some((log) => log.total !== null),
      logs,
    })
  }
  return lists
}

/** When check started, by the guest's clock, as the section's result.xml has it; null where it does not. */
function startOf(evidence: FstestsEvidence, section: string | null): string | null {
  const report = evidence.reports.find(({ section: directory, value }) => (directory ?? value.cases[0]?.section ?? null) === section)
  return report?.value.startedAtLocal ?? null
}

/** The last block, where it is of this run, and those `-i` wrote before it: since check started. */
function blocksOfThisRun(blocks: readonly CheckLog[], subjects: readonly Subject[], startedAt: string | null): readonly CheckLog[] {
  const last = blocks.at(-1)
  if (last === undefined || !isOfThisRun(last.ran, subjects)) return []
  const before = blocks.slice(0, -1).filter(({ writtenAt }) => startedAt !== null && writtenAt !== null && writtenAt >= startedAt)
  return [...before, last]
}

function isOfThisRun(ran: ReadonlySet<TestName>, subjects: readonly Subject[]): boolean {
  return subjects.every((subject) => {
    const tried = subject.said.some((said) => said.status !== 'expunged' && said.status !== 'no-such-test') || subject.cases.length > 0
    return !tried || ran.has(subject.name)
  })
}
