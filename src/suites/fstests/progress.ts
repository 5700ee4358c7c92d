import type { TestName } from '../../domain/test.js'
import type { ProgressParser, SuiteProgress } from '../suite.js'
import { classifyLine } from './output-line.js'
import { testNameSource } from './test-name.js'
import { readBlock } from './verdict-text.js'

/** A test's name and the start of the column behind it: check prints both before it starts the test and leaves the line open. */
const startedPattern = new RegExp(`^(${testNameSource})(?:\\t|  | \\d)`)

/** Verdicts that nothing on a later line can change. A failure's block ends only where the next test starts. */
const finalStatuses: ReadonlySet<string> = new Set(['pass', 'notrun', 'expunged', 'no-such-test'])

/** More than check ever leaves open on one line; beyond it the text is no test line. */
const longestOpenLine = 4096

/** Characters kept of what follows a test's line; its verdict stands at the beginning, and a guest may print without end. */
const mostContinuation = 1024 * 1024

interface Running {
  name: TestName
  rest: string | null
  continuation: string[]
  continuationLength: number
}

/** Follows check's output while it runs. For progress only: the verdict is read from the files afterwards. */
export function createProgressParser(): ProgressParser {
  return new FstestsProgress()
}

class FstestsProgress implements ProgressParser {
  #pending = ''
  #running: Running | null = null
  /** The open line was already announced as a start. */
  #announced = false

  feed(chunk: string): readonly SuiteProgress[] {
    const events: SuiteProgress[] = []
    const lines = (this.#pending + chunk).split('\n')
    this.#pending = lines.pop() ?? ''
    for (const line of lines) this.#line(line.replace(/\r$/, ''), events)
    this.#peek(events)
    if (this.#pending.length > longestOpenLine) this.#pending = this.#pending.slice(0, longestOpenLine)
    return events
  }

  end(): readonly SuiteProgress[] {
    const events: SuiteProgress[] = []
    const line = classifyLine(this.#pending)
    if (line.kind === 'test' && !this.#announced) this.#start(line.name, null, events)
    else if (!this.#announced) this.#line(this.#pending, events)
    this.#pending = ''
    // A test whose line is still open has no verdict: nothing is said about its end.
    this.#finish(events)
    return events
  }

  #line(text: string, events: SuiteProgress[]): void {
    const line = classifyLine(text)
    if (line.kind === 'text') {
      this.#continue(text)
      return
    }
    if (line.kind !== 'test') {
      this.#finish(events)
      return
    }
    if (this.#announced && this.#running !== null) this.#running.rest = line.rest
    else this.#start(line.name, line.rest, events)
    this.#announced = false
    this.#endEarly(events)
  }

  #continue(text: string): void {
    const running = this.#running
    if (running === null || running.continuationLength > mostContinuation) return
    running.continuation.push(text)
    // Each line costs something beside its characters.
    running.continuationLength += text.length + 32
  }

  /** Announces a test as soon as its name is there, before its line ends. */
  #peek(events: SuiteProgress[]): void {
    if (this.#announced) return
    const match = startedPattern.exec(this.#pending)
    if (match?.[1] === undefined) return
    this.#start(match[1], null, events)
    this.#announced = true
  }

  #start(name: TestName, rest: string | null, events: SuiteProgress[]): void {
    this.#finish(events)
    this.#running = { name, rest, continuation: [], continuationLength: 0 }
    events.push({ kind: 'start', name })
  }

  #endEarly(events: SuiteProgress[]): void {
    const running = this.#running
    if (running === null || running.rest === null) return
    if (finalStatuses.has(readBlock({ ...running, rest: running.rest, whole: true }).status)) this.#finish(events)
  }

  #finish(events: SuiteProgress[]): void {
    const running = this.#running
    this.#running = null
    this.#announced = false
    if (running === null || running.rest === null) return
    const verdict = readBlock({ ...running, rest: running.rest, whole: true })
    events.push({ kind: 'end', name: running.name, status: verdict.status, seconds: verdict.seconds })
  }
}
