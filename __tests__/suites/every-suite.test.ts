import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { SelectionRequest } from '../../src/domain/inputs.js'
import type { Section } from '../../src/domain/section.js'
import { parseInputs } from '../../src/inputs/parse.js'
import { inputsAgain } from '../../src/plan/again.js'
import { expectationLines } from '../../src/plan/expectation-lines.js'
import { noExpectations, parseExcludeFile, parseExpectations } from '../../src/plan/expectations.js'
import { bundleSections } from '../../src/plan/sections.js'
import { restrict } from '../../src/plan/select.js'
import { selectInSuites } from '../../src/plan/select-suites.js'
import { addToHistory, emptyHistory, testPast, testsToRerun } from '../../src/results/index.js'
import { suiteOf, suites } from '../../src/suites/index.js'
import { aRecord, aTest } from '../report/builder.js'

/** Names as each suite has them, odd ones among them. */
const NAMES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  fstests: fc.stringMatching(/^(?:generic|xfs)\/[0-9]{3}$/),
  smoke: fc.stringMatching(/^(?:generic|xfs)\/[0-9]{3}$/),
  blktests: fc.stringMatching(/^(?:loop|nvme)\/[0-9]{3}$/),
  kselftest: fc.stringMatching(/^(?:mount|net\/forwarding|proc):[a-z_]{1,9}(?:\.sh)?$/),
  ltp: fc.stringMatching(/^(?:syscalls|fs)\/[a-z]{1,6}[0-9]{2}(?:_64)?$/),
  kunit: fc.stringMatching(/^[a-z]{1,6}(?:[ _][a-z]{1,5})?$/),
  scripts: fc.stringMatching(/^(?:[a-z]{1,5}\/)?[a-z#=()-][a-z# =()-]{0,6}[a-z]$/),
}

/** What a suite that is not among them may call its tests: those of these that are names in its grammar. */
const PLAIN = ['alpha', 'beta', 'gamma-2', 'a/001', 'b/002', 'dir/sub/name', 'a:b', 'a:c.sh', 'A.B', 'a b'] as const

function namesOf(suite: string): fc.Arbitrary<string> {
  const own = NAMES[suite]
  if (own !== undefined) return own
  const { isName, normalize } = suiteOf(suite).choice
  const plain = PLAIN.filter((name) => isName(name) && normalize(name) === name)
  if (plain.length < 2) throw new Error(`Say in NAMES what tests of ${suite} are called.`)
  return fc.constantFrom(...plain)
}

const known = Object.keys(suites)
const sectionOf = (suite: string): Section => ({
  ...{ suite, name: 'default', description: '', disks: [], environment: {}, kernelOptions: [], settings: {} },
})
const chosen = (suite: string, names: readonly string[]) => ({
  name: suite,
  sections: bundleSections([sectionOf(suite)]),
  catalogue: { suite, tests: names.map((name) => ({ name, groups: ['g'], file: name, line: 1 })) },
  choice: suiteOf(suite).choice,
})
const everything = (list: readonly string[]): SelectionRequest => ({
  sections: [],
  groups: [],
  excludeGroups: [],
  tests: list,
  excludeFiles: [],
  expectationFiles: [],
})
const byName = (left: string, right: string) => (left < right ? -1 : 1)

describe.each(known)('tests of %s, whatever they are called', (suite) => {
  const { choice } = suiteOf(suite)
  const names = fc
    .uniqueArray(namesOf(suite), { minLength: 2, maxLength: 5 })
    .filter((list) => list.every((name) => choice.isName(name) && choice.normalize(name) === name))
  /** One suite alone, and beside another that has a test of the same name. */
  const others = fc.constantFrom([], ['fstests', 'scripts'].filter((name) => name !== suite).slice(0, 1))
  const select = (beside: readonly string[], list: readonly string[], request: SelectionRequest, expectations = noExpectations) =>
    selectInSuites(request, {
      suites: [suite, ...beside].map((name) => chosen(name, list)),
      ...{ known, expectations, kernelRelease: null, architecture: 'x86_64' },
    }).selection
  const recordOf = (beside: readonly string[], list: readonly string[]) => {
    const tests = [suite, ...beside].flatMap((of) =>
      list.map((name, at) => ({ ...aTest(name, { status: of === suite && at === 0 ? 'fail' : 'pass' }), suite: of, section: 'default' })),
    )
    const record = aRecord(tests)
    return { ...record, plan: { ...record.plan, suites: [suite, ...beside] } }
  }
  const holds = (check: (beside: readonly string[], list: readonly string[]) => void) =>
    fc.assert(fc.property(others, names, check), { numRuns: 60 })
  const failed = (list: readonly string[]) => [{ suite, section: 'default', name: list[0] ?? '' }]

  test('again and a rerun take what failed, and nothing else', () => {
    holds((beside, list) => {
      const record = recordOf(beside, list)
      expect(testsToRerun(record)).toEqual(failed(list))
      const { selection, suites: asked } = inputsAgain(record, parseInputs('cli', {}))
      expect(asked).toEqual([suite])
      const again = restrict(select([], list, selection), selection.only ?? [])
      expect(again.tests.map(({ suite: of, section, name }) => ({ suite: of, section, name }))).toEqual(failed(list))
    })
  })

  test('a line that `expectations` prints expects that failure alone', () => {
    holds((beside, list) => {
      const text = expectationLines(recordOf(beside, list))
        .map((line) => line.replace(/ -- $/, ' -- a reason'))
        .join('\n')
      const { tests } = select(beside, list, everything(list), parseExpectations(text, 'list'))
      expect(tests.filter(({ expectedFailure }) => expectedFailure !== undefined)).toMatchObject(failed(list))
    })
  })

  test('an exclude file takes its tests away, and none of another suite where the line is bound', () => {
    holds((beside, list) => {
      const [name = ''] = list
      const text = `"${suite}:${name}" # known\n`
      const { tests } = select(beside, list, everything(list), parseExcludeFile(text, 'list'))
      expect(tests.filter(({ expunged }) => expunged !== undefined)).toMatchObject(failed(list))
      expect(tests).toHaveLength(list.length * (1 + beside.length))
    })
  })

  test('history keeps each apart, suite by suite', () => {
    holds((beside, list) => {
      const record = recordOf(beside, list)
      const history = addToHistory(emptyHistory, record)
      for (const name of list) {
        const pasts = testPast(history, name)
        expect(pasts.map((past) => past.suite).sort(byName)).toEqual([suite, ...beside].sort(byName))
        const failures = pasts.find((past) => past.suite === suite)?.failures
        expect(failures).toBe(name === list[0] ? 1 : 0)
        expect(testPast(history, `${suite}:${name}`).map((past) => past.suite)).toEqual([suite])
      }
    })
  })
})
