import type { AcceleratorDecision, AcceleratorRequest } from '../../domain/accelerator.js'
import type { Architecture } from '../../domain/bundle.js'
import { assertNever, UserError } from '../../domain/errors.js'
import type { Ports, UnprivilegedUser } from '../../ports/index.js'
import { KVM_DEVICE, opens, QEMU_ENVIRONMENT, qemuRights, userOf } from '../qemu/rights.js'
import { PACE } from './emulation.js'
import { type ProbeIdentity, recall, remember } from './memory.js'
import { openDevice, type PermissionOptions, type PermissionOutcome, userId } from './permission.js'
import { type Probe, probeKvm } from './probe.js'

export type AcceleratorPorts = Pick<Ports, 'exec' | 'files' | 'clock' | 'runner'>

export interface AcceleratorOptions extends PermissionOptions {
  /** Path of the QEMU system emulator. */
  readonly qemu: string
  /** The guest's architecture. */
  readonly architecture: Architecture
  /** `no` boots the probe guest even where an answer is remembered. */
  readonly memory: 'use' | 'fresh'
}

type Finding = NonNullable<AcceleratorDecision['probe']>

/**
 * Decides how guests run. `tcg` probes nothing; `auto` proves KVM by booting a guest and falls back to emulation.
 * @throws UserError (`could-not-test`) when `kvm` was asked for and does not run guests
 */
export async function decideAccelerator(
  request: AcceleratorRequest,
  ports: AcceleratorPorts,
  options: AcceleratorOptions,
): Promise<AcceleratorDecision> {
  if (request === 'tcg') return emulation(request, 'emulation was asked for')
  const finding = await findKvm(request, ports, options)
  if (finding.outcome === 'works') {
    return {
      requested: request,
      accelerator: 'kvm',
      reason: `KVM works: ${finding.detail}.`,
      timeoutFactor: PACE.kvm.timeoutFactor,
      probe: finding,
    }
  }
  const problem = describeProblem(finding)
  if (request === 'kvm') {
    throw new UserError(
      `accelerator is \`kvm\`, but ${problem}.`,
      `${cure(finding)} Or set \`accelerator: auto\` to accept emulation (slow).`,
      {
        kind: 'could-not-test',
      },
    )
  }
  return { ...emulation(request, problem), probe: finding }
}

function emulation(requested: AcceleratorRequest, why: string): AcceleratorDecision {
  const { timeoutFactor, reason } = PACE.tcg
  return {
    requested,
    accelerator: 'tcg',
    reason: `Emulation (TCG): ${why}. Every time limit is multiplied by ${timeoutFactor}: ${reason}.`,
    timeoutFactor,
  }
}

async function findKvm(request: AcceleratorRequest, ports: AcceleratorPorts, options: AcceleratorOptions): Promise<Finding> {
  const unprobed = (outcome: Finding['outcome'], detail: string): Finding => ({ outcome, seconds: 0, detail, remembered: false })
  const host = (await ports.exec.run(['uname', '-m'])).stdout.trim()
  if (host !== options.architecture) return unprobed('absent', `KVM of this ${host} machine cannot run ${options.architecture} guests`)
  const device = await ports.files.stat(KVM_DEVICE)
  if (device === null) return unprobed('absent', `${KVM_DEVICE} does not exist`)
  const wanted = userOf(await qemuRights(ports, { qemu: options.qemu, device: null }))
  const identity = await identify(ports, options, { device: `${device.kind} ${device.modifiedMs}`, as: wanted })
  const remembered = options.memory === 'use' ? await recall(ports, identity) : null
  // Who insists on KVM is not turned away by an old answer; who does not is spared a change to the machine.
  if (remembered?.outcome === 'never-runs' && request === 'auto') return { ...remembered, remembered: true }
  const permission = await openDevice(ports, options, wanted)
  // What opens to root alone is used with root's rights, and the log says so: `qemuRights` finds the same.
  if (permission.kind === 'closed' && !(wanted !== null && (await opens(ports, KVM_DEVICE, null)))) {
    return unprobed('no-permission', await closedDetail(ports, permission))
  }
  if (remembered?.outcome === 'works') return { ...remembered, remembered: true }
  const probe = await probeKvm(ports, { ...options, rights: await qemuRights(ports, { qemu: options.qemu, device: KVM_DEVICE }) })
  await remember(ports, identity, probe)
  return { ...withPermission(probe, permission), remembered: false }
}

async function identify(
  ports: AcceleratorPorts,
  options: AcceleratorOptions,
  what: { device: string; as: UnprivilegedUser | null },
): Promise<ProbeIdentity> {
  const { device, as } = what
  const asked = await ports.exec.run([options.qemu, '--version'], {
    env: QEMU_ENVIRONMENT,
    timeoutSeconds: 10,
    ...(as === null ? {} : { as }),
  })
  const version = asked.stdout.split('\n')[0] ?? ''
  const us = await userId(ports.exec)
  let bootId = 'unknown'
  try {
    bootId = (await ports.files.readText('/proc/sys/kernel/random/boot_id')).trim()
  } catch {
    // A sandbox without it: the other parts tell machines apart.
  }
  return { bootId, qemu: `${options.qemu} ${version}`, uid: as === null ? us : `${us} as ${as.uid}`, device }
}

async function closedDetail(ports: AcceleratorPorts, permission: PermissionOutcome & { kind: 'closed' }): Promise<string> {
  return `${KVM_DEVICE} is not readable and writable by uid ${await userId(ports.exec)}: ${permission.reason}`
}

function withPermission(probe: Probe, permission: PermissionOutcome): Probe {
  if (permission.kind !== 'opened') return probe
  const how = permission.by === 'udev' ? 'a udev rule' : 'chmod'
  return { ...probe, detail: `${probe.detail} (${KVM_DEVICE} was opened by ${how}; undone at the end)` }
}

/** What is wrong with KVM, as the middle of a sentence. */
function describeProblem(finding: Finding): string {
  const remembered = finding.remembered ? ' (remembered; `vmtest probe --fresh` asks again)' : ''
  switch (finding.outcome) {
    case 'absent':
    case 'no-permission':
      return finding.detail
    case 'never-runs':
      return `${KVM_DEVICE} opens but does not run a guest: ${finding.detail}${remembered}`
    case 'error':
      return `a probe guest could not be started: ${finding.detail}`
    case 'works':
      return 'nothing is wrong'
    default:
      return assertNever(finding.outcome, 'probe outcome')
  }
}

/** What the reader does about it. */
function cure(finding: Finding): string {
  switch (finding.outcome) {
    case 'absent':
      return 'Load kvm_intel or kvm_amd (`modprobe`), switch virtualisation on in the firmware, or use a machine (in the cloud: one with nested virtualisation) that has it.'
    case 'no-permission':
      return 'Add the user to the group kvm (`sudo usermod -aG kvm $USER`, then log in again), or give the container the device (`--device /dev/kvm`).'
    case 'never-runs':
      return 'Use a machine whose hypervisor gives real nested virtualisation.'
    case 'error':
      return 'Run `vmtest probe --fresh` and read what QEMU says.'
    case 'works':
      return ''
    default:
      return assertNever(finding.outcome, 'probe outcome')
  }
}
