import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createClassifier, testMarkers } from '../../src/crash/index.js'
import { UserError } from '../../src/domain/errors.js'
import { diskSpecSchema, sectionSchema } from '../../src/domain/section.js'
import { createFiles } from '../../src/ports/real/files.js'
import { buildRecord } from '../../src/results/index.js'
import { type Suite, suiteOf, suites } from '../../src/suites/index.js'
import { aRecord, aSection } from '../report/builder.js'
import { aBatch, aGuest, aVmRun } from '../results/fixtures.js'
import { madeUp } from './made-up/index.js'
import { treeFiles } from './tree-files.js'

const checkout = new URL('../..', import.meta.url).pathname.replace(/\/$/, '')

// The line that adds a suite.
Object.assign(suites, { 'made-up': madeUp })

describe.each(Object.entries(suites))('the suite %s', (key, suite) => {
  test('is in the table under its own name, and says what it is', () => {
    expect(suite.name).toBe(key)
    expect(suiteOf(key)).toBe(suite)
    expect(suite.title).toMatch(/^\S.*[^.]$/)
  })

  test('has sections in its own schema', async () => {
    const sections = await suite.builtInSections(createFiles(), checkout)
    expect(sections.length).toBeGreaterThan(0)
    expect(new Set(sections.map(({ name }) => name)).size).toBe(sections.length)
    for (const section of sections) {
      expect(sectionSchema.parse(section)).toEqual(section)
      expect(section.suite).toBe(key)
      expect(suite.settings.safeParse(section.settings).error).toBeUndefined()
      const needs = suite.needs(section, [])
      expect(needs.memoryMiB.least).toBeLessThanOrEqual(needs.memoryMiB.usual)
      const roles = section.disks.map(({ role }) => diskSpecSchema.shape.role.parse(role))
      const twice = roles.filter((role, index) => roles.indexOf(role) !== index)
      expect(twice.filter((role) => !needs.repeatedRoles.includes(role))).toEqual([])
    }
  })

  test('marks the test that starts with plain text first, and a name', () => {
    expect(suite.marker).toMatch(/^[A-Za-z0-9 :_,-]{4,}/)
    expect(suite.marker).toContain('(?<name>')
    expect(() => new RegExp(suite.marker)).not.toThrow()
    expect(testMarkers([suite.marker])('nothing of the kind')).toBeNull()
  })

  test('takes a word apart and does not change what it took apart', () => {
    fc.assert(
      fc.property(fc.string(), (word) => {
        const name = suite.choice.normalize(word)
        expect(suite.choice.normalize(name)).toBe(name)
        expect(name.startsWith(suite.choice.collectionOf(name))).toBe(true)
      }),
    )
    expect(suite.choice.usualGroup).not.toBe('')
  })

  test('expects a time of every test', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (groups) => {
        expect(suite.expectedSeconds({ name: 'a', groups, file: 'a', line: 1 })).toBeGreaterThan(0)
      }),
    )
  })

  test('is run as it is on a real processor', () => {
    expect(suite.tuning({ emulated: false, timeoutFactor: 1 })).toEqual({ settings: {}, extraSeconds: 0 })
  })

  test('makes no pass of nothing, nor of anything that is not its own', async () => {
    const evidence = { directory: '/b', section: 's', tests: ['generic/001', 'a:b'], exitStatus: 0, source: null }
    const passesOf = async (tree: Readonly<Record<string, string>>) =>
      (await suite.judge(treeFiles(tree), evidence)).tests.filter(({ attempts }) => attempts.some(({ status }) => status === 'pass'))
    expect(await passesOf({})).toEqual([])
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.stringMatching(/^[a-z./]{1,12}$/), fc.string()), async (found) => {
        const tree = Object.fromEntries(Object.entries(found).map(([path, text]) => [`/b/results/x${path}`, text]))
        expect(await passesOf(tree)).toEqual([])
      }),
      { numRuns: 50 },
    )
  })

  test('reads results made elsewhere only where there are some of its own', async () => {
    expect((await suite.readForeignDirectory?.(treeFiles({ '/d/photo.jpg': 'x' }), '/d')) ?? null).toBeNull()
  })
})

test('a name that is in no table is refused, with those that are', () => {
  expect(() => suiteOf('toString')).toThrow(UserError)
  expect(() => suiteOf('xfstests')).toThrow('There is no suite `xfstests`.')
})

test('a suite that lacks a part does not compile', () => {
  const { judge: _judge, ...without } = madeUp
  // @ts-expect-error it has no judge
  const incomplete: Suite = without
  const { marker: _marker, ...unmarked } = madeUp
  // @ts-expect-error it does not say how the kernel log names its tests
  const silent: Suite = unmarked
  expect([incomplete, silent]).toHaveLength(2)
})

test('a suite that was only just added has its verdicts, sub-tests and kernel reports in the record, beside another suite', async () => {
  const classifier = createClassifier({ suites: [madeUp] })
  const reports = [
    '[    1.0] vmtest: test a:panics starts',
    '[    2.0] BUG: kernel NULL pointer dereference, address: 0000000000000000',
    '[    2.0] vmtest: test a:good starts',
  ].flatMap((line) => classifier.line(line))
  reports.push(...classifier.end())
  const [section] = await madeUp.builtInSections(createFiles(), checkout)
  const tests = ['a:good', 'a:bad', 'a:panics', 'a:never']
  const own = { suite: 'made-up', section: 'default' }
  const { plan, host } = aRecord([])
  const record = await buildRecord(
    treeFiles({
      '/run/guests/1/batches/1/results/tests/a%3Agood.out': 'good\n',
      '/run/guests/1/batches/1/results/tests/a%3Abad.out': 'it broke\n',
      '/run/guests/1/batches/1/results/tests/a%3Apanics.out': 'good\n',
      '/run/guests/2/batches/1/check.stdout': 'generic/001         3s\n',
    }),
    {
      toolVersion: '0.1.0',
      runId: 'run',
      startedAt: '2026-11-24T05:00:00.000Z',
      endedAt: '2026-11-24T05:20:00.000Z',
      plan: { ...plan, suites: ['made-up', 'fstests'] },
      selection: {
        sections: [...(section === undefined ? [] : [section]), aSection('default')],
        tests: [...tests.map((name) => ({ ...own, name })), { suite: 'fstests', section: 'default', name: 'generic/001' }],
      },
      vmRun: aVmRun({
        guests: [aGuest(1, { ...own, reports }), aGuest(2, { section: 'default' })],
        batches: [aBatch(1, tests, own), aBatch(2, ['generic/001'], { section: 'default' })],
      }),
      host,
      accelerator: null,
      revisions: {},
      cache: [],
      problems: [],
      runDirectory: '/run',
      suiteSources: {},
    },
  )
  expect(record.tests.map(({ suite, name, status }) => `${suite} ${name} ${status}`)).toEqual([
    'made-up a:good pass',
    'made-up a:bad fail',
    'made-up a:panics fail',
    'made-up a:never notreached',
    'fstests generic/001 pass',
  ])
  expect(record.tests[1]?.attempts[0]).toMatchObject({
    message: 'it broke',
    subtests: [{ name: 'the only', status: 'fail' }],
    subtestCount: 1,
    logs: { output: 'guests/1/batches/1/results/tests/a%3Abad.out' },
  })
})
