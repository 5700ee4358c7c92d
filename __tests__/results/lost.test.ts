import { expect, test } from '@jest/globals'
import type { RunRecord, TestRecord } from '../../src/domain/record.js'
import { sectionKey } from '../../src/domain/test-key.js'
import { parseExpectations } from '../../src/plan/expectations.js'
import { comparisonOf, conclude, type Offered, offeredKey, withCompared } from '../../src/results/index.js'
import { aBaseline, aRecord, aSection, aTest } from '../report/builder.js'

type Selection = RunRecord['plan']['selection']

const quick = { groups: ['auto', 'quick'] }
const g = (name: string, changes: Partial<TestRecord> = {}) => aTest(`generic/${name}`, { ...quick, ...changes })
const there = [g('001'), g('002', { status: 'fail' }), g('003'), g('004', { groups: ['auto', 'stress'] })]

interface Case {
  readonly there?: RunRecord
  readonly here: readonly TestRecord[]
  readonly selection?: Partial<Selection>
  readonly changes?: Partial<RunRecord>
  readonly offered?: Offered
}

function lostIn({ there: base = aBaseline(there), here, selection = {}, changes = {}, offered }: Case) {
  const record = aRecord(here, changes)
  const asked = { ...record, plan: { ...record.plan, selection: { ...record.plan.selection, ...selection } } }
  const compared = withCompared(asked, base, offered === undefined ? {} : { offered })
  const comparison = comparisonOf(compared)
  return {
    lost: comparison?.lost.map(({ section, name, how }) => `${section} ${name} ${how}`),
    gone: comparison?.gone.map(({ name }) => name),
    conclusion: conclude(compared, comparison, 'new'),
    warned: conclude({ ...compared, plan: { ...compared.plan, lostTests: 'warn' } }, comparison, 'new'),
  }
}

test('what declines now is lost, told with its reason, and counts unless it is a warning', () => {
  const { lost, conclusion, warned } = lostIn({ here: [g('001'), g('002', { status: 'notrun', reason: 'no attr' }), g('003')] })
  expect(lost).toEqual(['xfs_4k generic/002 declines'])
  expect(conclusion).toMatchObject({ kind: 'failed', reason: '1 test lost: xfs_4k generic/002 (no attr).' })
  expect(warned.kind).toBe('passed')
})

test('what is not in the catalogue any more is lost where the groups of this run ask for it, and only there', () => {
  expect(lostIn({ here: [g('001'), g('002')] }).lost).toEqual(['xfs_4k generic/003 not-offered'])
  expect(lostIn({ here: [g('001')], selection: { groups: ['stress'] } }).lost).toEqual(['xfs_4k generic/004 not-offered'])
  expect(lostIn({ here: [g('001')], selection: { groups: [], tests: ['generic/00[13]'] } }).lost).toEqual([
    'xfs_4k generic/003 not-offered',
  ])
  expect(lostIn({ here: [g('001')], selection: { excludeGroups: ['auto'] } }).lost).toEqual([])
})

test.each<[string, Case]>([
  ['other names', { here: [g('001')], selection: { groups: [], tests: ['generic/001'] } }],
  ['other groups', { here: [aTest('generic/009')], selection: { groups: ['dangerous'] } }],
  ['again', { here: [g('001')], selection: { only: [{ suite: 'fstests', section: 'xfs_4k', name: 'generic/001' }] } }],
  ['what a list expunges', { here: [g('001'), g('002', { status: 'expunged' }), g('003', { status: 'expunged' })] }],
  [
    'a decline that is expected',
    { here: [g('001'), g('002'), g('003', { status: 'notrun', expectedNotrun: { reason: 'no quota here' } })] },
  ],
  [
    'a test that was taken out of the group',
    {
      here: [g('001'), g('002')],
      offered: { tests: new Set([offeredKey({ suite: 'fstests', name: 'generic/003' })]), sections: new Set() },
    },
  ],
  ['a test that never had a verdict there', { there: aBaseline([g('001'), g('005', { status: 'notrun' })]), here: [g('001')] }],
  [
    'another section, by name',
    { there: aBaseline([g('001'), g('001', { section: 'ext4' })]), here: [g('001')], selection: { sections: ['xfs_4k'] } },
  ],
  [
    'a section that is defined otherwise',
    {
      here: [g('001'), g('002', { status: 'notrun' }), g('003')],
      changes: { sections: [aSection('xfs_4k', { kernelOptions: ['CONFIG_X'] })] },
    },
  ],
  ['a run that selected nothing', { here: [] }],
])('not lost: %s', (_what, given) => {
  expect(lostIn(given).lost).toEqual([])
})

test('a section that the flake has no more is lost with all its tests', () => {
  const base = aBaseline([g('001'), g('001', { section: 'ext4' }), g('002', { section: 'ext4' })])
  expect(lostIn({ there: base, here: [g('001')] }).lost).toEqual(['ext4 generic/001 section-gone', 'ext4 generic/002 section-gone'])
  const offered = { tests: new Set<string>(), sections: new Set([sectionKey({ suite: 'fstests', section: 'ext4' })]) }
  expect(lostIn({ there: base, here: [g('001')], offered }).lost).toEqual([])
})

test('a file that went with another revision of the suite is told and does not count', () => {
  const base = aBaseline([g('001'), g('002')], { suiteRevisions: { fstests: 'v1' } })
  const { lost, gone, conclusion } = lostIn({ there: base, here: [g('001')], changes: { suiteRevisions: { fstests: 'v2' } } })
  expect([lost, gone, conclusion.kind]).toEqual([[], ['generic/002'], 'passed'])
})

test('a line of a list expects a decline', () => {
  const { entries, problems } = parseExpectations('notrun generic/003 section=xfs_4k -- no quota here', 'known')
  expect([entries[0]?.verb, entries[0]?.reason, problems]).toEqual(['notrun', 'no quota here', []])
})
