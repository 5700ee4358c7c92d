import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Lab, type LabRun, openLab } from '../lab/vm-lab.js'
import { filesHolding } from './canaries.js'
import { type HostileTest, hostileTests, OWNED, usurpingTest } from './hostile-tests.js'
import { entriesBelow } from './watch.js'

// A real guest that prints and leaves behind all a stranger may try at once; what it left on the host is looked at.
const LIMIT = 900_000
const CAP_BYTES = 32 * 1024 ** 2
const AMOUNTS = { files: 3000, consoleBytes: 300_000, outputBytes: 2_000_000, frames: 1000 }
const sentinelText = `sentinel-${randomBytes(18).toString('hex')}`

let elsewhere: string
let lab: Lab
const extra = ({ number, script, output }: HostileTest) => ({
  name: `selftest/${number}`,
  script: `set +o pipefail\n${script}`,
  output,
})
const statuses = ({ record }: LabRun) => Object.fromEntries(record.tests.map(({ name, status }) => [name, status]))

beforeAll(async () => {
  elsewhere = mkdtempSync(join(tmpdir(), 'vmtest-elsewhere-'))
  const sentinel = join(elsewhere, 'secret')
  writeFileSync(sentinel, sentinelText)
  lab = await openLab([...hostileTests(AMOUNTS, [sentinel]), usurpingTest(['generic/004', 'generic/005'])].map(extra))
}, LIMIT)
afterAll(() => {
  lab?.close()
  rmSync(elsewhere, { recursive: true, force: true })
})

describe('a guest that does everything a run can survive', () => {
  let run: LabRun
  let grownMiB: number

  beforeAll(async () => {
    const before = process.memoryUsage().rss
    const tests = ['selftest/910', 'selftest/911', 'selftest/912', 'selftest/913', 'generic/004']
    run = await lab.run({ tests, vms: 1, testTimeoutSeconds: 600 })
    grownMiB = Math.round((process.memoryUsage().rss - before) / 1024 ** 2)
    process.stdout.write(`${run.seconds.toFixed(0)} s, resident memory grew by ${grownMiB} MiB\n`)
  }, LIMIT)

  test('gets the right verdicts', () => {
    expect(statuses(run)).toEqual({
      'selftest/910': 'fail',
      'selftest/911': 'pass',
      'selftest/912': 'fail',
      'selftest/913': 'pass',
      'generic/004': 'pass',
    })
    expect(run.record.conclusion.kind).toBe('failed')
    expect(run.vmRun.guests.map(({ exit }) => exit.kind)).toEqual(['poweroff'])
  })

  test('leaves regular files with plain names in the run directory, none of them large', () => {
    const entries = entriesBelow(run.directory)
    // It did what it was to do: the many files are there.
    expect(entries.filter(({ path }) => /\/many\/\d+$/.test(path))).toHaveLength(AMOUNTS.files)
    expect(entries.filter(({ kind }) => kind === 'other')).toEqual([])
    expect(entries.filter(({ path }) => /[\u0000-\u001f\u007f]/.test(path))).toEqual([])
    expect(entries.filter(({ path }) => /[":<>|*?\\]/.test(path))).toEqual([])
    const names = entries.map(({ path }) => basename(path))
    // Names that no artifact can hold are kept as such that it can.
    expect(names).toEqual(
      expect.arrayContaining([
        `line%0A%3A%3Aerror%3A%3A${OWNED}`,
        'a%3Ab%7Cc%2Ad%3Fe%22f%3Cg%3E.txt',
        '%E2%80%AEfdp.exe',
        ' leading and trailing ',
        '100%2525',
      ]),
    )
    const bomb = entries.find(({ path }) => path.endsWith('911.bomb'))
    expect(statSync(bomb?.path ?? '').size).toBe(CAP_BYTES)
    expect(Math.max(...entries.map(({ path }) => statSync(path).size))).toBeLessThanOrEqual(CAP_BYTES)
  })

  test('reaches no file outside the run directory', async () => {
    expect(existsSync(join(tmpdir(), OWNED))).toBe(false)
    for (let up = dirname(run.directory); up !== '/'; up = dirname(up)) expect(existsSync(join(up, OWNED))).toBe(false)
    expect(entriesBelow(lab.directory).filter(({ path }) => path.endsWith(`/${OWNED}`))).toEqual([])
    expect(await filesHolding(run.directory, [Buffer.from(sentinelText)])).toEqual([])
    expect(readFileSync(join(elsewhere, 'secret'), 'utf8')).toBe(sentinelText)
  })

  test('costs bounded memory', () => expect(grownMiB).toBeLessThan(400))
})

test(
  'a guest that ends the batch in the agent’s name and speaks for the tests to come makes none of them pass',
  async () => {
    const run = await lab.run({ tests: ['selftest/914', 'generic/004', 'generic/005'], vms: 1, testTimeoutSeconds: 120 })
    expect(Object.values(statuses(run))).not.toContain('pass')
    expect(statuses(run)['selftest/914']).toBe('notreached')
    expect(run.record.conclusion.kind).toBe('could-not-test')
  },
  LIMIT,
)
