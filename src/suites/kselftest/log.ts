import type { ProgramEnd } from '../../domain/program-end.js'
import { judgeProgram, type ProgramVerdict } from '../ktap/index.js'
import { isKselftestName } from './list.js'

/** What a log of run_kselftest.sh says of one test. */
export interface LoggedTest extends ProgramVerdict {
  /** `COLLECTION:TEST`. */
  readonly name: string
}

export interface KselftestLog {
  /** In the order they ran. */
  readonly tests: readonly LoggedTest[]
  /** Why the log as a whole is not to be believed, a sentence each: results that were planned and are not there. */
  readonly problems: readonly string[]
}

const ANNOUNCED = /^# selftests: (\S{1,250}): (\S{1,250})\s*$/
const PLAN = /^1\.\.(\d{1,9})\s*$/
/** 6.12: `ok 2 selftests: timens: timer`; the newest counts twice: `ok 5 2 selftests: timens: timer`. */
// regexp: neither word takes a blank, each is at most 250 characters long
const RESULT = /(ok|not ok) \d{1,9}(?: \d{1,9})? selftests: (\S{1,250}): (\S{1,250})(?: # ([^\n]{0,200}))?$/
/** What the runner itself prints outside of a test, so that the test before it is over. */
const RUNNER = /^(?:# timeout set to |# overriding timeout to |# selftests: |TAP version |1\.\.\d+\s*$|# Totals: |# \d+ skipped test)/

/** What the newest runner counts at its end; a test's own are a level deeper (`# # Totals: `). */
const TOTALS = /^# Totals: pass:\d{1,9} fail:(\d{1,9}) xfail:\d{1,9} xpass:\d{1,9} skip:\d{1,9} error:(\d{1,9})/
const BAIL_OUT = /^bail out!/i

interface Started {
  readonly name: string
  readonly output: string[]
}

/**
 * Reads what run_kselftest.sh printed, of 6.12 (a header and a plan for each collection) or of the newest (one for all). A test is judged by
 * its own output and by how the runner says it ended, the worse of both; one that started and has no result failed.
 */
export function readKselftestLog(text: string): KselftestLog {
  const reader = new LogReader()
  const lines = text.split('\n')
  for (const [index, line] of lines.entries()) reader.take(line, lines[index + 1])
  return reader.finish()
}

class LogReader {
  readonly #tests = new Map<string, LoggedTest>()
  #planned = 0
  #results = 0
  /** Results of failure, and how many the runner's totals count. */
  #failed = 0
  #failedByTotals = 0
  #bailOut: string | null = null
  #started: Started | null = null

  /** @param next the line behind it; undefined for the last */
  take(line: string, next: string | undefined): void {
    const announced = ANNOUNCED.exec(line)
    if (announced !== null) {
      this.#lost()
      this.#started = { name: `${announced[1]}:${announced[2]}`, output: [] }
      return
    }
    const plan = PLAN.exec(line)
    if (plan !== null) this.#planned += Number(plan[1])
    if (BAIL_OUT.test(line)) this.#bailOut ??= line.trim().slice(0, 200)
    const totals = this.#started === null ? TOTALS.exec(line) : null
    if (totals !== null) this.#failedByTotals += Number(totals[1]) + Number(totals[2])
    const result = RESULT.exec(line.trimEnd())
    if (result?.index === 0) this.#result(result)
    else if (result !== null && this.#endsWithout(result, next)) {
      // The test's last line had no line break: the runner's own word stands behind it.
      this.#started?.output.push(line.slice(2, result.index))
      this.#result(result)
    } else if (line.startsWith('# ')) this.#started?.output.push(line.slice(2))
    // What is not prefixed is the runner's, or of a kernel that shares the console.
  }

  finish(): KselftestLog {
    this.#lost()
    const missing = this.#planned - this.#results
    const problems = missing > 0 ? [`The log plans ${this.#planned} tests and has results of ${this.#results}.`] : []
    if (this.#failedByTotals > this.#failed) {
      problems.push(`The log’s totals count ${this.#failedByTotals} failed tests, and its results are of ${this.#failed}.`)
    }
    if (this.#bailOut !== null) problems.push(`The log says: ${this.#bailOut}`)
    if (this.#planned === 0) problems.push('The log has no plan: it is not of run_kselftest.sh, or not from its start.')
    return { tests: [...this.#tests.values()], problems }
  }

  /** Only of the test that runs, and only where the runner goes on behind it: a test can print such a line itself. */
  #endsWithout(result: RegExpExecArray, next: string | undefined): boolean {
    return this.#started?.name === `${result[2]}:${result[3]}` && (next === undefined || next === '' || RUNNER.test(next))
  }

  #result([, word = '', collection = '', program = '', directive = '']: RegExpExecArray): void {
    const name = `${collection}:${program}`
    if (!isKselftestName(name)) return
    const started = this.#started?.name === name ? this.#started : null
    const output = (started?.output ?? []).join('\n')
    this.#results += 1
    if (word !== 'ok') this.#failed += 1
    this.#keep(name, judgeProgram(endOf(word === 'ok', directive), output))
    if (started !== null) this.#started = null
  }

  /** The test before is over, and its result is not there. */
  #lost(): void {
    if (this.#started === null) return
    const { name, output } = this.#started
    this.#started = null
    const verdict = judgeProgram({ kind: 'exit', code: 0 }, output.join('\n'))
    const message = ['it started, and the log has no result of it', ...(verdict.status === 'fail' ? [verdict.message] : [])].join('; ')
    this.#keep(name, { ...verdict, status: 'fail', message })
  }

  /** Two results of one test: the worse counts. */
  #keep(name: string, verdict: ProgramVerdict): void {
    const before = this.#tests.get(name)
    const order = ['pass', 'notrun', 'timeout', 'fail']
    if (before !== undefined && order.indexOf(before.status) >= order.indexOf(verdict.status)) return
    this.#tests.set(name, { name, ...verdict })
  }
}

/** How the test ended, as the runner's directive tells it. */
function endOf(isOk: boolean, directive: string): ProgramEnd {
  const exit = /^exit=(\d{1,3})$/.exec(directive)
  if (exit !== null) {
    const code = Number(exit[1])
    return code > 128 ? { kind: 'signal', signal: code - 128 } : { kind: 'exit', code: code === 0 || code === 4 ? 1 : code }
  }
  const limit = /^TIMEOUT (\d{1,9}) seconds/i.exec(directive)
  if (limit !== null) return { kind: 'limit', seconds: Number(limit[1]) }
  if (/^TIMEOUT\b/i.test(directive)) return { kind: 'limit', seconds: 0 }
  if (/^SKIP/i.test(directive)) return { kind: 'exit', code: 4 }
  // The newest runner calls exit status 2 an expected failure; who wrote the test did not say so.
  if (/^XFAIL/i.test(directive)) return { kind: 'exit', code: 2 }
  return { kind: 'exit', code: isOk && directive === '' ? 0 : 1 }
}
