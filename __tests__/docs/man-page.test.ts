import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'

const page = join(import.meta.dirname ?? __dirname, '../../man/vmtest.1')
const has = (program: string) => spawnSync(program, ['--version']).error === undefined

/** Each prints what is wrong with the page, and nothing where nothing is. */
const checkers: readonly (readonly [string, ...string[]])[] = [
  ['mandoc', '-T', 'lint', '-W', 'warning'],
  ['groff', '-ww', '-man', '-z', '-T', 'utf8'],
]

it.each(checkers.filter(([program]) => has(program)))('the man page has no fault that %s sees', (program, ...args) => {
  const { error, stdout, stderr } = spawnSync(program, [...args, page], { encoding: 'utf8' })
  // The page has no date on purpose: a generated file with the day of its generation is stale the day after.
  const faults = `${stdout}${stderr}`.split('\n').filter((line) => line !== '' && !line.includes('missing date'))
  expect({ error, faults }).toEqual({ error: undefined, faults: [] })
})

for (const [program] of checkers) if (!has(program)) it.skip(`${program} is not on this machine`, () => undefined)

it('the page of the formats says what each member is', () => {
  const rows = readFileSync(join(page, '../../docs/reference/formats.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  expect(rows.length).toBeGreaterThan(150)
  expect(rows.filter((row) => row.endsWith('| – |'))).toEqual([])
})
