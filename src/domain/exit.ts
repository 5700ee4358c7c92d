import { assertNever, lastLine } from './errors.js'
import type { TestStatus } from './test.js'
import type { VmExit } from './vm-run.js'

/**
 * What a guest's end makes of the test it ran: for progress and for the record. The run's own deadline, the boot's, a cancellation and a
 * trouble of the host are not the test's doing.
 */
export function statusOfExit(exit: VmExit): TestStatus {
  switch (exit.kind) {
    case 'panic':
    case 'gone':
    // Powered off with a test still running: the guest did not wait for its end.
    case 'poweroff':
      return 'crashed'
    case 'qemu-died':
      return exit.hostTrouble === undefined ? 'crashed' : 'notreached'
    case 'timeout':
      return exit.what === 'test' ? 'timeout' : 'notreached'
    case 'cancelled':
      return 'notreached'
    default:
      return assertNever(exit, 'guest exit')
  }
}

/** How a guest ended, as a sentence without a full stop. What its console or QEMU said last is `lastWords`. */
export function describeExit(exit: VmExit): string {
  switch (exit.kind) {
    case 'poweroff':
      return 'the guest powered off'
    case 'panic':
      return `the kernel panicked: ${exit.line.trim()}`
    case 'timeout':
      return `it did not end within ${Math.round(exit.afterSeconds)} s (limit of the ${exit.what})`
    case 'qemu-died':
      if (exit.hostTrouble !== undefined) return exit.hostTrouble
      return `QEMU died (${exit.signal ?? `exit status ${exit.code}`})`
    case 'gone':
      return `the guest went away with work left${after(exit.lastLine.trim(), ': ')}`
    case 'cancelled':
      return 'the run was cancelled'
    default:
      return assertNever(exit, 'guest exit')
  }
}

/** What was seen last of a guest that ended, to follow `describeExit`; '' where its end says all. */
export function lastWords(exit: VmExit): string {
  if (exit.kind === 'qemu-died' && exit.hostTrouble === undefined) return after(lastLine(exit.stderr), ': ')
  if (exit.kind === 'timeout') return after(exit.lastLine.trim(), '; the console ends with: ')
  return ''
}

function after(words: string, joint: string): string {
  return words === '' ? '' : `${joint}${words}`
}
