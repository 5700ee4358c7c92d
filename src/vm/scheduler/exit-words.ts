import { assertNever, lastLine } from '../../domain/errors.js'
import type { TestStatus } from '../../domain/test.js'
import type { VmExit } from '../../domain/vm-run.js'

/** How a guest ended, as a sentence's end. */
export function describeExit(exit: VmExit): string {
  switch (exit.kind) {
    case 'poweroff':
      return 'powered off'
    case 'panic':
      return `panicked: ${exit.line.trim()}`
    case 'timeout': {
      const said = exit.lastLine === '' ? '' : `; the console last said: ${exit.lastLine.trim()}`
      return `ended by the watchdog (${exit.what}, ${exit.afterSeconds} s)${said}`
    }
    case 'qemu-died': {
      if (exit.hostTrouble !== undefined) return `QEMU died: ${exit.hostTrouble}`
      const end = exit.signal ?? `exit status ${exit.code}`
      const said = lastLine(exit.stderr)
      return `QEMU died (${end})${said === '' ? '' : `: ${said}`}`
    }
    case 'gone':
      return `the guest was gone although there was work${exit.lastLine === '' ? '' : `; the console last said: ${exit.lastLine.trim()}`}`
    case 'cancelled':
      return 'cancelled'
    default:
      return assertNever(exit, 'guest exit')
  }
}

/** What progress says of the test a guest died under. The verdict is made from the evidence, later. */
export function statusOfLost(exit: VmExit): TestStatus {
  switch (exit.kind) {
    case 'timeout':
      return exit.what === 'test' ? 'timeout' : 'notreached'
    case 'cancelled':
      return 'notreached'
    case 'qemu-died':
      return exit.hostTrouble === undefined ? 'crashed' : 'notreached'
    case 'panic':
    case 'gone':
    case 'poweroff':
      return 'crashed'
    default:
      return assertNever(exit, 'guest exit')
  }
}
