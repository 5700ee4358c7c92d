import type { AcceleratorDecision } from '../../domain/accelerator.js'
import { type AcceleratorOptions, type AcceleratorPorts, decideAccelerator } from './decide.js'
import { PROBE_LETTERS, PROBE_STEPS } from './probe-image.js'

/** The decision and what it rests on, for a person. */
export function describeAccelerator(decision: AcceleratorDecision): string {
  const lines = [`accelerator: ${decision.accelerator} (asked for: ${decision.requested})`, `  ${decision.reason}`]
  const { probe } = decision
  if (probe !== undefined) {
    const when = probe.remembered ? 'remembered from an earlier run' : 'probed now'
    lines.push(`  KVM: ${probe.outcome}, ${when}, ${probe.seconds.toFixed(1)} s: ${probe.detail}`)
  }
  lines.push(`  time limits: × ${decision.timeoutFactor}`)
  return lines.join('\n')
}

export interface ProbeCommandOptions extends AcceleratorOptions {
  readonly format: 'text' | 'json'
}

/** What `vmtest probe` prints: always an answer, never an error for a KVM that does not work. */
export async function probeCommand(ports: AcceleratorPorts, options: ProbeCommandOptions): Promise<string> {
  const decision = await decideAccelerator('auto', ports, options)
  if (options.format === 'json') return JSON.stringify({ ...decision, architecture: options.architecture, qemu: options.qemu })
  const steps = [...PROBE_LETTERS[options.architecture]].map((letter) => PROBE_STEPS[letter]).join(', ')
  return `${describeAccelerator(decision)}\n  qemu: ${options.qemu} (${options.architecture})\n  the probe guest's steps: ${steps}`
}
