import { describe, expect, test } from '@jest/globals'
import { UserError } from '../../src/domain/errors.js'
import type { SelectionRequest } from '../../src/domain/inputs.js'
import type { Section } from '../../src/domain/section.js'
import { type Expectations, noExpectations, parseExcludeFile, parseExpectations } from '../../src/plan/expectations.js'
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

  test('every problem is said at once, also of words that are bound to a suite', () => {
    const message = refused({
      tests: ['made-up:proc:noe', 'fstests:'],
      groups: ['fstests:quik'],
      excludeGroups: ['made-up:proc:one'],
      sections: ['fstests:zfs'],
    })
    expect(message).toContain('Nothing was started, for 5 reasons:')
    expect(message).toContain('made-up: unknown test `proc:noe` (did you mean `proc:one`?).')
    expect(message).toContain('`fstests:` says nothing behind the name of the suite; `-g fstests:all` is every test of it.')
    expect(message).toContain('fstests: unknown group `quik` (did you mean `quick`?).')
    expect(message).toContain('fstests: unknown section `zfs`')
    expect(message).toContain(
      'made-up: unknown group `proc:one` (a test: to run it, name it without `-g`; a list leaves tests out, `-E FILE`).',
    )
    expect(refused({ tests: ['made-up:zzz:zzzz'] })).toContain('made-up: unknown test `zzz:zzzz`.')
  })

  test('a pattern for a group is refused with what is meant, and a suite without groups says so', () => {
    expect(refused({ groups: ['generic/*'] }, [fstests])).toContain(
      '(groups are named whole; to run tests by a pattern, give it without `-g`)',
    )
    const bare = { ...own, catalogue: { ...own.catalogue, tests: own.catalogue.tests.map((each) => ({ ...each, groups: [] })) } }
    expect(refused({ groups: ['zzz'] }, [bare])).toContain('unknown group `zzz`: there is none but `all`.')
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

  test('a list may name tests of any suite, bound or not; what is bound to a suite that is not chosen is passed over', () => {
    const all = { sections: ['xfs', 'default'], groups: ['all'] }
    const expunged = (...args: Parameters<typeof select>) =>
      select(...args).selection.tests.flatMap((each) => (each.expunged === undefined ? [] : [`${each.suite} ${each.name}`]))
    const list = 'made-up:mount:one.sh # slow\nproc:one\nfstests:generic/00[12]\nsmoke:generic/001\n'
    expect(expunged(all, undefined, parseExcludeFile(list, 'ex'))).toEqual([
      'fstests generic/001',
      'fstests generic/002',
      'made-up mount:one.sh',
      'made-up proc:one',
    ])
    expect(select(all, undefined, parseExcludeFile(list, 'ex')).notes).toContain('1 line of the lists is about suites that are not chosen.')
    expect(expunged({}, [own], parseExcludeFile('proc:one\nfstests:generic/001\n', 'ex'))).toEqual(['made-up proc:one'])
    expect(refused({}, [own], parseExcludeFile('made-up:proc:two', 'ex'))).toContain(
      'ex:1: unknown test `proc:two` (did you mean `proc:one`?)',
    )
    expect(refused(all, undefined, parseExcludeFile('zfs:generic/001', 'ex'))).toContain('ex:1: unknown test `zfs:generic/001`')
  })

  test('suite= and a bound section hold a line to its suite; one that is none is refused', () => {
    const all = { sections: ['xfs', 'default'], groups: ['all'] }
    const expected = (lines: string) =>
      select(all, undefined, parseExpectations(lines, 'list')).selection.tests.flatMap(({ suite, name, expectedFailure }) =>
        expectedFailure === undefined ? [] : [`${suite} ${name}`],
      )
    expect(expected('xfail */* suite=fstests -- x\nxfail mount:* section=made-up:default -- x')).toEqual([
      'fstests generic/001',
      'fstests generic/002',
      'fstests xfs/001',
      'made-up mount:one.sh',
      'made-up mount:two.sh',
    ])
    expect(expected('xfail mount:one.sh section=fstests:xfs,made-up:default -- x')).toEqual(['made-up mount:one.sh'])
    const wrong = (line: string) => refused(all, undefined, parseExpectations(line, 'list'))
    expect(wrong('xfail proc:one suite=made-pu -- x')).toContain('list:1: `suite=made-pu` is no suite (did you mean `made-up`?)')
    expect(wrong('xfail made-up:proc:one suite=fstests -- x')).toContain('but `suite=` says `fstests`')
    expect(wrong('xfail proc:one suite=fstests -- x')).toContain('list:1: unknown test `proc:one`')
  })

  test('a report is expected in the suites that have its sections, of one suite as of several', () => {
    const lines = parseExpectations('report "WARNING in a" section=ext4 -- x\nreport "WARNING in b" suite=made-up -- y\n', 'list')
    const reports = (...args: Parameters<typeof select>) => select(...args).selection.expectedReports
    const inExt4 = { title: 'WARNING in a', suite: 'fstests', sections: ['ext4'], reason: 'x' }
    const inOwn = { title: 'WARNING in b', suite: 'made-up', sections: ['default'], reason: 'y' }
    expect(reports({ sections: ['ext4', 'default'], groups: ['all'] }, undefined, lines)).toEqual([inExt4, inOwn])
    expect(reports({ sections: ['ext4'] }, [fstests], lines)).toEqual([inExt4])
  })

  test('a group that what changed is about, and no suite has, is passed over; a suite without any runs what it usually does', () => {
    const request = { sections: ['xfs'], groups: ['fstests:quick', 'made-up:realtime', 'nowhere'] }
    expect(refused(request)).toContain('unknown group `nowhere`; none of `fstests`, `made-up` knows it.')
    const { selection, notes } = select({ ...request, byChange: true })
    expect(notes).toContain('What changed is about `made-up:realtime`, `nowhere` too, which no suite here has.')
    expect(selection.tests.map(({ suite, name }) => `${suite} ${name}`)).toEqual([
      'fstests generic/001',
      'fstests xfs/001',
      'made-up mount:one.sh',
      'made-up mount:two.sh',
      'made-up proc:one',
    ])
  })
})
