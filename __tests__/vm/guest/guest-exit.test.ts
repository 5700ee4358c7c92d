import { describe, expect, test } from '@jest/globals'
import { type EndOfGuest, guestExit } from '../../../src/vm/guest-exit.js'

const quiet: EndOfGuest = {
  stopped: null,
  panicLine: null,
  process: { code: 0, signal: null },
  stderr: '',
  hostProblem: null,
  tookLeave: false,
  lastLine: 'last',
  gaveUp: null,
}
const panicLine = 'Kernel panic - not syncing: Attempted to kill init!'

describe('how a guest ended', () => {
  test.each<[string, Partial<EndOfGuest>, ReturnType<typeof guestExit>]>([
    ['work done and leave taken', { tookLeave: true }, { kind: 'poweroff' }],
    ['powered off with work left', {}, { kind: 'gone', lastLine: 'last' }],
    ['powered off by its agent, which said why', { gaveUp: 'no disk' }, { kind: 'gone', lastLine: 'no disk' }],
    ['panic: QEMU exits 0', { panicLine }, { kind: 'panic', line: panicLine }],
    ['panic while powering off is a panic', { panicLine, tookLeave: true }, { kind: 'panic', line: panicLine }],
    ['killed', { process: { code: null, signal: 'SIGKILL' } }, { kind: 'qemu-died', code: null, signal: 'SIGKILL', stderr: '' }],
    [
      'refused its options',
      { process: { code: 1, signal: null }, stderr: 'bad' },
      { kind: 'qemu-died', code: 1, signal: null, stderr: 'bad' },
    ],
    [
      '/dev/kvm gone since the probe: the host, not the kernel',
      {
        process: { code: 1, signal: null },
        stderr: 'qemu: Could not access KVM kernel module: No such file or directory\nqemu: failed to initialize kvm: x\n',
      },
      {
        kind: 'qemu-died',
        code: 1,
        signal: null,
        stderr: 'qemu: Could not access KVM kernel module: No such file or directory\nqemu: failed to initialize kvm: x\n',
        hostTrouble:
          'KVM worked when it was probed, and cannot be used any more: qemu: Could not access KVM kernel module: No such file or directory',
      },
    ],
    [
      'killed after leave was taken',
      { tookLeave: true, process: { code: null, signal: 'SIGKILL' } },
      { kind: 'qemu-died', code: null, signal: 'SIGKILL', stderr: '' },
    ],
    [
      'host disk full',
      { hostProblem: 'no space', process: { code: null, signal: 'SIGKILL' } },
      { kind: 'qemu-died', code: null, signal: 'SIGKILL', stderr: '', hostTrouble: 'no space' },
    ],
    [
      'ended by a limit: what the console last said is added',
      { stopped: { kind: 'timeout', what: 'boot', afterSeconds: 30, lastLine: '' } },
      { kind: 'timeout', what: 'boot', afterSeconds: 30, lastLine: 'last' },
    ],
    ['ended by us', { stopped: { kind: 'cancelled' }, process: { code: null, signal: 'SIGKILL' } }, { kind: 'cancelled' }],
  ])('%s', (_, end, exit) => {
    expect(guestExit({ ...quiet, ...end })).toEqual(exit)
  })
})
