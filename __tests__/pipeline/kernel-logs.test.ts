import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { readKernelLogs } from '../../src/pipeline/kernel-logs.js'
import { createFiles } from '../../src/ports/real/files.js'
import { anAttempt, aRecord, aTest } from '../report/builder.js'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vmtest-logs-'))
  mkdirSync(join(directory, 'guests/1'), { recursive: true })
})
afterEach(() => rmSync(directory, { recursive: true }))

const start = (name: string) => `[ 12.3] [   11.000000] run fstests ${name} at 2026-11-24 05:00:00`
const console = (lines: readonly string[]) =>
  writeFileSync(join(directory, 'guests/1/console.log'), lines.map((line) => `${line}\n`).join(''))
const logs = { console: 'guests/1/console.log' }
const failed = (name: string, attempts = 1) =>
  aTest(name, { status: 'fail', attempts: Array.from({ length: attempts }, () => anAttempt({ status: 'fail', logs })) })
const read = (...tests: Parameters<typeof aRecord>[0]) => readKernelLogs(aRecord(tests), directory, { files: createFiles() })
const id = (name: string) => ({ suite: 'fstests', section: 'xfs_4k', name })

describe('the kernel log at the test’s place', () => {
  test('goes from the test’s start to the next one’s, with the number of its first line', async () => {
    console(['Linux version 6.18', start('generic/001'), 'one', start('generic/002'), 'two', 'XFS: corrupt', start('generic/003'), 'three'])
    const log = await read(aTest('generic/001'), failed('generic/002'), failed('generic/003'))
    expect(log(id('generic/002'), 0)).toEqual({ firstLine: 4, lines: [start('generic/002'), 'two', 'XFS: corrupt'] })
    expect(log(id('generic/003'), 0)).toEqual({ firstLine: 7, lines: [start('generic/003'), 'three'] })
    expect(log(id('generic/001'), 0)).toBeNull()
  })

  test('is each attempt’s own', async () => {
    console([start('generic/002'), 'first', start('generic/001'), start('generic/002'), 'second'])
    const log = await read(failed('generic/002', 2))
    expect([0, 1, 2].map((attempt) => log(id('generic/002'), attempt)?.lines.at(-1) ?? null)).toEqual(['first', 'second', null])
  })

  test('has beginning and end of what is long, and says how much is left out', async () => {
    console([start('generic/002'), ...Array.from({ length: 1000 }, (_, index) => `line ${index} ${'x'.repeat(5000)}`)])
    const lines = (await read(failed('generic/002')))(id('generic/002'), 0)?.lines ?? []
    expect(lines).toHaveLength(181)
    expect(lines[60]).toBe('[… 821 lines left out …]')
    expect(lines.at(-1)).toContain('line 999 ')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(400)
  })

  test('is of no file outside the run, whatever the record and the directory say', async () => {
    writeFileSync(join(directory, 'secret'), start('generic/002'))
    symlinkSync(join(directory, 'secret'), join(directory, 'guests/1/console.log'))
    const elsewhere = aTest('generic/002', { status: 'fail', attempts: [anAttempt({ status: 'fail', logs: { console: '../secret' } })] })
    expect((await read(failed('generic/002'), elsewhere))(id('generic/002'), 0)).toBeNull()
  })

  test('a console that is not there is no reason to report nothing', async () => {
    expect((await read(failed('generic/002')))(id('generic/002'), 0)).toBeNull()
  })
})
