import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { exitCode } from '../../src/domain/verdict.js'
import { readResultsDirectory } from '../../src/results/index.js'
import { diskFiles, treeFiles } from '../suites/tree-files.js'

// Logs that are given to `vmtest report` in place of a directory.
const context = { toolVersion: '0.1.0', now: '2026-11-24T05:00:00.000Z' }
const here = import.meta.dirname ?? __dirname
const forms = ['run-kselftest-6.12', 'run-kselftest-newest'].map((name) => join(here, '../suites/kselftest/cases', name, 'log.txt'))
const read = (text: string, name = 'out.log') => readResultsDirectory(treeFiles({ [`d/${name}`]: text }), `d/${name}`, context)
const status = async (text: string) => {
  const { conclusion, plan } = await read(text)
  return exitCode(conclusion, plan.failOn)
}

/** What run_kselftest.sh of the newest form prints of programs that pass. */
const GREEN = [
  ...['TAP version 13', '1..3', '# timeout set to 45', '# selftests: a: one', '# 1..1', '# ok 1 inner', 'ok 1 1 selftests: a: one'],
  ...['# timeout set to 45', '# selftests: a: two', '# text', 'ok 2 2 selftests: a: two'],
  ...[
    '# timeout set to 45',
    '# selftests: b: three',
    'ok 3 1 selftests: b: three',
    '# Totals: pass:3 fail:0 xfail:0 xpass:0 skip:0 error:0',
  ],
]

describe('a log of run_kselftest.sh', () => {
  test.each(forms)('%s is a record of kselftest', async (path) => {
    const record = await readResultsDirectory(diskFiles, path, context)
    expect(record.plan.suites).toEqual(['kselftest'])
    expect(record.conclusion.kind).toBe('failed')
    const expected = JSON.parse(readFileSync(path.replace('log.txt', 'expected.json'), 'utf8')) as { tests: string[] }
    const [first] = record.tests
    expect(record.tests.map((each) => `${each.status} ${each.name}`)).toEqual(
      expected.tests.map((line) => line.split(' ').slice(0, 2).join(' ')),
    )
    expect(first?.attempts[0]?.logs).toEqual({ output: 'log.txt' })
  })

  test('that is whole is green, and cut at any of its lines is not', async () => {
    expect(await status(GREEN.join('\n'))).toBe(0)
    // Behind the last result stand only its totals.
    for (let lines = 0; lines < GREEN.length - 1; lines += 1) {
      const cut = GREEN.slice(0, lines).join('\n')
      expect({ lines, status: await status(cut).catch(() => 'refused') }).not.toEqual({ lines, status: 0 })
    }
  })

  test('with a kernel report between its lines is not green', async () => {
    const report = '[   12.345678] BUG: KASAN: slab-out-of-bounds in foo+0x1/0x2'
    const { conclusion, unattributedReports } = await read([...GREEN.slice(0, 6), report, ...GREEN.slice(6)].join('\n'))
    expect(unattributedReports).toEqual([expect.objectContaining({ title: expect.stringContaining('KASAN'), suite: 'kselftest' })])
    expect(conclusion.kind).not.toBe('passed')
  })

  test('is found in a directory, beside others', async () => {
    const text = (collection: string, word: string) =>
      `TAP version 13\n1..1\n# selftests: ${collection}: x\n${word} 1 selftests: ${collection}: x${word === 'ok' ? '' : ' # exit=1'}\n`
    const record = await readResultsDirectory(
      treeFiles({ 'd/a.log': text('a', 'ok'), 'd/b.txt': text('b', 'not ok'), 'd/readme.txt': 'x' }),
      'd',
      context,
    )
    expect(record.tests.map(({ name, status, attempts }) => [name, status, attempts[0]?.logs.output])).toEqual([
      ['a:x', 'pass', 'a.log'],
      ['b:x', 'fail', 'b.txt'],
    ])
  })

  const captured = join(here, '../../../shared/suites-captured/kselftest')
  const shared = existsSync(captured) ? test : test.skip
  // What the shell had for it, run_kselftest.sh 6.12: 0, each of them.
  shared.each([
    ['timens.txt', 0],
    ['mount.txt', 0],
    ['proc.txt', 0],
    ['breakpoints.txt', 1],
    ['kcmp.txt', 1],
    ['kcmp.redirected-to-a-file.txt', 1],
    ['planted.txt', 1],
    ['size-without-libstdbuf.txt', 1],
    ['netns.txt', 69],
  ])('%s as captured: exit status %i', async (file, expected) => {
    const { conclusion, plan } = await readResultsDirectory(diskFiles, join(captured, file), context)
    expect(exitCode(conclusion, plan.failOn)).toBe(expected)
  })
})

describe('KTAP of one program', () => {
  test('is one test of the file’s name, its results the sub-tests', async () => {
    const { plan, tests } = await read('KTAP version 1\n1..2\nok 1 a\nnot ok 2 b\n', 'my.tap')
    expect(plan.suites).toEqual(['scripts'])
    expect(tests).toEqual([expect.objectContaining({ name: 'my.tap', status: 'fail' })])
    expect(tests[0]?.attempts[0]?.subtests).toHaveLength(2)
  })

  test.each<[string, number, string]>([
    ['whole', 0, 'TAP version 13\n1..2\nok 1 a\nok 2 b\n'],
    ['plan at the end', 0, 'TAP version 13\nok 1 a\nok 2 b\n1..2\n'],
    ['no plan: how it ended is not known either', 69, 'TAP version 13\nok 1 a\nok 2 b\n'],
    ['only the plan of something within', 69, 'KTAP version 1\n    1..1\n    ok 1 a\nok 1 b\n'],
    ['a result too few', 1, '1..3\nok 1 a\nok 2 b\n'],
    ['all skipped', 69, 'TAP version 13\n1..1\nok 1 a # SKIP no device\n'],
  ])('%s: exit status %i', async (_what, expected, text) => {
    expect(await status(text)).toBe(expected)
  })

  test('is not read into any text', async () => {
    await expect(read('ok then\nit is ok\n')).rejects.toThrow(/out\.log is no log of a suite that is known here/)
  })
})

test('a record is read from its file too', async () => {
  await expect(read('{"version":9}', 'run.json')).rejects.toThrow(/run\.json is not a record of this version/)
})
