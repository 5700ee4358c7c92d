import type { TestName } from '../../domain/test.js'

/** What our additions to check's configuration noted of one test (nix/suites/blktests/guest/check-config). */
export interface TracedTest {
  /** The exit status of what ran it; null where it did not come back: it ended its own shell. */
  readonly end: number | null
  /** `0` devices with a function `test_device` alone: check passes over the test without a word. */
  readonly devices: number | null
  /** Exit statuses of its functions, by the result file below check's output directory. */
  readonly exits: ReadonlyMap<string, readonly number[]>
}

/** By name. Null where check did not take our additions. */
export type Trace = ReadonlyMap<TestName, TracedTest>

const LINE = /^(start|devices|exit|end)\t([^\t]{1,300})(?:\t(-?\d{1,9}))?(?:\t([^\t]{1,600}))?$/

/** Reads `vmtest-trace`: lines of words between tabs. */
export function readTrace(text: string): Trace {
  const tests = new Map<TestName, { end: number | null; devices: number | null; exits: Map<string, number[]> }>()
  for (const line of text.split('\n')) {
    const [, word, name = '', number, file = ''] = LINE.exec(line) ?? []
    if (word === undefined) continue
    const test = tests.get(name) ?? { end: null, devices: null, exits: new Map<string, number[]>() }
    tests.set(name, test)
    if (word === 'devices') test.devices = Number(number)
    else if (word === 'end') test.end = Number(number)
    else if (word === 'exit') test.exits.set(file, [...(test.exits.get(file) ?? []), Number(number)])
  }
  return tests
}
