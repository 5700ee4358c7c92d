import { expect, test } from '@jest/globals'
import { newestRun } from '../../src/cli/read-run.js'
import { parseInputs, type RawInputs } from '../../src/inputs/parse.js'
import { INPUTS } from '../../src/inputs/specification.js'
import { inputsAgain } from '../../src/plan/again.js'
import { makePlan } from '../../src/plan/make-plan.js'
import { restrict } from '../../src/plan/select.js'
import { anAttempt, aReport, aSection, aTest } from '../report/builder.js'

const facts = {
  ...{
    workingDirectory: '/work',
    hasFlake: true,
    kernelTree: '/work/linux',
    temporaryDirectory: '/tmp',
    job: { workflow: '', job: '', step: '' },
  },
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
    { suite: 'fstests', section: 'xfs', name: 'generic/002' },
    { suite: 'fstests', section: 'ext4', name: 'generic/001' },
    { suite: 'fstests', section: 'ext4', name: 'generic/004' },
  ])
})

test.each<RawInputs>([
  {},
  { 'kernel-tree': 'k', kconfig: 'kasan', 'kernel-config': 'defconfig', fstests: 'x', vms: '2' },
  { kernel: 'bzImage', 'kernel-config': '.config', modules: 'm', bundle: '/b', memory: '512', 'fail-on': 'any', 'dump-always': 'true' },
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

/** Inputs that each run has of its own (`OwnToEachRun` in src/plan/again.ts), and what chooses the tests, which `again` does anew. */
const OWN = new Set(['output', 'sections', 'groups', 'tests', 'shard', 'shard-plan'])
/** What an input is given beside, where it means nothing alone. */
const BESIDE: Readonly<Record<string, RawInputs>> = {
  attribute: { flake: 'f' },
  impure: { flake: 'f' },
  modules: { kernel: 'k' },
  vmlinux: { kernel: 'k' },
  kconfig: { 'kernel-tree': 't' },
  architecture: { bundle: 'offline' },
}

function otherValue(input: (typeof INPUTS)[number]): string {
  switch (input.kind) {
    case 'boolean':
      return input.default === 'true' ? 'false' : 'true'
    case 'words':
    case 'choice':
      return input.choices.findLast((choice) => choice !== input.default) ?? ''
    case 'integer':
      return String(input.default === String(input.minimum) ? input.minimum + 1 : input.minimum)
    default:
      return 'other'
  }
}

test.each(INPUTS.filter(({ faces, name }) => faces.includes('cli') && !OWN.has(name)).map((input) => [input.name, input] as const))(
  'the input `%s` comes again',
  (name, input) => {
    const raw = { ...BESIDE[name], [name]: otherValue(input) }
    const parts = ({ selection, reproduce: _words, artifactName: _name, ...rest }: ReturnType<typeof planOf>) => ({
      ...rest,
      selection: { ...selection, only: undefined, sections: [], tests: [], groups: [] },
    })
    expect(parts(planOf(raw))).not.toEqual(parts(planOf(BESIDE[name] ?? {})))
    const [suite = 'fstests'] = planOf(raw).suites
    const tests = mixed.map((test) => ({ ...test, suite }))
    expect(parts(makePlan(again(raw, tests), facts))).toEqual(parts(planOf(raw)))
  },
)

test('a kernel bug under an expected failure runs again: the run failed by it', () => {
  const bug = aTest('generic/003', {
    status: 'fail',
    expectedFailure: { reason: 'known' },
    attempts: [anAttempt({ status: 'fail', reports: [aReport()] })],
  })
  expect(again({}, [aTest('generic/001'), bug]).selection.tests).toEqual(['generic/003'])
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
    sections: [aSection('a'), aSection('b')].map(({ kernelRelease: _release, platform: _platform, couldNotTest: _not, ...one }) => one),
    tests: ['a', 'b'].flatMap((section) => ['generic/001', 'generic/002'].map((name) => ({ suite: 'fstests', section, name }))),
  }
  const { tests, sections } = restrict(selection, [{ suite: 'fstests', section: 'b', name: 'generic/002' }])
  expect(tests).toEqual([{ suite: 'fstests', section: 'b', name: 'generic/002' }])
  expect(sections.map(({ name }) => name)).toEqual(['b'])
})

test('the last run is the latest, also within a second, whatever else lies there', () => {
  expect(newestRun(['2026-01-01T000000Z-2', '2026-01-01T000000Z-10', '2026-01-01T000000Z', '2025-12-31T235959Z', 'zzz'])).toBe(
    '2026-01-01T000000Z-10',
  )
  expect(newestRun(['notes'])).toBeNull()
})
