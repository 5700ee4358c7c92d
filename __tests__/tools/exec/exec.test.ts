import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type KernelReport, kernelReportKindSchema } from '../../../src/domain/kernel-report.js'
import type { BatchRun, GuestRun, VmExit } from '../../../src/domain/vm-run.js'
import { createClock } from '../../../src/ports/real/clock.js'
import { converse } from '../../../src/tools/exec/converse.js'
import { describeOutcome, type ExecOutcome, exitStatusOf } from '../../../src/tools/exec/outcome.js'
import { EventQueue } from '../../../src/vm/channels/event-queue.js'
import type { Guest, GuestBatch, GuestEvent, ProgramEnd } from '../../../src/vm/index.js'

const guestRun = { id: 1 } as GuestRun
const batch = { directory: 'guests/1/batches/1', exitStatus: 0 } as BatchRun

/** A guest that says what the test has it say. */
class FakeGuest implements Guest {
  readonly id = 1
  readonly queue = new EventQueue<GuestEvent>()
  readonly heard: string[] = []
  onRun: () => void = () => undefined
  onFinish: () => void = () => this.leave({ kind: 'poweroff' })

  events(): AsyncIterable<GuestEvent> {
    return this.queue
  }
  run = async ({ programs }: GuestBatch) => {
    this.heard.push(`run ${programs?.[0]?.argv.join(' ')}`)
    this.onRun()
  }
  finish = async () => {
    this.heard.push('finish')
    this.onFinish()
  }
  withdraw = () => []
  diagnose = async (reason: string) => {
    this.heard.push(reason)
  }
  stop = async (exit: VmExit) => {
    this.leave(exit)
  }
  leave(exit: VmExit): void {
    this.queue.push({ kind: 'exit', exit, guest: guestRun, batch: null })
    this.queue.end()
  }
}

function play(guest: FakeGuest, end: ProgramEnd | null, signal = new AbortController().signal): Promise<ExecOutcome> {
  return converse({
    guest,
    program: { name: 'x', argv: ['x', 'y'], environment: {}, directory: '/', limitSeconds: null, exitWord: () => 'ended' },
    limits: { bootSeconds: 0.3, commandSeconds: 0.3, leaveSeconds: 0.3 },
    clock: createClock(),
    signal,
    readEnd: async () => end,
    onReady: () => undefined,
  })
}

/** A guest in which the command ends. */
function sound(): FakeGuest {
  const guest = new FakeGuest()
  guest.onRun = () => {
    guest.queue.push({ kind: 'batch-end', batch })
    guest.queue.push({ kind: 'ready', release: 'r' })
  }
  guest.queue.push({ kind: 'ready', release: 'r' })
  return guest
}

describe('a command in a guest', () => {
  test.each<[ProgramEnd, number]>([
    [{ kind: 'exit', code: 0 }, 0],
    [{ kind: 'exit', code: 7 }, 7],
    [{ kind: 'signal', signal: 11 }, 139],
    [{ kind: 'limit', seconds: 9 }, 124],
  ])('that ends so %j gives that status', async (end, status) => {
    const guest = sound()
    const outcome = await play(guest, end)
    expect([outcome.lost, exitStatusOf(outcome)]).toEqual([null, status])
    expect(guest.heard).toEqual(['run x y', 'finish'])
  })

  test('is lost with its guest, whenever that is: 69, and why', async () => {
    const panic: VmExit = { kind: 'panic', line: 'Kernel panic - not syncing: x' }
    const booting = new FakeGuest()
    booting.leave({ kind: 'gone', lastLine: 'no root' })
    const running = sound()
    running.onRun = () => running.leave(panic)
    const leaving = sound()
    leaving.onFinish = () => leaving.leave(panic)
    const refusing = new FakeGuest()
    refusing.queue.push({ kind: 'cannot', words: 'because there is no disk' })
    const words: string[] = []
    for (const guest of [booting, running, leaving, refusing]) {
      const outcome = await play(guest, guest === leaving ? { kind: 'exit', code: 0 } : null)
      expect(exitStatusOf(outcome)).toBe(69)
      words.push(describeOutcome(outcome).join())
    }
    expect(words[0]).toContain('no root')
    expect(words.slice(1, 3).map((text) => text.includes('panicked: Kernel panic'))).toEqual([true, true])
    expect(words[3]).toBe('the guest cannot run it: there is no disk')
  })

  test('a guest that hangs, in whatever phase, is looked into and ended', async () => {
    const silent = new FakeGuest()
    const hanging = sound()
    hanging.onRun = () => undefined
    const staying = sound()
    staying.onFinish = () => undefined
    for (const guest of [silent, hanging, staying]) expect(exitStatusOf(await play(guest, null))).toBe(69)
    expect(silent.heard).toEqual(['the guest did not boot within 0 s'])
    expect(hanging.heard.at(-1)).toBe('the command did not end within 0 s')
    expect(staying.heard.at(-1)).toBe('finish')
  })

  test('no word of its end is no success', async () => {
    expect(exitStatusOf(await play(sound(), null))).toBe(69)
  })

  test('a cancelled one says so', async () => {
    const cancel = new AbortController()
    const guest = sound()
    guest.onRun = () => cancel.abort()
    expect(exitStatusOf(await play(guest, null, cancel.signal))).toBe(130)
    expect(exitStatusOf(await play(new FakeGuest(), null, AbortSignal.abort()))).toBe(130)
  })
})

describe('its status', () => {
  const outcome = fc.record<ExecOutcome>({
    end: fc.oneof(
      fc.constant(null),
      fc.record({ kind: fc.constant('exit' as const), code: fc.nat(255) }),
      fc.record({ kind: fc.constant('signal' as const), signal: fc.integer({ min: 1, max: 64 }) }),
    ),
    lost: fc.option(fc.constant('why')),
    isCancelled: fc.constant(false),
    reports: fc.array(
      fc
        .record({ kind: fc.constantFrom(...kernelReportKindSchema.options), fatal: fc.boolean(), provoked: fc.boolean() })
        .map((report) => ({ title: 't', ...report }) as KernelReport),
      { maxLength: 3 },
    ),
    guest: fc.constant(guestRun),
    batch: fc.constant(batch),
  })
  const bug = { kind: 'kasan', title: 'KASAN: x', fatal: false, provoked: false } as KernelReport

  test('is 0 only where the command was content and the kernel was; more bad news never makes it 0', () => {
    fc.assert(
      fc.property(outcome, (each) => {
        const status = exitStatusOf(each)
        if (status === 0) expect([each.end, each.lost]).toEqual([{ kind: 'exit', code: 0 }, null])
        expect(exitStatusOf({ ...each, lost: 'why' })).toBe(69)
        expect(exitStatusOf({ ...each, reports: [...each.reports, bug] })).not.toBe(0)
        if (each.lost === null && each.end?.kind === 'exit' && each.end.code !== 0) expect(status).toBe(each.end.code)
      }),
    )
  })
})
