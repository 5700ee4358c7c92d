import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { recoverRecord } from '../../src/pipeline/recover.js'
import type { Ports } from '../../src/ports/index.js'
import { createClock } from '../../src/ports/real/clock.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'
import { aRecord } from '../report/builder.js'
import { aSelection } from '../results/fixtures.js'

let directory: string
const write = (path: string, text: string) => {
  mkdirSync(dirname(join(directory, path)), { recursive: true })
  writeFileSync(join(directory, path), text)
}
const ports = { files: createFiles(), clock: createClock(), exec: createExec() } as unknown as Ports
const recovered = async () => {
  const record = await recoverRecord(directory, '0', ports)
  if (record === null) throw new Error('nothing was recovered')
  return record
}

const CHECK = 'FSTYP         -- xfs (debug)\n\ngeneric/001        1s\ngeneric/002        2s\ngeneric/003        '
const CONSOLE = [
  '09:59:00.355| [    0.000000] Linux version 6.18.0 (a@b) (gcc) #1 SMP',
  '09:59:10.000| [   10.000000] run fstests generic/001 at 2026-11-23 09:48:09',
  '09:59:20.000| [   20.000000] run fstests generic/002 at 2026-11-23 09:48:19',
  '09:59:21.000| [   21.000000] ==================================================================',
  '09:59:21.000| [   21.000000] BUG: KASAN: slab-use-after-free in xfs_iget+0x12/0x340',
  '09:59:21.000| [   21.000000] Read of size 8 at addr ffff888012345678 by task fsstress/123',
  '09:59:21.000| [   21.000000] CPU: 0 PID: 123 Comm: fsstress Not tainted 6.18.0 #1',
  '09:59:21.000| [   21.000000] Call Trace:',
  '09:59:21.000| [   21.000000]  xfs_iget+0x12/0x340',
  '09:59:30.000| [   30.000000] run fstests generic/003 at 2026-11-23 09:48:29',
  '',
].join('\n')

describe('a run that was killed before it could report', () => {
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'vmtest-recover-'))
    const selection = aSelection(['generic/001', 'generic/002', 'generic/003'])
    const section = selection.sections[0]?.name
    write('plan.json', JSON.stringify(aRecord([]).plan))
    write('selection.json', JSON.stringify(selection))
    write('guests/1/guest.json', JSON.stringify({ id: 1, suite: 'fstests', section, startedAt: '2026-11-23T09:58:50.492Z' }))
    write('guests/1/batches/1/check.stdout', CHECK)
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  test('is read though the note of a guest has lost its time', async () => {
    write('guests/1/guest.json', JSON.stringify({ id: 1, suite: 'fstests', section: aSelection([]).sections[0]?.name, startedAt: 'gone' }))
    expect((await recovered()).tests.map(({ status }) => status)).toEqual(['pass', 'pass', 'notreached'])
  })

  test('keeps the verdicts of the tests that had ended', async () => {
    const { tests, conclusion } = await recovered()
    expect(tests.map(({ name, status }) => [name, status])).toEqual([
      ['generic/001', 'pass'],
      ['generic/002', 'pass'],
      ['generic/003', 'notreached'],
    ])
    expect(conclusion.kind).toBe('cancelled')
  })

  test('reads what the kernel reported on the console, under the test that ran', async () => {
    write('guests/1/console.log', CONSOLE)
    const { tests, guests } = await recovered()
    expect(tests.map(({ status, attempts }) => [status, attempts.flatMap(({ reports }) => reports.map(({ title }) => title))])).toEqual([
      ['pass', []],
      ['fail', ['KASAN: slab-use-after-free Read in xfs_iget']],
      ['notreached', []],
    ])
    expect(tests[1]?.attempts[0]?.logs.console).toBe('guests/1/console.log')
    expect(guests).toMatchObject([{ id: 1, exit: { kind: 'cancelled' }, consolePath: 'guests/1/console.log' }])
  })

  test('tells a report before the first test', async () => {
    write('guests/1/console.log', CONSOLE.replace(/^.*run fstests.*\n/gm, ''))
    const { tests, unattributedReports } = await recovered()
    expect(tests.map(({ status }) => status)).toEqual(['pass', 'pass', 'notreached'])
    expect(unattributedReports.map(({ title }) => title)).toEqual(['KASAN: slab-use-after-free Read in xfs_iget'])
  })

  test('ends with its last line on the console, however late it is read', async () => {
    write('guests/1/console.log', CONSOLE)
    const { startedAt, endedAt, guests } = await recovered()
    expect([startedAt, endedAt]).toEqual(['2026-11-23T09:58:50.492Z', '2026-11-23T09:59:30.000Z'])
    expect(guests).toMatchObject([{ endedAt: '2026-11-23T09:59:30.000Z' }])
  })

  test('goes on past midnight', async () => {
    // More than the megabyte that is read at once, on each side.
    const long = (line: string) => `${line}${'x'.repeat(4096)}\n`.repeat(300)
    const night = `${CONSOLE}${long('23:59:59.000| ')}${long('00:00:01.500| ')}`
    write('guests/1/console.log', night)
    expect((await recovered()).endedAt).toBe('2026-11-24T00:00:01.500Z')
  })

  test('ends with its newest file where no console was kept', async () => {
    const when = new Date('2026-11-23T10:05:00.000Z')
    write('guests/1/batches/1/results/generic/001.full', '')
    for (const path of ['results/generic/001.full', 'results/generic', 'results', 'check.stdout', '.'])
      utimesSync(join(directory, 'guests/1/batches/1', path), when, when)
    utimesSync(join(directory, 'guests/1/batches'), when, when)
    expect((await recovered()).endedAt).toBe(when.toISOString())
    // Copied a week later.
    const copied = new Date('2026-11-30T10:05:00.000Z')
    utimesSync(join(directory, 'guests/1/batches/1/check.stdout'), copied, copied)
    expect(await recovered()).toMatchObject({ endedAt: '2026-11-23T10:58:50.492Z', stopped: { kind: 'cancelled' } })
  })

  test('says that its time was over where it was, and not that it was cancelled', async () => {
    write('guests/1/console.log', CONSOLE)
    expect((await recovered()).stopped).toMatchObject({ kind: 'cancelled' })
    write('guests/1/console.log', CONSOLE.replaceAll('09:59:30.000|', '10:58:51.000|'))
    const { stopped, conclusion } = await recovered()
    expect(stopped).toEqual({ kind: 'deadline', reason: "The run's 60 minutes were over before it could report." })
    expect(conclusion).toMatchObject({ kind: 'failed', untested: expect.stringContaining('60 minutes were over') })
    const known = { kind: 'deadline', reason: 'the guests’ time of 90 s was over' } as const
    expect((await recoverRecord(directory, '0', ports, known))?.stopped).toEqual(known)
  })
})
