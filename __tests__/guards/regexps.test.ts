import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from '@jest/globals'

// `npm run check` holds all of src to it; here is what the check itself does with a file.
const root = join(import.meta.dirname, '../..')
const directory = mkdtempSync(join(tmpdir(), 'vmtest-regexps-'))
afterAll(() => rmSync(directory, { recursive: true }))

const cases = [
  ['linear', 'export const a = /^[a-z]+: (.*)/s', 0, '0 worse than linear'],
  ['quadratic', "export const a = 'x'.replace(/\\s+$/, '')", 1, 'case.ts:1: 2nd degree polynomial'],
  ['quadratic, of constants', "const W = '[a-z]'\nexport const a = new RegExp(`${W}*${W}*b`)", 1, 'case.ts:2: 3rd degree polynomial'],
  ['built when it runs', 'export const a = (name: string) => new RegExp(name)', 1, 'case.ts:1: built when it runs'],
  ['excused', '// regexp: a word of ours\nexport const a = (name: string) => new RegExp(name)', 0, '0 worse than linear'],
] as const

it.each(cases)(
  'a pattern that is %s',
  (_, source, status, words) => {
    const file = join(directory, 'case.ts')
    writeFileSync(file, `${source}\n`)
    const ended = spawnSync(process.execPath, [join(root, 'scripts/regexps.mjs'), file], { encoding: 'utf8' })
    expect([ended.status, ended.stdout]).toEqual([status, expect.stringContaining(words)])
  },
  60_000,
)
