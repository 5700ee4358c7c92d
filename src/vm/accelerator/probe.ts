import type { AcceleratorDecision } from '../../domain/accelerator.js'
import type { Architecture } from '../../domain/bundle.js'
import type { Ports } from '../../ports/index.js'
import { QEMU_ENVIRONMENT, type QemuRights, userOf } from '../qemu/rights.js'
import { PROBE_EXIT_CODE, probeArgv } from './probe-argv.js'
import { PROBE_LETTERS, PROBE_STEPS, probeImage } from './probe-image.js'

/** How long the probe guest gets. On a processor it takes well under a second; the whole finding must stay under ten. */
export const PROBE_DEADLINE_SECONDS = 8

/** What a probe found. */
export type Probe = Omit<NonNullable<AcceleratorDecision['probe']>, 'remembered'>

export interface ProbeOptions {
  /** Path of the QEMU system emulator. */
  readonly qemu: string
  readonly architecture: Architecture
  /** The rights guests will run with: the answer holds for these. */
  readonly rights: QemuRights
  readonly deadlineSeconds?: number
}

/** Boots the probe guest under KVM and says how far it came. Never throws for what KVM or QEMU does. */
export async function probeKvm(ports: Pick<Ports, 'exec' | 'files' | 'clock' | 'runner'>, options: ProbeOptions): Promise<Probe> {
  const directory = await ports.files.makeTemporary(ports.runner.env.TMPDIR ?? '/tmp', 'vmtest-probe-')
  try {
    const imagePath = `${directory}/probe.img`
    await ports.files.write(imagePath, probeImage(options.architecture))
    await ports.files.chmod(imagePath, 0o644)
    return await bootProbe(ports, options, imagePath)
  } finally {
    await ports.files.remove(directory)
  }
}

async function bootProbe(ports: Pick<Ports, 'exec' | 'clock'>, options: ProbeOptions, imagePath: string): Promise<Probe> {
  const deadline = options.deadlineSeconds ?? PROBE_DEADLINE_SECONDS
  const giveUp = new AbortController()
  const started = ports.clock.monotonicSeconds()
  const as = userOf(options.rights)
  const result = await ports.exec.run(probeArgv(options.qemu, options.architecture, 'kvm'), {
    ...(as === null ? {} : { as }),
    env: QEMU_ENVIRONMENT,
    files: [{ path: imagePath, access: 'read' }],
    timeoutSeconds: deadline,
    signal: giveUp.signal,
    // QEMU pauses the guest and stays when KVM gives up: nothing more will come.
    onStderrLine: (line) => {
      if (line.startsWith('KVM internal error')) giveUp.abort()
    },
    maxBufferBytes: 1024 * 1024,
  })
  const seconds = ports.clock.monotonicSeconds() - started
  return judge(
    { letters: result.stdout, stderr: result.stderr, code: result.code, signal: result.signal, timedOut: result.timedOut },
    { architecture: options.architecture, seconds },
  )
}

/** What QEMU left behind when the probe ended. */
export interface ProbeEvidence {
  /** What the guest printed. */
  readonly letters: string
  readonly stderr: string
  readonly code: number | null
  readonly signal: string | null
  readonly timedOut: boolean
}

/** Reads a probe's evidence. `works` takes every letter and the exit status: one without the other proves nothing. */
export function judge(evidence: ProbeEvidence, run: { readonly architecture: Architecture; readonly seconds: number }): Probe {
  const { architecture, seconds } = run
  const outcome = (kind: Probe['outcome'], detail: string): Probe => ({ outcome: kind, seconds, detail })
  if (evidence.letters === PROBE_LETTERS[architecture] && evidence.code === PROBE_EXIT_CODE[architecture]) {
    return outcome('works', `a probe guest ran to its end in ${seconds.toFixed(2)} s`)
  }
  if (/permission denied/i.test(evidence.stderr)) return outcome('no-permission', firstLine(evidence.stderr))
  const internal = /KVM internal error\. Suberror: (\d+)/.exec(evidence.stderr)
  const progress = describeProgress(evidence.letters, architecture)
  if (internal !== null) {
    const meaning = internal[1] === '1' ? ' (KVM emulates instructions instead of running them, and met one it cannot emulate)' : ''
    return outcome('never-runs', `${progress}, then "${internal[0]}"${meaning}`)
  }
  if (evidence.timedOut) return outcome('never-runs', `${progress}, and nothing more in ${seconds.toFixed(1)} s`)
  const end = evidence.signal === null ? `exit status ${evidence.code}` : evidence.signal
  return outcome('error', `QEMU ended with ${end}: ${firstLine(evidence.stderr) || progress}`)
}

function describeProgress(letters: string, architecture: Architecture): string {
  const last = [...PROBE_LETTERS[architecture]].filter((letter) => letters.includes(letter)).at(-1)
  return last === undefined ? 'the probe guest executed nothing' : `the probe guest came to ${PROBE_STEPS[last] ?? last}`
}

/** The first line that is not a warning: that is what ended QEMU. */
function firstLine(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  return (lines.find((line) => !line.includes(': warning:')) ?? lines[0] ?? '').trim()
}
