import { describeError } from '../domain/errors.js'
import type { Clock } from '../ports/index.js'
import type { QmpClient } from './channels/qmp.js'

export interface Diagnosis {
  readonly reason: string
  readonly qmp: Pick<QmpClient, 'command'>
  readonly clock: Clock
  readonly timeoutFactor: number
  /** Types on the serial line. */
  readonly sendKey: (key: string) => Promise<void>
  /** Bytes the console has printed so far. */
  readonly consoleBytes: () => number
  /** Appends to the guest's qmp.txt. */
  readonly save: (text: string) => Promise<void>
}

/** Blocked tasks, all CPUs, all tasks (Documentation/admin-guide/sysrq.rst). */
const SYSRQ_KEYS = ['w', 'l', 't'] as const
const QUIET_SECONDS = 1
const KEY_SECONDS = 8
const QMP_SECONDS = 5

/**
 * What a stuck guest can still say. First QEMU's view of the CPUs, as they are stuck; then sysrq by a serial BREAK and a key
 * (MAGIC_SYSRQ_SERIAL), which needs no process of the guest; where nothing answers, an NMI. A kernel with interrupts off
 * answers only that, or nothing. Bounded in time; never throws for a guest that is gone.
 */
export async function diagnoseGuest(diagnosis: Diagnosis): Promise<void> {
  const { qmp, clock, save } = diagnosis
  await save(`${clock.now().toISOString()} ${diagnosis.reason}\n`).catch(() => undefined)
  for (const [title, view] of views(qmp)) {
    const text = await view().then(String, (error) => `not to be had: ${describeError(error)}`)
    await save(`\n== ${title}\n${text.replaceAll('\r\n', '\n')}\n`).catch(() => undefined)
  }
  let answered = false
  for (const key of SYSRQ_KEYS) {
    const before = diagnosis.consoleBytes()
    const sent = await sysrq(diagnosis, key)
    if (!sent) break
    await untilQuiet(diagnosis)
    answered ||= diagnosis.consoleBytes() > before
    if (!answered) break
  }
  if (!answered) {
    await qmp.command('inject-nmi', {}, QMP_SECONDS).catch(() => undefined)
    await untilQuiet(diagnosis)
  }
}

function views(qmp: Diagnosis['qmp']): readonly (readonly [string, () => Promise<unknown>])[] {
  const monitor = (line: string) => () => qmp.command('human-monitor-command', { 'command-line': line }, QMP_SECONDS)
  const query = (name: string) => async () => JSON.stringify(await qmp.command(name, {}, QMP_SECONDS), null, 1)
  return [
    ['query-status', query('query-status')],
    ['query-cpus-fast', query('query-cpus-fast')],
    ['info registers -a', monitor('info registers -a')],
  ]
}

async function sysrq(diagnosis: Diagnosis, key: string): Promise<boolean> {
  try {
    await diagnosis.qmp.command('chardev-send-break', { id: 'console' }, QMP_SECONDS)
    await diagnosis.sendKey(key)
    return true
  } catch {
    return false
  }
}

/** Waits until the console has been silent for a moment, or has talked for long enough. */
async function untilQuiet({ clock, consoleBytes, timeoutFactor }: Diagnosis): Promise<void> {
  const end = clock.monotonicSeconds() + KEY_SECONDS * timeoutFactor
  for (;;) {
    const before = consoleBytes()
    await clock.sleep(QUIET_SECONDS)
    if (consoleBytes() === before || clock.monotonicSeconds() >= end) return
  }
}
