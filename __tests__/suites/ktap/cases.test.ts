import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { ProgramEnd } from '../../../src/domain/program-end.js'
import { judgeProgram } from '../../../src/suites/ktap/index.js'

/**
 * Adding a case is adding a folder: what a program printed (`output.txt`) and how it ended (`end.json`). Those named `kselftest-…` are of programs of
 * Linux 6.12.117's tools/testing/selftests. UPDATE_CASES=1 rewrites expectations; a person reads the diff.
 */
const cases = join(import.meta.dirname ?? __dirname, 'cases')

describe('judgeProgram', () => {
  test.each(readdirSync(cases))('%s', (name) => {
    const read = (file: string) => readFileSync(join(cases, name, file), 'utf8')
    const { subtests, ...verdict } = judgeProgram(JSON.parse(read('end.json')) as ProgramEnd, read('output.txt'))
    const lines = subtests.map(({ status, name, message }) => `${status} ${name}${message === null ? '' : ` (${message})`}`)
    const path = join(cases, name, 'expected.json')
    const actual = { ...verdict, subtests: lines }
    if (process.env.UPDATE_CASES === '1') writeFileSync(path, `${JSON.stringify(actual, null, 2)}\n`)
    expect(existsSync(path)).toBe(true)
    expect(actual).toEqual(JSON.parse(readFileSync(path, 'utf8')))
  })
})
