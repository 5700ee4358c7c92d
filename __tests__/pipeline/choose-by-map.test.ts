import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { packBits } from '../../src/coverage/bits.js'
import type { Coverage } from '../../src/domain/coverage.js'
import type { Plan, Selection } from '../../src/domain/plan.js'
import { chooseByMap } from '../../src/pipeline/choose-by-map.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'

const ports = { exec: createExec(), files: createFiles(), runner: { env: {} } as never }

let tree: string
const git = (...words: readonly string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...words], { cwd: tree, encoding: 'utf8' }).trim()

const OPENS = ['int opens(void)', '{', '\tint a = 1;', '', '\treturn a;', '}']
const CLOSES = ['int closes(void)', '{', '\treturn 2;', '}']
const write = (name: string, ...lines: readonly string[]) => writeFileSync(join(tree, name), `${lines.join('\n')}\n`)

beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'vmtest-map-'))
  mkdirSync(join(tree, 'fs'))
  git('init', '-q', '-b', 'master')
  write('fs/a.c', ...OPENS, '', ...CLOSES)
  write('fs/b.c', ...CLOSES)
  git('add', '-A')
  git('commit', '-qm', 'base')
})
afterEach(() => rmSync(tree, { recursive: true, force: true }))

const TESTS = ['t/1', 't/2', 't/3', 't/4']
const selection = {
  sections: [],
  tests: TESTS.map((name) => ({ suite: 'smoke', section: 'plain', name, groups: ['quick'] })),
} satisfies Selection

function mapOf(commit: string | null): Coverage {
  const functions = [
    { file: 'fs/a.c', name: 'opens', start: 1, end: 6 },
    { file: 'fs/a.c', name: 'closes', start: 8, end: 11 },
    { file: 'fs/b.c', name: 'closes', start: 1, end: 4 },
  ]
  const reached: readonly (readonly number[])[] = [[], [0], [0, 1], []]
  return {
    ...{ tool: 'gcov', directories: ['fs'], base: null, commit, isDirty: false, withoutCounters: [], executable: 9, executed: 3 },
    ...{ changed: [], notCompiled: [], touched: [], functions },
    tests: TESTS.map((name, index) => ({
      suite: 'smoke',
      section: 'plain',
      name,
      functions: packBits(reached[index] ?? [], 3),
      lines: '',
    })),
  }
}

function choose(mode: 'first' | 'only', map: Coverage | undefined, upstream = 'master') {
  const plan = {
    suites: ['smoke'],
    changedTests: { mode, upstream },
    kernelTree: { directory: tree, config: null, kconfig: [] },
  } as unknown as Plan
  const places = { checkout: process.cwd() } as never
  return chooseByMap({ plan, selection, map, places }, ports)
}
const names = ({ selection: { tests } }: { selection: Selection }) => tests.map(({ name }) => name)

describe('tests chosen by what they reach', () => {
  test('only those that reach a changed function, each with its reason; or they come first', async () => {
    const base = git('rev-parse', 'HEAD')
    write('fs/a.c', ...OPENS, '', 'int closes(void)', '{', '\treturn 3;', '}')
    const only = await choose('only', mapOf(base))
    expect(names(only)).toEqual(['t/3'])
    expect(only.notes).toEqual([
      `changed-tests: the map is of the change's own base, ${base.slice(0, 12)}`,
      '  closes (fs/a.c): 1 test',
      '  plain t/3: closes (fs/a.c)',
    ])
    expect(names(await choose('first', mapOf(base)))).toEqual(['t/3', 't/1', 't/2', 't/4'])
  })

  test('a changed function no test reaches is a finding, and leaves out nothing', async () => {
    write('fs/b.c', 'int closes(void)', '{', '\treturn 7;', '}')
    const base = git('rev-parse', 'HEAD')
    const choice = await choose('only', mapOf(base))
    expect(choice.problems).toEqual([`No test reaches closes (fs/b.c), which changed (the map of ${base.slice(0, 12)}).`])
    expect(names(choice)).toEqual(TESTS)
  })

  test('of an older map the lines are found again, and it says how far it is', async () => {
    const old = git('rev-parse', 'HEAD')
    write('fs/a.c', '/* new */', '/* head */', ...OPENS.slice(0, 3), ...OPENS.slice(4), '', ...CLOSES)
    git('commit', '-qam', 'moves everything')
    git('checkout', '-qb', 'topic')
    write('fs/a.c', '/* new */', '/* head */', ...OPENS.slice(0, 3), ...OPENS.slice(4), '', 'int closes(void)', '{', '\treturn 3;', '}')
    const choice = await choose('only', mapOf(old))
    expect(names(choice)).toEqual(['t/3'])
    expect(choice.notes[0]).toBe(
      `changed-tests: the map is of ${old.slice(0, 12)}, 1 commits before the change's base; 1 of 1 changed files differ there`,
    )
  })

  test('what the map does not know is left to the rules; without a map, or with one of elsewhere, so is all', async () => {
    const base = git('rev-parse', 'HEAD')
    write('fs/fresh.c', 'int fresh(void)', '{', '\treturn 1;', '}')
    const choice = await choose('only', mapOf(base))
    expect(choice.notes.at(-1)).toMatch(/^ {2}plain t\/4: the rules, for fs\/fresh.c$/)
    expect(names(await choose('only', undefined))).toEqual(TESTS)
    const elsewhere = await choose('only', mapOf('0123456789012345678901234567890123456789'))
    expect(names(elsewhere)).toEqual(TESTS)
    expect(elsewhere.notes[0]).toContain('the map is of 012345678901, which')
    expect(names(await choose('only', mapOf(null)))).toEqual(TESTS)
  })
})
