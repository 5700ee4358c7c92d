import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createFiles } from '../../src/ports/real/index.js'
import { readRecordApart } from '../../src/reader/index.js'
import { buildRecord, type RecordInput } from '../../src/results/index.js'
import { aBatch, aGuest, aSelection, aVmRun, inputOf } from '../results/fixtures.js'

// The thread is dist/reader.js; a checkout whose dist was taken away (while it is built) has none.
const built = existsSync(join(import.meta.dirname, '../../dist/reader.js'))
if (!built) console.warn('skipped: dist/reader.js is not built')
const describeIf = built ? describe : describe.skip

describeIf('reading in a thread of its own', () => {
  let runDirectory = ''
  let input: RecordInput
  beforeEach(() => {
    runDirectory = mkdtempSync(join(tmpdir(), 'vmtest-apart-'))
    const batch = aBatch(1, ['generic/001'])
    mkdirSync(join(runDirectory, batch.directory), { recursive: true })
    const output = 'FSTYP         -- xfs\n\ngeneric/001        1s\nRan: generic/001\nPassed all 1 tests\n'
    writeFileSync(join(runDirectory, batch.directory, 'check.stdout'), output)
    const vmRun = aVmRun({ guests: [aGuest(1)], batches: [batch] })
    input = { ...inputOf(vmRun, aSelection(['generic/001'])), runDirectory }
  })
  afterEach(() => rmSync(runDirectory, { recursive: true }))

  it('gives the same record', async () => {
    const here = await buildRecord(createFiles(), input)
    expect(here.tests.map(({ status }) => status)).toEqual(['pass'])
    expect(await readRecordApart(input, { signal: new AbortController().signal, seconds: 60 })).toEqual(here)
  })

  it('gives a record without a verdict where its time is over', async () => {
    const record = await readRecordApart(input, { signal: new AbortController().signal, seconds: 0 })
    expect(record.tests.map(({ status }) => status)).not.toContain('pass')
    expect(record.problems).toContain(
      "The results were not read to their end: the run's time was over. `vmtest report DIRECTORY` reads them.",
    )
    expect(record.conclusion.kind).not.toBe('passed')
  })

  it('gives one within two seconds of processor time after an interruption, whatever it reads', async () => {
    // Far more than is read in a second.
    const line = `generic/001 ${' '.repeat(2000)}x\n`
    writeFileSync(join(runDirectory, input.vmRun.batches[0]?.directory ?? '', 'check.stdout'), line.repeat(8000))
    const signal = AbortSignal.timeout(50)
    const started = performance.now()
    const record = await readRecordApart(input, { signal, seconds: 60 })
    expect(performance.now() - started).toBeLessThan(8000)
    expect(record.tests.map(({ status }) => status)).not.toContain('pass')
  })
})
