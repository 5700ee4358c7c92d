import { expect, test } from '@jest/globals'
import { newestRun } from '../../src/cli/read-run.js'
import { parseInputs, type RawInputs } from '../../src/inputs/parse.js'
import { inputsAgain } from '../../src/plan/again.js'
import { makePlan } from '../../src/plan/make-plan.js'
import { restrict } from '../../src/plan/select.js'
import { aSection, aTest } from '../report/builder.js'

const facts = {
  ...{ workingDirectory: '/work', hasFlake: true, kernelTree: '/work/linux', temporaryDirectory: '/tmp', jobName: '' },
  startedAt: new Date('2026-01-01T00:00:00Z'),
}
const planOf = (raw: RawInputs) => makePlan(parseInputs('cli', raw), facts)
const again = (raw: RawInputs, tests: Parameters<typeof inputsAgain>[0]['tests']) =>
  inputsAgain({ plan: planOf(raw), tests }, parseInputs('cli', {}))

const mixed = [
  aTest('generic/001', { section: 'xfs', status: 'pass' }),
  aTest('generic/002', { section: 'xfs', status: 'fail' }),
  aTest('generic/003', { section: 'xfs', status: 'fail', expectedFailure: { reason: 'known' } }),
  aTest('generic/001', { section: 'ext4', status: 'crashed' }),
  aTest('generic/004', { section: 'ext4', status: 'notreached' }),
  aTest('generic/005', { section: 'ext4', status: 'notrun' }),
]

test('what failed or was not reached, each in its own section, and nothing else', () => {
  const { selection } = again({ groups: 'quick', sections: 'xfs ext4 btrfs' }, mixed)
  expect(selection).toMatchObject({ groups: [], sections: ['xfs', 'ext4'], tests: ['generic/002', 'generic/001', 'generic/004'] })
  expect(selection.only).toEqual([
    { section: 'xfs', name: 'generic/002' },
    { section: 'ext4', name: 'generic/001' },
    { section: 'ext4', name: 'generic/004' },
  ])
})

test.each<RawInputs>([
  {},
  { 'kernel-tree': 'k', kconfig: 'kasan', 'kernel-config': 'defconfig', fstests: 'x', vms: '2' },
  { kernel: 'bzImage', 'kernel-config': '.config', modules: 'm', bundle: '/b', memory: '512', 'fail-on': 'any', dump: 'true' },
  { bundle: 'offline', 'emulation-tuning': 'false', 'test-timeout-seconds': '9', baseline: 'b.json' },
])('the plan of %j comes again', (raw) => {
  const before = planOf(raw)
  const { selection, reproduce, artifactName, ...rest } = makePlan(again(raw, mixed), facts)
  expect(rest).toEqual({ ...before, selection: undefined, reproduce: undefined, artifactName: undefined })
  expect([selection.sections, reproduce.startsWith('vmtest run'), artifactName.startsWith('vmtest-')]).toEqual([
    ['xfs', 'ext4'],
    true,
    true,
  ])
})

test('the fragment beside the tree is taken as it is then, not as an option', () => {
  const plan = planOf({ 'kernel-tree': '/k', kconfig: 'kasan' })
  const kernelTree = { directory: '/k', config: null, kconfig: ['/k/.vmtest/kernel.config', 'kasan'] }
  expect(inputsAgain({ plan: { ...plan, kernelTree }, tests: mixed }, parseInputs('cli', {})).kconfig).toEqual(['kasan'])
})

test('a run that chose no test is asked for again as it was', () => {
  expect(again({ groups: 'quick', sections: 'xfs' }, []).selection).toMatchObject({ groups: ['quick'], sections: ['xfs'] })
  expect(again({ groups: 'quick' }, []).selection.only).toBeUndefined()
})

test('nothing failed: nothing runs, and that is no success', () => {
  expect(() => again({}, [aTest('generic/001')])).toThrow('the one test of that run did not fail')
})

test('a selection restricted to some tests loses the sections that have none', () => {
  const selection = {
    suite: 'fstests' as const,
    sections: [aSection('a'), aSection('b')].map(
      ({ suite: _suite, kernelRelease: _release, platform: _platform, couldNotTest: _not, ...one }) => one,
    ),
    tests: ['a', 'b'].flatMap((section) => ['generic/001', 'generic/002'].map((name) => ({ section, name }))),
  }
  const { tests, sections } = restrict(selection, [{ section: 'b', name: 'generic/002' }])
  expect(tests).toEqual([{ section: 'b', name: 'generic/002' }])
  expect(sections.map(({ name }) => name)).toEqual(['b'])
})

test('the last run is the latest, also within a second, whatever else lies there', () => {
  expect(newestRun(['2026-01-01T000000Z-2', '2026-01-01T000000Z-10', '2026-01-01T000000Z', '2025-12-31T235959Z', 'zzz'])).toBe(
    '2026-01-01T000000Z-10',
  )
  expect(newestRun(['notes'])).toBeNull()
})
