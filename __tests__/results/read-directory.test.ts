import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { UserError } from '../../src/domain/errors.js'
import { runRecordSchema } from '../../src/domain/record.js'
import { readResultsDirectory } from '../../src/results/index.js'
import { aRecord, aTest } from '../report/builder.js'
import { diskFiles, treeFiles } from '../suites/tree-files.js'

const context = { toolVersion: '0.1.0', now: '2026-11-24T05:00:00.000Z' }
const here = import.meta.dirname ?? __dirname
const read = (tree: Readonly<Record<string, string>>) => readResultsDirectory(treeFiles(tree), 'd', context)
const cases = join(here, '../suites/cases')
const statuses = (record: Awaited<ReturnType<typeof read>>) =>
  Object.fromEntries(record.tests.map((one) => [`${one.section} ${one.name}`, one.status]))

describe('readResultsDirectory', () => {
  test('reads a record', async () => {
    const record = aRecord([aTest('g/001')])
    expect(await read({ 'd/run.json': JSON.stringify(record) })).toEqual(record)
    await expect(read({ 'd/run.json': JSON.stringify(record).slice(0, 200) })).rejects.toThrow(/is not JSON/)
    await expect(read({ 'd/run.json': '{"version":9}' })).rejects.toThrow(/not a record of this version: version/)
  })

  test('refuses what holds no results', async () => {
    await expect(read({ 'd/x': '' })).rejects.toThrow(UserError)
    await expect(readResultsDirectory(treeFiles({}), 'gone', context)).rejects.toThrow(/gone is not a directory/)
  })

  test('reads a tree with sections, and says that it made the plan up', async () => {
    const record = await readResultsDirectory(diskFiles, join(cases, 'two-sections'), context)
    expect(runRecordSchema.parse(record)).toEqual(record)
    expect(statuses(record)).toEqual({
      ...{ 'small generic/101': 'pass', 'small generic/102': 'fail', 'small generic/103': 'expunged' },
      ...{ 'large generic/101': 'pass', 'large generic/102': 'notrun', 'large generic/103': 'expunged' },
    })
    expect(record.tests.find((one) => one.status === 'fail')?.attempts[0]?.logs).toEqual({
      full: 'results/small/generic/102.full',
      outBad: 'results/small/generic/102.out.bad',
    })
    expect(record.problems[0]).toMatch(/results that were there already/)
    expect(record.conclusion).toMatchObject({ kind: 'failed' })
    expect(record.sections.map((one) => [one.name, one.settings.fstyp, one.kernelRelease])).toEqual([
      ['small', 'xfs', '6.12.4'],
      ['large', 'xfs', '6.12.4'],
    ])
  })

  test('takes RESULT_BASE itself, and result.xml alone', async () => {
    const record = await readResultsDirectory(diskFiles, join(cases, 'only-xml'), context)
    expect(Object.values(statuses(record))).toEqual(['fail', 'fail', 'pass', 'notrun'])
  })

  test('a test without verdict is crashed where the console shows the kernel’s end under it', async () => {
    const stdout = 'generic/001         3s\ngeneric/002        '
    const marker = (name: string) => `[    1.000000] run fstests ${name} at 2026-11-23 09:48:09\n`
    const end =
      '[    2.000000] Kernel panic - not syncing: Fatal exception\n[    2.100000] ---[ end Kernel panic - not syncing: Fatal exception ]---\n'
    const log = marker('generic/001') + marker('generic/002')
    expect(statuses(await read({ 'd/check.stdout': stdout, 'd/console.log': log + end }))).toMatchObject({
      'default generic/002': 'crashed',
    })
    const alive = await read({ 'd/check.stdout': stdout, 'd/console.log': log + marker('generic/003') })
    expect(statuses(alive)).toEqual({
      ...{ 'default generic/001': 'pass', 'default generic/002': 'notreached', 'default generic/003': 'notreached' },
    })
    expect(alive.conclusion.kind).toBe('could-not-test')
  })

  test('a test that only a summary still knows is not lost', async () => {
    const record = await read({
      'd/check.log': '\nKernel version: 6.1\nRan: generic/001 generic/002\nFailures: generic/002\nFailed 1 of 2 tests\n',
    })
    expect(statuses(record)).toEqual({ 'default generic/001': 'notreached', 'default generic/002': 'fail' })
  })

  const real = join(here, '../../../shared/fstests-results/xfs-mixed')
  const onReal = existsSync(real) ? test : test.skip
  onReal('reads a real tree: statuses, messages, diffs, reports by test', async () => {
    const record = await readResultsDirectory(diskFiles, real, context)
    expect(record.conclusion.counts).toEqual({ pass: 1, fail: 11, notrun: 1, expunged: 1, crashed: 0, timeout: 0, notreached: 0 })
    const of = (name: string) => record.tests.find((one) => one.name === name)?.attempts[0]
    expect(of('generic/911')?.reports.map((report) => report.kind)).toContain('bug')
    expect(of('generic/909')?.message).toMatch(/^_check_xfs_filesystem: filesystem on \/dev\/vdb is inconsistent \(r\)$/)
    expect(of('generic/917')?.diff).toContain('bad utf8')
    expect(record.startedAt).toBe('2026-11-23T09:47:56.000Z')
    expect(record.sections).toMatchObject([{ settings: { fstyp: 'xfs' }, kernelRelease: '6.1.192-fst' }])
  })
})
