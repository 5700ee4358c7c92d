import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Lab, type LabRun, openLab } from '../lab/vm-lab.js'
import { hostileTests, OWNED } from './hostile-tests.js'
import { entriesBelow, filesHolding } from './watch.js'

// A real guest that prints and leaves behind all a stranger may try at once; what it left on the host is looked at.
const LIMIT = 900_000
const CAP_BYTES = 32 * 1024 ** 2
const sentinelText = `sentinel-${randomBytes(18).toString('hex')}`

let elsewhere: string
let lab: Lab
let run: LabRun
let grownMiB: number

beforeAll(async () => {
  elsewhere = mkdtempSync(join(tmpdir(), 'vmtest-elsewhere-'))
  const sentinel = join(elsewhere, 'secret')
  writeFileSync(sentinel, sentinelText)
  lab = await openLab(hostileTests(sentinel))
  const before = process.memoryUsage().rss
  run = await lab.run({ tests: ['selftest/910', 'selftest/911', 'generic/004'], vms: 1, testTimeoutSeconds: 600 })
  grownMiB = Math.round((process.memoryUsage().rss - before) / 1024 ** 2)
  console.log(`${run.seconds.toFixed(0)} s, resident memory grew by ${grownMiB} MiB`)
}, LIMIT)
afterAll(() => {
  lab?.close()
  rmSync(elsewhere, { recursive: true, force: true })
})

test('a hostile guest gets the right verdicts', () => {
  expect(Object.fromEntries(run.record.tests.map(({ name, status }) => [name, status]))).toEqual({
    'selftest/910': 'fail',
    'selftest/911': 'pass',
    'generic/004': 'pass',
  })
  expect(run.record.conclusion.kind).toBe('failed')
  expect(run.vmRun.guests.map(({ exit }) => exit.kind)).toEqual(['poweroff'])
})

test('a hostile guest leaves regular files with plain names in the run directory, none of them large', () => {
  const entries = entriesBelow(run.directory)
  // It did what it was to do: the many files are there.
  expect(entries.filter(({ path }) => /\/many\/\d+$/.test(path))).toHaveLength(3000)
  expect(entries.filter(({ kind }) => kind === 'other')).toEqual([])
  expect(entries.filter(({ path }) => /[\u0000-\u001f\u007f]/.test(path))).toEqual([])
  const bomb = entries.find(({ path }) => path.endsWith('911.bomb'))
  expect(statSync(bomb?.path ?? '').size).toBe(CAP_BYTES)
  expect(Math.max(...entries.map(({ path }) => statSync(path).size))).toBeLessThanOrEqual(CAP_BYTES)
})

test('a hostile guest reaches no file outside the run directory', () => {
  expect(existsSync(join(tmpdir(), OWNED))).toBe(false)
  for (let up = dirname(run.directory); up !== '/'; up = dirname(up)) expect(existsSync(join(up, OWNED))).toBe(false)
  expect(entriesBelow(lab.directory).filter(({ path }) => path.endsWith(`/${OWNED}`))).toEqual([])
  expect(filesHolding(run.directory, sentinelText)).toEqual([])
  expect(readFileSync(join(elsewhere, 'secret'), 'utf8')).toBe(sentinelText)
})

test('a hostile guest costs bounded memory', () => expect(grownMiB).toBeLessThan(400))
