import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { suites } from '../../src/suites/index.js'

/** Rooms that know no suite by name, nor what is one suite's own. */
const ROOMS = ['domain', 'plan', 'vm', 'crash', 'results']
/** What version 1 of a file was: fstests'. */
const EXCEPT = ['domain/upgrade/']
/** Words of fstests: its name, its variables and files, its runner's options. */
const WORDS =
  /x?fstests|\b(?:FSTYP|MKFS_OPTIONS|MOUNT_OPTIONS|TEST_DEV|SCRATCH_\w+|SOAK_DURATION)\b|local\.config|\bfstyp\b|\bcheck -\w\b|check:\d/

const source = join(import.meta.dirname ?? __dirname, '../../src')
const files = ROOMS.flatMap((room) =>
  readdirSync(join(source, room), { recursive: true, encoding: 'utf8' }).map((name) => `${room}/${name}`),
).filter((path) => path.endsWith('.ts') && !EXCEPT.some((prefix) => path.startsWith(prefix)))

test('no word of fstests outside its folders', () => {
  expect(files.length).toBeGreaterThan(80)
  const found = files.flatMap((path) =>
    readFileSync(join(source, path), 'utf8')
      .split('\n')
      .flatMap((line, index) => (WORDS.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  )
  expect(found).toEqual([])
})

test('no suite is looked up by a name of its own', () => {
  const names = Object.keys(suites).join('|')
  const quoted = new RegExp(`['"](?:${names})['"]`)
  expect(files.filter((path) => quoted.test(readFileSync(join(source, path), 'utf8')))).toEqual([])
})
