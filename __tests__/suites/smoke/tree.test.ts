import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { parseGroupList, parseTestHeader } from '../../../src/suites/fstests/catalogue.js'
import { smoke } from '../../../src/suites/smoke/index.js'
import { diskFiles } from '../tree-files.js'
import { smokeDirectory } from './smoke-tree.js'

const tests = join(smokeDirectory, 'tests')
const directories = readdirSync(tests)
const names = directories.flatMap((directory) =>
  readdirSync(join(tests, directory))
    .filter((file) => /^\d{3}$/.test(file))
    .map((file) => `${directory}/${file}`),
)
const text = (name: string): string => readFileSync(join(tests, name), 'utf8')

describe('the smoke suite', () => {
  test.each(names)('%s is executable, says what it shows, and has its golden output', (name) => {
    expect(statSync(join(tests, name)).mode & 0o111).toBe(0o111)
    expect(text(name)).toMatch(/^#!\/bin\/bash\n# \S.*[.]\n/)
    expect(text(`${name}.out`)).toMatch(new RegExp(`^QA output created by ${name.slice(-3)}\n[^]+\n$`))
  })

  test.each(directories)('%s/group.list is what make-group-lists makes of the tests', (directory) => {
    const fromTests = names
      .filter((name) => name.startsWith(`${directory}/`))
      .map((name): [string, readonly string[]] => [name.slice(-3), parseTestHeader(text(name)).groups ?? []])
    expect([...parseGroupList(text(`${directory}/group.list`))]).toEqual(fromTests)
  })

  test('is read as a catalogue by the reader of fstests', async () => {
    const catalogue = await smoke.enumerate(diskFiles, smokeDirectory)
    expect(catalogue.tests.map(({ name }) => name)).toEqual([...names].sort())
    const group = (wanted: string) => catalogue.tests.filter(({ groups }) => groups.includes(wanted)).map(({ name }) => name)
    expect(group('selftest').filter((name) => group('auto').includes(name))).toEqual([])
    expect(group('bench').length).toBeGreaterThanOrEqual(40)
    // Whatever provokes something stays out of the default.
    expect(group('auto').filter((name) => name.startsWith('selftest/'))).toEqual([])
  })

  const shellcheck = spawnSync('shellcheck', ['--version']).status === 0
  const checked = shellcheck ? test : test.skip
  checked(`is clean to shellcheck${shellcheck ? '' : ' (skipped: no shellcheck here)'}`, () => {
    const files = ['check', 'make-group-lists', ...readdirSync(join(smokeDirectory, 'common')).map((file) => `common/${file}`)]
    const { stdout } = spawnSync('shellcheck', [...files, ...names.map((name) => `tests/${name}`)], {
      cwd: smokeDirectory,
      encoding: 'utf8',
    })
    expect(stdout).toBe('')
  })
})
