import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { bundleSchema } from '../../src/domain/bundle.js'
import { planSchema, selectionSchema } from '../../src/domain/plan.js'
import { runRecordSchema } from '../../src/domain/record.js'
import { upgradeBundle, upgradeHistory, upgradePlan, upgradeRecord, upgradeSelection } from '../../src/domain/upgrade/index.js'
import { parseInputs } from '../../src/inputs/parse.js'
import { inputsAgain } from '../../src/plan/again.js'
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

  test('`again` runs what failed, by its suite', () => {
    const inputs = inputsAgain(parseRecord(text('run.json'), 'run.json'), parseInputs('cli', {}))
    expect(inputs.suites).toEqual(['fstests'])
    expect(inputs.selection.only?.map(({ suite, section, name }) => [suite, section, name])).toEqual([
      ['fstests', 'xfs', 'generic/002'],
      ['fstests', 'xfs', 'generic/004'],
    ])
  })

  test('every kept file is one these tests read', () => {
    expect(readdirSync(KEPT).sort()).toEqual(['history.json', 'plan.json', 'run.json', 'selection.json', 'vmtest.json'])
  })
})

describe('what version 2 changed in form', () => {
  const page = readFileSync(join(KEPT, '../../../docs/reference/version-2.md'), 'utf8')
  // `tests[].{suite,name}` is two places.
  const spelled = (words: string): string[] => {
    const group = /\{([^}]*)\}/.exec(words)
    if (group === null) return [words]
    const [all, members = ''] = group
    return members.split(',').flatMap((member) => spelled(words.replace(all, member.trim())))
  }
  const listed = new Set([...page.matchAll(/`([^`]+)`/g)].flatMap(([, words = '']) => spelled(words)))
  const places = (value: unknown, path = ''): string[] => {
    if (Array.isArray(value)) return value.flatMap((each: unknown) => places(each, `${path}[]`))
    if (typeof value !== 'object' || value === null) return [path]
    return Object.entries(value).flatMap(([name, each]) => places(each, path === '' ? name : `${path}.${name}`))
  }
  const isListed = (path: string) =>
    listed.has(path) ||
    listed.has(path.replace(/^plan\./, '')) ||
    [...listed].some((each) => path.startsWith(`${each}.`) || path === `${each}[]`)

  test.each<[string, (json: unknown) => unknown]>([
    ['run.json', upgradeRecord],
    ['plan.json', upgradePlan],
    ['selection.json', upgradeSelection],
    ['vmtest.json', upgradeBundle],
    ['history.json', upgradeHistory],
  ])('all of %s is in the one list', (name, upgrade) => {
    const [before, after] = [new Set(places(kept(name))), new Set(places(JSON.parse(JSON.stringify(upgrade(kept(name))))))]
    const changed = [...before].filter((path) => !after.has(path)).concat([...after].filter((path) => !before.has(path)))
    // What moved into `settings` has the same name there.
    const own = changed.filter((path) => !path.startsWith('sections[].settings.')).map((path) => path.replace(/\.proof\..*/, '.proof'))
    expect(own.length).toBeGreaterThan(0)
    expect(own.filter((path) => !isListed(path))).toEqual([])
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
