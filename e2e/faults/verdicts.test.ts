import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { parse } from 'junit2json'
import { createFiles } from '../../src/ports/real/files.js'
import { writeReport } from '../../src/report/index.js'
import { type Lab, openLab } from '../lab/vm-lab.js'
import { qemuProcesses } from './processes.js'

// One run in which a kernel crashes, a test hangs, a kernel warns and a test is flaky, among ordinary tests. Real guests.
const LIMIT = 900_000
const EXPECTED = {
  'generic/004': 'pass',
  'selftest/001': 'pass',
  'selftest/002': 'fail',
  'selftest/003': 'fail',
  'selftest/004': 'notrun',
  'selftest/005': 'crashed',
  'selftest/006': 'timeout',
  // Fails the first time on a file system: here that is the disk of the guest after the two that died.
  'selftest/007': 'fail',
  // The text of a WARNING in the kernel log: Debian's kernels have no LKDTM for a real one (selftest/008).
  'selftest/009': 'fail',
  'generic/007': 'pass',
  'generic/011': 'pass',
} as const

let lab: Lab
beforeAll(async () => {
  lab = await openLab()
}, LIMIT)
afterAll(() => lab?.close())

test(
  'a crash, a hang and a warning keep their own verdicts, and no other test loses its own',
  async () => {
    const names = Object.keys(EXPECTED)
    const run = await lab.run({ tests: names, vms: 1, testTimeoutSeconds: 4 })
    const { record } = run
    console.log(record.tests.map(({ name, status }) => `${name}: ${status}`).join('\n'))
    expect(Object.fromEntries(record.tests.map(({ name, status }) => [name, status]))).toEqual(EXPECTED)
    expect(record.conclusion.kind).toBe('failed')
    expect(run.vmRun).toMatchObject({ stopped: null, abandonedSections: [] })
    expect(qemuProcesses(lab.directory)).toEqual([])
    const kinds = (wanted: string) =>
      record.tests
        .filter(({ name }) => name === wanted)
        .flatMap(({ attempts }) => attempts.flatMap(({ reports }) => reports.map(({ kind }) => kind)))
    expect(kinds('selftest/005')).toContain('panic')
    expect(kinds('selftest/009')).toContain('warning')

    const report = await writeReport(
      record,
      null,
      { directory: run.directory, baseline: null, artifactName: null },
      { files: createFiles() },
    )
    const read = await parse(readFileSync(report.junitPath))
    if (read === null || read === undefined || !('testsuite' in read)) throw new Error('no testsuites')
    const cases = read.testsuite?.flatMap(({ testcase }) => testcase ?? []) ?? []
    expect(cases.map(({ name }) => name).sort()).toEqual([...names].sort())
    const errors = cases.filter((one) => one.error !== undefined).map(({ name }) => name)
    expect(errors.sort()).toEqual(['selftest/005', 'selftest/006'])
  },
  LIMIT,
)
