import { describe, expect, test } from '@jest/globals'
import { UserError } from '../../src/domain/errors.js'
import type { SelectionRequest } from '../../src/domain/inputs.js'
import type { Section } from '../../src/domain/section.js'
import { type Expectations, noExpectations, parseExpectations } from '../../src/plan/expectations.js'
import { bundleSections } from '../../src/plan/sections.js'
import { type ChosenSuite, selectInSuites } from '../../src/plan/select-suites.js'
import { suiteOf } from '../../src/suites/index.js'
import { madeUp } from '../suites/made-up/index.js'

const nothing: SelectionRequest = { sections: [], groups: [], excludeGroups: [], tests: [], excludeFiles: [], expectationFiles: [] }
const section = (suite: string, name: string, settings: Section['settings'] = {}): Section => ({
  ...{ suite, name, description: '', disks: [], environment: {}, kernelOptions: [], settings },
})
const tests = (names: Readonly<Record<string, string>>) =>
  Object.entries(names).map(([name, groups]) => ({ name, groups: groups.split(' '), file: name, line: 1 }))

const fstests: ChosenSuite = {
  name: 'fstests',
  sections: bundleSections([section('fstests', 'xfs', { fstyp: 'xfs' }), section('fstests', 'ext4', { fstyp: 'ext4' })]),
  catalogue: { suite: 'fstests', tests: tests({ 'generic/001': 'auto quick', 'generic/002': 'auto', 'xfs/001': 'auto quick' }) },
  choice: suiteOf('fstests').choice,
}
const own: ChosenSuite = {
  name: 'made-up',
  sections: bundleSections([section('made-up', 'default')]),
  catalogue: { suite: 'made-up', tests: tests({ 'mount:one.sh': 'all-of-it', 'mount:two.sh': 'all-of-it slow', 'proc:one': 'all-of-it' }) },
  choice: madeUp.choice,
}

function select(
  request: Partial<SelectionRequest>,
  suites: readonly ChosenSuite[] = [fstests, own],
  expectations: Expectations = noExpectations,
) {
  const context = { suites, known: ['fstests', 'smoke', 'made-up'], expectations, kernelRelease: null, architecture: 'x86_64' as const }
  return selectInSuites({ ...nothing, ...request }, context)
}
const chosen = (...args: Parameters<typeof select>) =>
  select(...args).selection.tests.map((each) => `${each.suite} ${each.section} ${each.name}`)

function refused(...args: Parameters<typeof select>): string {
  try {
    select(...args)
  } catch (error) {
    if (error instanceof UserError && error.kind === 'usage') return error.message
    throw error
  }
  throw new Error('nothing was refused')
}

describe('several suites in one run', () => {
  test('without a request each runs its usual group, in the order asked for', () => {
    expect(chosen({ sections: ['xfs'] })).toEqual([
      'fstests xfs generic/001',
      'fstests xfs xfs/001',
      'made-up default mount:one.sh',
      'made-up default mount:two.sh',
      'made-up default proc:one',
    ])
    expect(chosen({ sections: ['xfs'] }, [own, fstests])[0]).toBe('made-up default mount:one.sh')
    expect(select({}).notes).toContain('made-up: No test was asked for: group `all-of-it` runs.')
  })

  test('a word goes to each suite that knows it', () => {
    expect(chosen({ sections: ['xfs'], groups: ['quick'], tests: ['proc:one'] })).toEqual([
      'fstests xfs generic/001',
      'fstests xfs xfs/001',
      'made-up default proc:one',
    ])
    expect(chosen({ sections: ['ext4'], groups: ['all'], excludeGroups: ['slow'] })).toEqual([
      'fstests ext4 generic/001',
      'fstests ext4 generic/002',
      'made-up default mount:one.sh',
      'made-up default proc:one',
    ])
  })

  test('SUITE:WORD binds a word, and a colon of a suite’s own names does not', () => {
    expect(chosen({ sections: ['fstests:ext4'], tests: ['made-up:mount:*', 'generic/002'] })).toEqual([
      'fstests ext4 generic/002',
      'made-up default mount:one.sh',
      'made-up default mount:two.sh',
    ])
    expect(refused({ tests: ['smoke:generic/001', 'generic/001', 'proc:one'] })).toContain('is of the suite `smoke`, which is not chosen')
  })

  test('a word no suite knows is refused, with the nearest', () => {
    const message = refused({ tests: ['generic/01', 'proc:one'], groups: ['quick'], sections: ['zfs'] })
    expect(message).toContain('unknown test `generic/01` (did you mean `generic/001`?); none of `fstests`, `made-up` knows it.')
    expect(message).toContain('unknown section `zfs`')
  })

  test('a suite of which nothing is selected is refused', () => {
    expect(refused({ tests: ['generic/001'] })).toContain('nothing is selected of the suite `made-up`')
    expect(refused({ groups: ['quick'] })).toContain('nothing is selected of the suite `made-up`')
  })

  test('one suite is asked as it always was', () => {
    expect(chosen({ groups: ['quick'] }, [fstests])).toEqual(['fstests xfs generic/001', 'fstests xfs xfs/001', 'fstests ext4 generic/001'])
    expect(refused({ tests: ['nope/1'] }, [fstests])).toBe('Nothing was started: unknown test `nope/1`.')
    expect(select({}, [fstests]).notes[1]).toBe('No test was asked for: group `quick` runs.')
  })

  test('a line of a list goes to the suites that have its test; one nobody has is a problem', () => {
    const lines = 'xfail generic/001 section=xfs -- known\nexpunged generic/002 -- hours\n'
    const { selection } = select({ sections: ['xfs'], groups: ['auto'], tests: ['proc:one'] }, undefined, parseExpectations(lines, 'list'))
    expect(selection.tests.filter(({ expunged, expectedFailure }) => expunged ?? expectedFailure).map(({ name }) => name)).toEqual([
      'generic/001',
      'generic/002',
    ])
    expect(refused({}, undefined, parseExpectations('xfail generic/999 -- gone\n', 'list'))).toContain('list:1: unknown test `generic/999`')
  })
})
