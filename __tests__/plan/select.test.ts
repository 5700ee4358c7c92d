import { describe, expect, test } from '@jest/globals'
import { UserError } from '../../src/domain/errors.js'
import type { SelectionRequest } from '../../src/domain/inputs.js'
import type { Section } from '../../src/domain/section.js'
import type { Catalogue } from '../../src/domain/test.js'
import { type Expectations, loadExpectations, noExpectations, parseExcludeFile, parseExpectations } from '../../src/plan/expectations.js'
import { bundleSections, localConfigTable } from '../../src/plan/sections.js'
import { type SelectionContext, selectTests } from '../../src/plan/select.js'
import { localConfigSections } from '../../src/suites/fstests/index.js'
import { suiteOf } from '../../src/suites/index.js'
import { treeFiles } from '../suites/tree-files.js'

const suite = (name: Catalogue['suite'], tests: Readonly<Record<string, string>>): Catalogue => ({
  suite: name,
  tests: Object.entries(tests).map(([test, groups]) => ({ name: test, groups: groups.split(' '), file: `tests/${test}`, line: 12 })),
})
const fstests = suite('fstests', {
  'btrfs/001': 'auto quick send',
  'ext4/001': 'auto quick',
  'ext4/002': 'auto',
  'generic/001': 'auto quick rw',
  'generic/002': 'auto metadata',
  'generic/003': 'auto quick stress',
  'selftest/001': 'selftest',
  'xfs/001': 'auto quick',
  'xfs/002': 'auto stress',
})
const section = (name: string, fstyp: string): Section => ({
  ...{ suite: 'fstests', name, description: '', disks: [], environment: {}, kernelOptions: [] },
  settings: { fstyp, mkfsOptions: '', mountOptions: '' },
})
const table = bundleSections([section('xfs_4k', 'xfs'), section('ext4_4k', 'ext4')], [section('ext3', 'ext3'), section('xfs_4k', 'wrong')])
const nothing: SelectionRequest = { sections: [], groups: [], excludeGroups: [], tests: [], excludeFiles: [], expectationFiles: [] }

function select(request: Partial<SelectionRequest>, context: Partial<SelectionContext> = {}) {
  const defaults = {
    sections: table,
    catalogue: fstests,
    choice: suiteOf(context.catalogue?.suite ?? 'fstests').choice,
    expectations: noExpectations,
    kernelRelease: '6.6.3',
    architecture: 'x86_64' as const,
  }
  return selectTests({ ...nothing, ...request }, { ...defaults, ...context })
}
const names = (request: Partial<SelectionRequest>, context: Partial<SelectionContext> = {}) =>
  select(request, context).selection.tests.map((one) => `${one.section} ${one.name}`)

function refused(request: Partial<SelectionRequest>, context: Partial<SelectionContext> = {}): string {
  try {
    select(request, context)
  } catch (error) {
    if (error instanceof UserError && error.kind === 'usage') return error.message
    throw error
  }
  throw new Error('nothing was refused')
}

describe('selectTests', () => {
  test('a group is of generic and the section’s own file system', () => {
    expect(names({ groups: ['quick'] })).toEqual([
      ...['xfs_4k generic/001', 'xfs_4k generic/003', 'xfs_4k xfs/001'],
      ...['ext4_4k ext4/001', 'ext4_4k generic/001', 'ext4_4k generic/003'],
    ])
    expect(names({ groups: ['auto'], sections: ['ext3'] })).toContain('ext3 ext4/002')
    expect(names({ groups: ['all'], sections: ['ext3'] })).not.toContain('ext3 ext4/002')
  })

  test('DIR/GROUP is of that directory whatever the file system', () => {
    expect(names({ groups: ['selftest/selftest', 'xfs/quick'], sections: ['ext4_4k'] })).toEqual([
      'ext4_4k selftest/001',
      'ext4_4k xfs/001',
    ])
  })

  test('names and groups add up, each test once, in the order of the suite', () => {
    expect(names({ sections: ['xfs_4k'], groups: ['stress'], tests: ['xfs/002', 'generic/001', 'tests/generic/001', 'ext4/00?'] })).toEqual(
      [...['ext4/001', 'ext4/002', 'generic/001', 'generic/003', 'xfs/002'].map((name) => `xfs_4k ${name}`)],
    )
    expect(names({ sections: ['xfs_4k'], tests: ['*fs/001', '[g]eneric/00[23]'] })).toEqual([
      ...['btrfs/001', 'generic/002', 'generic/003', 'xfs/001'].map((name) => `xfs_4k ${name}`),
    ])
  })

  test('an excluded group takes away named tests too', () => {
    expect(names({ sections: ['xfs_4k'], tests: ['generic/*', 'ext4/001'], excludeGroups: ['quick'] })).toEqual([
      'xfs_4k ext4/001',
      'xfs_4k generic/002',
    ])
  })

  test('without a request: quick of fstests, auto of the smoke suite; all sections of the bundle; and it is said', () => {
    expect(select({})).toMatchObject({
      notes: [expect.stringContaining('`xfs_4k`, `ext4_4k`'), 'No test was asked for: group `quick` runs.'],
    })
    const smoke = suite('smoke', { 'smoke/001': 'auto', 'smoke/002': 'slow' })
    expect(names({ sections: ['ext4_4k'] }, { catalogue: smoke })).toEqual(['ext4_4k smoke/001'])
    expect(names({ sections: ['ext4_4k'], groups: ['slow'] }, { catalogue: smoke })).toEqual(['ext4_4k smoke/002'])
  })

  test('a plan’s test knows its file and line; a section asked for twice runs once', () => {
    const { selection } = select({ sections: ['xfs_4k', 'xfs_4k'], tests: ['xfs/001'] })
    expect(selection.tests).toEqual([
      { suite: 'fstests', section: 'xfs_4k', name: 'xfs/001', file: 'tests/xfs/001', line: 12, groups: ['auto', 'quick'] },
    ])
    expect(selection.sections).toEqual([section('xfs_4k', 'xfs')])
  })

  test.each<[string, Partial<SelectionRequest>, RegExp]>([
    ['a test', { tests: ['generic/0001'] }, /unknown test `generic\/0001` \(did you mean `generic\/001`\?\)/],
    ['a number alone', { tests: ['002'] }, /did you mean `generic\/002`\?/],
    ['a group as a test', { tests: ['quick'] }, /a group: did you mean `-g quick`\?/],
    ['a section as a test', { tests: ['xfs_4k'] }, /`xfs_4k` is a section, not a test: `-s xfs_4k`\./],
    ['a directory', { tests: ['xfs'] }, /did you mean `xfs\/\*`\?/],
    ['a glob that matches nothing', { tests: ['xfs/9*'] }, /no test matches `xfs\/9\*`/],
    ['a group', { groups: ['quik'] }, /unknown group `quik` \(did you mean `quick`\?\)/],
    ['a group of a directory', { groups: ['xfs/send'] }, /group `xfs\/send` is empty/],
    [
      'a group like none',
      { groups: ['nothing'] },
      /unknown group `nothing`: there are `auto`, `quick`, `send`, `rw`, `metadata`, `stress`, /,
    ],
    ['an excluded group', { excludeGroups: ['stres'] }, /unknown group `stres` \(did you mean `stress`\?\)/],
    [
      'a group without a test for the section',
      { sections: ['xfs_4k'], groups: ['send'] },
      /group `send` has no test for section `xfs_4k` \(xfs\)/,
    ],
    [
      'a section',
      { sections: ['xfs-4k'] },
      /unknown section `xfs-4k` \(did you mean `xfs_4k`\?\): the bundle has `xfs_4k`, `ext4_4k`, `ext3`/,
    ],
    [
      'excluding everything',
      { sections: ['xfs_4k'], tests: ['xfs/001'], excludeGroups: ['quick'] },
      /excluding `quick` leaves no test of 1/,
    ],
  ])('refuses %s', (_, request, message) => {
    expect(refused(request)).toMatch(message)
  })

  test('tells every problem at once', () => {
    const message = refused(
      { sections: ['nope'], groups: ['quik'], tests: ['generic/01'], excludeFiles: ['x'] },
      { expectations: parseExcludeFile('generic/999\n', 'x') },
    )
    expect(message.split('\n')).toHaveLength(5)
    expect(message).toMatch(/for 4 reasons[\s\S]*nope[\s\S]*generic\/01[\s\S]*quik[\s\S]*x:1: unknown test `generic\/999`/)
  })

  test('a local.config takes the place of the bundle’s sections', () => {
    const sections = localConfigTable(
      localConfigSections('[a]\nFSTYP=ext4\nTEST_DEV=/dev/x\n[b]\nFSTYP=xfs\nbad line\n', 'my.config', 'fstests'),
      'my.config',
    )
    expect(names({ sections: ['a'], tests: ['generic/001'] }, { sections })).toEqual(['a generic/001'])
    expect(refused({ sections: ['xfs_4k'] }, { sections })).toMatch(/my.config has `a`, `b`/)
    expect(refused({ tests: ['generic/001'] }, { sections })).toMatch(/my.config:6/)
  })
})

describe('lists of expected failures and expunges', () => {
  const planned = (expectations: Expectations, context: Partial<SelectionContext> = {}) =>
    Object.fromEntries(
      select({ tests: ['generic/*'] }, { expectations, ...context }).selection.tests.map((one) => [
        `${one.section} ${one.name}`,
        one.expunged ?? one.expectedFailure ?? null,
      ]),
    )

  test('hold by test, section, kernel and architecture; an expunge outweighs an expected failure', () => {
    const text = [
      '# known on 6.6',
      'xfail    generic/001 section=xfs_* kernel=>=6.1,<6.7 link=https://example.org/1 -- loses -- a race',
      'expunged generic/002 arch=aarch64 -- not here',
      'xfail    generic/00[23] -- both',
      'expunged generic/003 section=ext4_4k -- takes hours',
      'xfail    generic/001 section=ext4_4k kernel=>6.6 -- not in 6.6.3',
    ].join('\n')
    expect(planned(parseExpectations(text, 'known'))).toEqual({
      'xfs_4k generic/001': { reason: 'loses -- a race', link: 'https://example.org/1' },
      'xfs_4k generic/002': { reason: 'both' },
      'xfs_4k generic/003': { reason: 'both' },
      'ext4_4k generic/001': null,
      'ext4_4k generic/002': { reason: 'both' },
      'ext4_4k generic/003': { reason: 'takes hours' },
    })
    expect(
      planned(parseExpectations('xfail generic/001 kernel=<9 -- x', 'known'), { kernelRelease: null })['xfs_4k generic/001'],
    ).toBeNull()
  })

  test('fstests’ exclude form: the comment is the reason', () => {
    const list = parseExcludeFile('# all\n\ngeneric/001 # hangs, see list\ngeneric/002\n', 'ex')
    expect(planned(list)).toMatchObject({
      'xfs_4k generic/001': { reason: 'hangs, see list' },
      'xfs_4k generic/002': { reason: 'excluded by ex:4' },
    })
  })

  test.each([
    ['report WARNING -- x', 'known:1: `report` wants the title of a kernel report in double quotes.'],
    ['report "WARNING in foo" section=xfs_4k', 'known:1: `WARNING in foo` has no reason: end the line with ` -- why`.'],
    ['skip generic/001 -- x', 'known:1: `skip` is none of `xfail`, `expunged`, `notrun`, `report`.'],
    ['xfail generic/001', 'known:1: `generic/001` has no reason: end the line with ` -- why`.'],
    ['xfail section=xfs -- x', 'known:1: `xfail` wants a test (`generic/475`) or a glob (`xfs/*`), not `section=xfs`.'],
    ['xfail -- x', 'known:1: `xfail` names nothing.'],
    ['xfail generic/001 kernel=6 -- x', 'known:1: `kernel=6` is no range such as `>=6.1,<6.6`.'],
    ['xfail generic/001 arch=mips -- x', 'known:1: `arch=mips` is none of x86_64, aarch64.'],
    ['xfail generic/001 often -- x', 'known:1: `often` is none of suite=, section=, kernel=, arch=, link= (a reason follows ` -- `).'],
    ['xfail generic/001 arch=x86_64 arch=x86_64 -- x', 'known:1: `arch=` stands twice.'],
    ['xfail generic/001 section=xfs -- ', 'known:1: `generic/001` has no reason: end the line with ` -- why`.'],
    ['xfail generic/001 link= -- x', 'known:1: `link=` has no value.'],
  ])('a malformed line is named: %s', (line, problem) => {
    expect(parseExpectations(line, 'known')).toEqual({ entries: [], problems: [problem] })
    expect(refused({}, { expectations: parseExpectations(line, 'known') })).toContain(problem)
  })

  test('an unknown test or section, a missing file, everything excluded: refused before booting', async () => {
    expect(refused({}, { expectations: parseExpectations('\nxfail generic/04 section=xfs_k -- x', 'known') })).toMatch(
      /known:2: unknown test `generic\/04`[\s\S]*known:2: unknown section `xfs_k` \(did you mean `xfs_4k`\?\)/,
    )
    expect(parseExcludeFile(' generic/001\n"" # nothing\n', 'ex').problems).toEqual([
      'ex:1: `generic/001` must stand at the start of the line (check ignores it otherwise).',
      'ex:2: the quotes hold no name.',
    ])
    expect(refused({}, { expectations: parseExcludeFile('foo', 'ex') })).toContain('ex:1: unknown test `foo`')
    const loaded = await loadExpectations(treeFiles({ known: 'bad', ex: 'generic/001\n' }), {
      expectationFiles: ['gone', 'known'],
      excludeFiles: ['ex'],
    })
    expect(loaded.problems).toEqual([
      expect.stringMatching(/^gone: the list cannot be read: .*ENOENT/),
      expect.stringMatching(/^known:1: /),
    ])
    expect(loaded.entries).toHaveLength(1)
    expect(refused({ tests: ['generic/001'], sections: ['xfs_4k'] }, { expectations: parseExcludeFile('generic/001', 'ex') })).toMatch(
      /exclude every selected test \(`xfs_4k generic\/001`\)/,
    )
  })
})

test('a bundle that holds every built-in section runs the first of them; one whose flake chose runs its own', () => {
  const own = (name: string) => section(name, 'xfs')
  const builtIn = [own('xfs'), own('ext4')]
  expect(bundleSections([own('xfs'), own('ext4')], builtIn).defaults).toEqual(['xfs'])
  expect(bundleSections([own('ext4'), own('own')], builtIn).defaults).toEqual(['ext4', 'own'])
})
