import { expect, test } from '@jest/globals'
import { describeExit, lastWords, statusOfExit } from '../../src/domain/exit.js'
import type { VmExit } from '../../src/domain/vm-run.js'

const died = { kind: 'qemu-died', code: null, signal: 'SIGKILL', stderr: 'qemu: one\nqemu: two\n' } as const

test.each<[string, VmExit, string, string]>([
  ['panic', { kind: 'panic', line: 'Kernel panic - not syncing: x' }, 'crashed', 'the kernel panicked: Kernel panic - not syncing: x'],
  ['gone', { kind: 'gone', lastLine: 'last' }, 'crashed', 'the guest went away with work left: last'],
  ['a power-off under a test', { kind: 'poweroff' }, 'crashed', 'the guest powered off'],
  ['a killed QEMU', died, 'crashed', 'QEMU died (SIGKILL): qemu: two'],
  ['a trouble of the host', { ...died, hostTrouble: 'the disk is full' }, 'notreached', 'the disk is full'],
  [
    'a limit of the test',
    { kind: 'timeout', what: 'test', afterSeconds: 9, lastLine: '' },
    'timeout',
    'it did not end within 9 s (limit of the test)',
  ],
  [
    'a limit of the run',
    { kind: 'timeout', what: 'run', afterSeconds: 9, lastLine: 'x' },
    'notreached',
    'it did not end within 9 s (limit of the run); the console ends with: x',
  ],
  ['a cancellation', { kind: 'cancelled' }, 'notreached', 'the run was cancelled'],
])('%s', (_, exit, status, words) => {
  expect([statusOfExit(exit), `${describeExit(exit)}${lastWords(exit)}`]).toEqual([status, words])
})
