import type { ProgramEnd } from '../../domain/program-end.js'
import { shorten } from './line.js'
import { type KtapProblem, type KtapReading, readKtap, type Subtest } from './read.js'

/** What a test that is one program came to. */
export interface ProgramVerdict {
  readonly status: 'pass' | 'fail' | 'notrun' | 'timeout'
  /** Why, for anything but a plain pass. */
  readonly message: string | null
  /** The first thousand. */
  readonly subtests: readonly Subtest[]
  /** How many there were. */
  readonly subtestCount: number
}

/** kselftest's word for "cannot be tested here" (KSFT_SKIP in kselftest.h). */
export const SKIPPED = 4

/** Signals by number, as on every architecture the product knows (signal(7)). */
const SIGNALS: Readonly<Record<number, string>> = {
  ...{ 1: 'SIGHUP', 2: 'SIGINT', 3: 'SIGQUIT', 4: 'SIGILL', 5: 'SIGTRAP', 6: 'SIGABRT', 7: 'SIGBUS', 8: 'SIGFPE', 9: 'SIGKILL' },
  ...{ 10: 'SIGUSR1', 11: 'SIGSEGV', 12: 'SIGUSR2', 13: 'SIGPIPE', 14: 'SIGALRM', 15: 'SIGTERM', 16: 'SIGSTKFLT' },
  ...{ 24: 'SIGXCPU', 25: 'SIGXFSZ', 31: 'SIGSYS' },
}

/**
 * The worst of exit status, sub-tests, plan and totals. `end` is null where the program left no word of how it ended: never a pass.
 * An exit status other than 0 and 4 is a failure, also kselftest's 2 (XFAIL) and 3 (XPASS): run_kselftest.sh of 6.12 says the same.
 */
export function judgeProgram(end: ProgramEnd | null, output: string): ProgramVerdict {
  const reading = readKtap(output)
  const { pass, fail, notrun } = reading.counts
  const rest = { subtests: reading.subtests, subtestCount: pass + fail + notrun }
  const skipped = end?.kind === 'exit' && end.code === SKIPPED
  const reasons = [...failureOf(end, output, reading), ...failuresOf(reading, skipped)]
  if (end?.kind === 'limit') return { status: 'timeout', message: reasons.join('; '), ...rest }
  if (reasons.length > 0) return { status: 'fail', message: reasons.join('; '), ...rest }
  if (skipped) return { status: 'notrun', message: reading.skipReason ?? (lastWords(output) || 'exit status 4'), ...rest }
  if (pass === 0 && (notrun > 0 || reading.plannedNone)) {
    return {
      status: 'notrun',
      message: reading.skipReason ?? (notrun > 0 ? 'every sub-test was skipped' : 'it planned no sub-test'),
      ...rest,
    }
  }
  const expected = reading.expectedFailures
  const message = expected === 0 ? null : `${expected} sub-test${expected === 1 ? '' : 's'} failed as expected`
  return { status: 'pass', message, ...rest }
}

function failureOf(end: ProgramEnd | null, output: string, reading: KtapReading): readonly string[] {
  switch (end?.kind) {
    case undefined:
      return ['it left no exit status']
    case 'limit':
      return [`it was ended after its limit of ${end.seconds} s`]
    case 'signal':
      return [`killed by signal ${end.signal}${SIGNALS[end.signal] === undefined ? '' : ` (${SIGNALS[end.signal]})`}`]
    case 'exit': {
      if (end.code === 0 || end.code === SKIPPED) return []
      const status = `exit status ${end.code}`
      // A failed sub-test says more than the last line, which is then its totals.
      const words = reading.counts.fail > 0 || reading.problems.length > 0 ? '' : lastWords(output)
      return [words === '' ? status : `${status}: ${words}`]
    }
  }
}

function failuresOf(reading: KtapReading, skipped: boolean): readonly string[] {
  const { pass, fail, notrun } = reading.counts
  const names = reading.failed.join('; ') + (fail > reading.failed.length ? '; …' : '')
  const failed = fail === 0 ? [] : [`${fail} of ${pass + fail + notrun} sub-tests failed: ${names}`]
  return [...failed, ...reading.problems.filter((problem) => counts(problem, reading, skipped)).map((problem) => problem.text)]
}

/** Who skips need not keep its plan; totals that count the failures already named say nothing new. */
function counts(problem: KtapProblem, reading: KtapReading, skipped: boolean): boolean {
  if (problem.kind === 'short') return !skipped
  if (problem.kind !== 'totals') return true
  return problem.text !== `its totals say fail:${reading.counts.fail}`
}

/** The last line that says something; empty where none does. */
function lastWords(output: string): string {
  const lines = output.slice(-4096).trimEnd().split('\n')
  return shorten((lines.at(-1) ?? '').replace(/^[# \t]{1,64}/, ''))
}
