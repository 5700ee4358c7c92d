import type { VmExit } from '../domain/vm-run.js'
import type { ProcessExit } from '../ports/index.js'

/** What is known when QEMU has ended. */
export interface EndOfGuest {
  /** Why we ended it, if we did. */
  readonly stopped: VmExit | null
  readonly panicLine: string | null
  readonly process: ProcessExit
  readonly stderr: string
  /** A trouble of the host that QEMU reported: a full disk. */
  readonly hostProblem: string | null
  /** We said there is no more work and the agent took leave. */
  readonly tookLeave: boolean
  readonly lastLine: string
  /** The guest's own word for why it ended, if it gave one. */
  readonly gaveUp: string | null
}

/** `Kernel panic - not syncing: …` on the console, whatever stands before it. */
export const PANIC_LINE = /Kernel panic - not syncing/

/**
 * How the guest ended. QEMU's exit code says nothing about the guest (0 for a power-off, a reset and a panic alike), so what
 * was seen on console and control channel decides; only a QEMU that died itself is told by its exit.
 */
export function guestExit(end: EndOfGuest): VmExit {
  if (end.stopped !== null) return withLastLine(end.stopped, end.lastLine)
  if (end.panicLine !== null) return { kind: 'panic', line: end.panicLine }
  const hostTrouble = end.hostProblem ?? lostKvm(end)
  if (hostTrouble !== null) {
    const { code, signal } = end.process
    return { kind: 'qemu-died', code, signal, stderr: end.stderr, hostTrouble }
  }
  if (end.process.signal !== null || end.process.code !== 0) {
    return { kind: 'qemu-died', code: end.process.code, signal: end.process.signal, stderr: end.stderr }
  }
  return end.tookLeave ? { kind: 'poweroff' } : { kind: 'gone', lastLine: end.gaveUp ?? end.lastLine }
}

/** What QEMU says, before anything runs in it, when /dev/kvm is gone or closed since the probe (accel/kvm/kvm-all.c). */
const NO_KVM = /^.*(?:Could not access KVM kernel module|failed to initialize kvm).*$/im

function lostKvm({ process, stderr }: EndOfGuest): string | null {
  const said = process.code === 1 ? NO_KVM.exec(stderr)?.[0] : undefined
  return said === undefined ? null : `KVM worked when it was probed, and cannot be used any more: ${said.trim()}`
}

/** Who ends a guest by a limit does not know what its console last said. */
function withLastLine(exit: VmExit, lastLine: string): VmExit {
  return exit.kind === 'timeout' && exit.lastLine === '' ? { ...exit, lastLine } : exit
}
