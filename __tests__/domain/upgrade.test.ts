import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { bundleSchema } from '../../src/domain/bundle.js'
import { planSchema, selectionSchema } from '../../src/domain/plan.js'
import { runRecordSchema } from '../../src/domain/record.js'
import { upgradeBundle, upgradeHistory, upgradePlan, upgradeRecord, upgradeSelection } from '../../src/domain/upgrade/index.js'
import { compareRecords, parseHistory, parseRecord } from '../../src/results/index.js'

/** What the last version that wrote version 1 wrote: a run of the story test, and the bundle of the host's own programs. */
const KEPT = join(import.meta.dirname ?? __dirname, 'version-1')
const text = (name: string): string => readFileSync(join(KEPT, name), 'utf8')
const kept = (name: string): unknown => JSON.parse(text(name))

describe('files of version 1', () => {
  test('the record: every test and section is of the one suite, and every verdict is what it was', () => {
    const before = kept('run.json') as { tests: { name: string; status: string }[]; conclusion: unknown }
    const record = parseRecord(text('run.json'), 'run.json')
    expect(record.tests.map(({ suite, section, name, status }) => [suite, section, name, status])).toEqual(
      before.tests.map(({ name, status }) => ['fstests', 'xfs', name, status]),
    )
    expect(record.conclusion).toEqual(before.conclusion)
    expect(record.plan).toMatchObject({ version: 2, suites: ['fstests'], trees: {} })
    expect(record.sections).toEqual([
      expect.objectContaining({ suite: 'fstests', name: 'xfs', settings: { fstyp: 'xfs', mkfsOptions: '', mountOptions: '' } }),
    ])
    expect(record.guests.map(({ suite, section }) => [suite, section])).toEqual(record.guests.map(() => ['fstests', 'xfs']))
    // As a baseline it knows the failures of a later run; of its own it excuses none.
    const later = { ...record, runId: 'later' }
    expect(compareRecords(later, record).newFailures).toEqual([])
    expect(compareRecords(record, record).newFailures).toHaveLength(2)
    expect(compareRecords(later, record).knownFailures.map(({ name }) => name)).toEqual(['generic/002', 'generic/004'])
  })

  test('the plan and the selection', () => {
    expect(planSchema.parse(upgradePlan(kept('plan.json')))).toMatchObject({ version: 2, suites: ['fstests'], trees: {} })
    const selection = selectionSchema.parse(upgradeSelection(kept('selection.json')))
    expect(selection.tests.map(({ suite, name }) => `${suite} ${name}`)).toEqual([
      'fstests generic/001',
      'fstests generic/002',
      'fstests generic/003',
      'fstests generic/004',
    ])
    expect(selection.sections[0]).toMatchObject({ suite: 'fstests', settings: { fstyp: 'xfs' } })
  })

  test('a tree of fstests, and the tests of `again`, are named by suite', () => {
    const plan = kept('plan.json') as { selection: object }
    const old = { ...plan, fstests: '/src/xfstests', selection: { ...plan.selection, only: [{ section: 'xfs', name: 'generic/001' }] } }
    const upgraded = planSchema.parse(upgradePlan(old))
    expect(upgraded.trees).toEqual({ fstests: '/src/xfstests' })
    expect(upgraded.selection.only).toEqual([{ suite: 'fstests', section: 'xfs', name: 'generic/001' }])
  })

  test('the bundle: its one list of sections is each suite’s', () => {
    const old = kept('vmtest.json') as { sections: { name: string; fstyp: string }[]; suites: { name: string }[] }
    const { sections } = bundleSchema.parse(upgradeBundle(old))
    expect(sections.map(({ suite, name, settings }) => [suite, name, settings.fstyp])).toEqual(
      old.suites.flatMap((suite) => old.sections.map(({ name, fstyp }) => [suite.name, name, fstyp])),
    )
    expect(sections.find(({ name }) => name === 'xfs')?.settings).toMatchObject({ proof: { mount: ['type=xfs'] } })
  })

  test('the history: tests are fstests’, unless they are smoke’s', () => {
    const { history, problem } = parseHistory(text('history.json'))
    expect(problem).toBeNull()
    expect(history.tests.map(({ suite, name }) => `${suite} ${name}`)).toContain('fstests generic/002')
    const smoke = text('history.json').replace('generic/001', 'selftest/001')
    expect(new Set(parseHistory(smoke).history.tests.map(({ suite }) => suite))).toEqual(new Set(['smoke']))
  })

  test('every kept file is one these tests read', () => {
    expect(readdirSync(KEPT).sort()).toEqual(['history.json', 'plan.json', 'run.json', 'selection.json', 'vmtest.json'])
  })
})

describe('what is no file of version 1', () => {
  test('comes back as it is, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const upgrade of [upgradeBundle, upgradeHistory, upgradePlan, upgradeRecord]) expect(upgrade(value)).toEqual(value)
      }),
    )
  })

  test('a damaged file of version 1 is refused by the schema, not by an exception', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom('run.json', 'plan.json', 'vmtest.json'), (damage, name) => {
        const file = { ...(kept(name) as object), ...damage, version: 1 }
        expect(() => runRecordSchema.safeParse(upgradeRecord(file))).not.toThrow()
        expect(() => planSchema.safeParse(upgradePlan(file))).not.toThrow()
        expect(() => bundleSchema.safeParse(upgradeBundle(file))).not.toThrow()
      }),
    )
  })
})
