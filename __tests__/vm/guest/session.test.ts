import { describe, expect, test } from '@jest/globals'
import type { KernelReport } from '../../../src/domain/kernel-report.js'
import type { ProgressParser } from '../../../src/suites/suite.js'
import type { GuestBatch, GuestEvent } from '../../../src/vm/guest.js'
import { GuestSession, type SessionOptions } from '../../../src/vm/session.js'
import { FakeQemu, fakeClock } from '../fakes/fake-qemu.js'
import { MemoryFiles } from '../fakes/memory-files.js'

/** Takes lines `end NAME STATUS SECONDS` for the suite's words. */
function lineParser(): ProgressParser {
  return {
    feed: (chunk) =>
      [...chunk.matchAll(/^end (\S+) (\S+) (\d+)$/gm)].map((match) => ({
        kind: 'end' as const,
        name: match[1] ?? '',
        status: match[2] ?? '',
        seconds: Number(match[3]),
      })),
    end: () => [],
  }
}

function start(options: Partial<SessionOptions> = {}) {
  const qemu = new FakeQemu()
  const files = new MemoryFiles()
  let cleaned = 0
  const session = new GuestSession({
    id: 7,
    suite: 'smoke',
    section: 'xfs',
    argv: ['/qemu'],
    runDirectory: '/run',
    startedSeconds: 0,
    startedAt: new Date(0),
    child: qemu,
    files,
    clock: fakeClock(),
    observer: { line: (text) => (text.includes('WARNING') ? [warning(text)] : []), end: () => [] },
    progressParser: lineParser,
    timeoutFactor: 1,
    cleanUp: async () => {
      cleaned += 1
    },
    ...options,
  })
  const seen: GuestEvent[] = []
  const iterator = session.events()[Symbol.asyncIterator]()
  /** The events up to and with the first of a kind. */
  const until = async <K extends GuestEvent['kind']>(kind: K): Promise<Extract<GuestEvent, { kind: K }>> => {
    for (;;) {
      const { value, done } = await iterator.next()
      if (done === true) throw new Error(`the guest ended before ${kind}: ${JSON.stringify(seen.map((event) => event.kind))}`)
      seen.push(value)
      if (value.kind === kind) return value as Extract<GuestEvent, { kind: K }>
    }
  }
  return { qemu, files, session, seen, until, cleaned: () => cleaned }
}

function warning(text: string): KernelReport {
  return { kind: 'warning', title: text, fatal: false, firstLine: 1, lastLine: 1, test: null, lines: [text], frames: [], provoked: false }
}

const batch: GuestBatch = {
  id: 1,
  tests: ['g/1', 'g/2'],
  environment: { FSTYP: 'xfs', TEST_DEV: '@test@' },
  arguments: ['-R', 'xunit', 'g/1', 'g/2'],
}

async function readyGuest(options: Partial<SessionOptions> = {}) {
  const guest = start(options)
  guest.qemu.console.say('[    0.000000] Linux version 6.1\nvmtest: init\n')
  guest.qemu.control.say('ready 6.1.0\n')
  expect((await guest.until('ready')).release).toBe('6.1.0')
  return guest
}

/** The guest's side up to the middle of the second test. */
async function runToSecondTest(guest: Awaited<ReturnType<typeof readyGuest>>) {
  await guest.session.run(batch)
  await guest.qemu.control.heard('go\n')
  guest.qemu.results.say('M start g/1\n')
  await guest.until('test-start')
  guest.qemu.output.say('end g/1 pass 3\n')
  guest.qemu.results.say(`F g/1.full\n${Buffer.from('all of it').toString('base64')}\n.\nM start g/2\n`)
  await guest.until('test-start')
}

describe('a guest', () => {
  test('runs a batch: work goes in as lines, files and output come out, each start is confirmed', async () => {
    const guest = await readyGuest()
    await runToSecondTest(guest)
    guest.qemu.output.say('end g/2 fail 5\n\0vmtest-end 1\0')
    guest.qemu.results.say('M end 1\n')
    const end = await guest.until('batch-end')
    await guest.qemu.control.heard('ack\nack\nack\n')
    expect(guest.qemu.control.written.join('')).toBe(
      'run 1\ne FSTYP=xfs\ne TEST_DEV=@test@\na -R\na xunit\na g/1\na g/2\ngo\nack\nack\nack\n',
    )
    expect(end.batch).toMatchObject({ guest: 7, section: 'xfs', directory: 'guests/7/batches/1', exitStatus: 1, died: null, notes: [] })
    expect(end.batch.timeline.map(({ name, seconds }) => [name, seconds])).toEqual([
      ['g/1', 3],
      ['g/2', 5],
    ])
    expect(guest.seen.map((event) => ('name' in event ? `${event.kind} ${event.name}` : event.kind))).toEqual([
      'kernel',
      'init',
      'ready',
      'test-start g/1',
      'test-end g/1',
      'test-start g/2',
      'test-end g/2',
      'batch-end',
    ])
    expect(guest.files.text('/run/guests/7/batches/1/results/g/1.full')).toBe('all of it')
    expect(guest.files.text('/run/guests/7/batches/1/check.stdout')).toBe('end g/1 pass 3\nend g/2 fail 5\n')

    guest.qemu.control.say('ready 6.1.0\n')
    await guest.until('ready')
    await guest.session.finish()
    guest.qemu.control.say('bye\n')
    await guest.qemu.control.heard('finish\n')
    guest.qemu.die({ code: 0, signal: null })
    const exit = await guest.until('exit')
    expect(exit).toMatchObject({
      exit: { kind: 'poweroff' },
      batch: null,
      guest: { release: '6.1.0', consolePath: 'guests/7/console.log' },
    })
    expect(Object.values(exit.guest.boot).every((seconds) => seconds !== null)).toBe(true)
    expect(guest.cleaned()).toBe(1)
  })

  test('that cannot run its section says why and is not ready', async () => {
    const guest = start()
    guest.qemu.control.say('cannot program mkfs.f2fs\n')
    expect((await guest.until('cannot')).words).toBe('program mkfs.f2fs')
    await expect(guest.session.run(batch)).rejects.toThrow('not ready')
  })

  test('that panics keeps what had arrived, and its running test is named', async () => {
    const guest = await readyGuest()
    await runToSecondTest(guest)
    guest.qemu.results.say(`F g/2.full\n${Buffer.from('half').toString('base64')}\n`)
    guest.qemu.console.say('[   9.0] WARNING: something\n[   9.1] Kernel panic - not syncing: oh\n')
    guest.qemu.die({ code: 0, signal: null })
    const { exit, batch: ended, guest: run } = await guest.until('exit')
    expect(exit).toEqual({ kind: 'panic', line: '[   9.1] Kernel panic - not syncing: oh' })
    expect(ended).toMatchObject({ exitStatus: null, died: { exit, test: 'g/2' } })
    expect(ended?.timeline.map((entry) => entry.endedAt !== null)).toEqual([true, false])
    expect(guest.files.text('/run/guests/7/batches/1/results/g/1.full')).toBe('all of it')
    expect(guest.files.text('/run/guests/7/batches/1/results/g/2.full')).toBe('half')
    expect(run.reports.map((report) => report.title)).toEqual(['[   9.0] WARNING: something'])
    expect(ended?.notes).toHaveLength(1)
  })

  test.each([
    ['boot', 1],
    ['set-up', 4],
    ['end', 6],
  ])('whose report began in phase %s has that phase, though its end is seen only later', async (phase, firstLine) => {
    // The report is told when the line `END` comes; it began at `firstLine`.
    const guest = start({ observer: { line: (text) => (text === 'END' ? [{ ...warning(text), firstLine }] : []), end: () => [] } })
    guest.qemu.console.say('[ 0.1] first\nvmtest: init\n[ 0.3] third\n')
    await guest.until('init')
    guest.qemu.control.say('ready 6.1.0\n')
    await guest.until('ready')
    await runToSecondTest(guest)
    guest.qemu.console.say('[ 4.0] fourth\n[ 5.0] fifth\n')
    guest.qemu.output.say('end g/2 fail 5\n\0vmtest-end 1\0')
    guest.qemu.results.say('M end 1\n')
    await guest.until('batch-end')
    guest.qemu.console.say('[ 6.0] sixth\nEND\n')
    expect((await guest.until('report')).report).toMatchObject({ phase, firstLine })
  })

  test('hands on what a program prints as it came, though it is no text, and without the end', async () => {
    const handed: Uint8Array[] = []
    const guest = await readyGuest({ progressParser: () => ({ ...lineParser(), handOn: (bytes) => handed.push(bytes) }) })
    await guest.session.run(batch)
    await guest.qemu.control.heard('go\n')
    const printed = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    guest.qemu.output.say(Buffer.concat([printed, Buffer.from('\0vmtest-end 1\0')]))
    guest.qemu.results.say('M end 0\n')
    await guest.until('batch-end')
    expect(Buffer.concat(handed)).toEqual(printed)
  })

  test('that we stop ends with our cause', async () => {
    const guest = await readyGuest()
    await runToSecondTest(guest)
    await guest.session.stop({ kind: 'timeout', what: 'test', afterSeconds: 9, lastLine: '' })
    expect((await guest.until('exit')).exit.kind).toBe('timeout')
    expect(guest.qemu.signals).toEqual(['SIGKILL'])
  })

  test('whose QEMU refuses to start says why', async () => {
    const guest = start()
    guest.qemu.stderrChannel.say('qemu: -cpu nonsense: unknown\n')
    guest.qemu.die({ code: 1, signal: null })
    expect((await guest.until('exit')).exit).toEqual({ kind: 'qemu-died', code: 1, signal: null, stderr: 'qemu: -cpu nonsense: unknown\n' })
  })

  test('on a full host disk is ended, and not blamed', async () => {
    const guest = await readyGuest()
    guest.qemu.qmp.say('{"event":"BLOCK_IO_ERROR","data":{"device":"disk-test","nospace":true}}\r\n')
    expect((await guest.until('exit')).exit).toMatchObject({
      kind: 'qemu-died',
      hostTrouble: 'no space left on the host for disk-test of guest 7',
    })
  })

  test('takes no second batch while one runs, and no value with a line break', async () => {
    const guest = await readyGuest()
    await expect(guest.session.run({ ...batch, environment: { A: 'x\ngo' } })).rejects.toThrow('A is "x\\ngo"')
    await guest.session.run(batch)
    await expect(guest.session.run(batch)).rejects.toThrow('not ready')
  })

  test('is not believed a start of what is no test of its batch, nor a start without end of one that is', async () => {
    const guest = await readyGuest()
    await runToSecondTest(guest)
    guest.qemu.results.say(`M start ::error::x\n${'M start g/1\n'.repeat(250)}`)
    guest.qemu.output.say(Array.from({ length: 100 }, (_, index) => `end g/${index + 3} pass 1\n`).join(''))
    guest.qemu.results.say('M end 0\n')
    const end = await guest.until('batch-end')
    expect(end.batch.timeline).toHaveLength(200)
    expect(new Set(end.batch.timeline.map(({ name }) => name))).toEqual(new Set(['g/1', 'g/2']))
    expect(end.batch.notes.slice(0, 2)).toEqual(['test start not believed: ::error::x', 'test start not believed: g/1'])
    expect(end.batch.notes.at(-2)).toBe('test start not believed: 43 more')
    // Its running test is the one that is named when the guest then dies.
    expect(guest.seen.filter((event) => event.kind === 'test-start')).toHaveLength(200)
  })

  test('that talks nonsense on every channel ends in notes, not in an error', async () => {
    const guest = await readyGuest()
    await guest.session.run(batch)
    guest.qemu.control.say('ready again\nnonsense\n')
    guest.qemu.qmp.say('not json\n{"id":99,"return":{}}\n')
    guest.qemu.results.say('F ../../x\neA==\n.\n\0\0\u001b\nM what\n')
    guest.qemu.die({ code: 0, signal: null })
    const { exit, batch: ended } = await guest.until('exit')
    expect(exit.kind).toBe('gone')
    expect(ended?.notes).toEqual([
      'result file refused: ../../x: not a plain relative path',
      'results channel damaged: \\u0000\\u0000\\u001b',
    ])
  })
})
