import type { TestName } from '../../domain/test.js'
import type { ProgressParser, SuiteProgress } from '../suite.js'
import { headOf } from './output.js'

/** More than check prints on one line. */
const LONGEST_LINE = 4096

const WORDS: Readonly<Record<string, string>> = { passed: 'pass', failed: 'fail', 'not run': 'notrun' }

/** Follows check's output: a test's line without a status says that it starts, the one with a status that it ended. */
export class BlktestsProgress implements ProgressParser {
  #pending = ''

  feed(chunk: string): readonly SuiteProgress[] {
    const lines = (this.#pending + chunk).split('\n')
    this.#pending = (lines.pop() ?? '').slice(0, LONGEST_LINE)
    return lines.flatMap(progressOf)
  }

  end(): readonly SuiteProgress[] {
    const last = this.#pending
    this.#pending = ''
    return last === '' ? [] : progressOf(last)
  }
}

function progressOf(line: string): readonly SuiteProgress[] {
  const head = headOf(line.slice(0, LONGEST_LINE))
  if (head === null || head.name.endsWith('/***')) return []
  const name: TestName = head.name
  if (head.status === null) return [{ kind: 'start', name }]
  return [{ kind: 'end', name, status: WORDS[head.status] ?? head.status, seconds: null }]
}
