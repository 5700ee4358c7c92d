import type { AcceleratorDecision } from '../domain/accelerator.js'
import type { Plan } from '../domain/plan.js'
import type { Section } from '../domain/section.js'
import type { Built } from '../domain/stages.js'
import type { Ports } from '../ports/index.js'
import type { SuiteNeeds } from '../suites/index.js'
import { decideAccelerator, diskCandidates, planResources, readMachineRoom } from '../vm/index.js'

export interface OneGuestRequest {
  readonly plan: Plan
  readonly built: Built
  readonly section: Section
  readonly needs: SuiteNeeds
  /** Where disks may lie, if no better place is found. */
  readonly directory: string
  /** How much slower the kernel's debug options make it; 1: not at all. */
  readonly debugFactor: number
}

/** What a single guest, outside a run, gets on this machine. */
export interface OneGuest {
  readonly accelerator: AcceleratorDecision
  readonly memoryMiB: number
  readonly cpus: number
  readonly diskDirectory: string
  readonly emulationTuning: boolean
}

/**
 * Chooses accelerator and resources for one guest. The machine stays as it is: permissions are not mended.
 * @throws UserError (`could-not-test`) where memory or disk are short for it
 */
export async function planOneGuest(request: OneGuestRequest, ports: Ports): Promise<OneGuest> {
  const { plan, built, section, needs } = request
  const decision = await decideAccelerator(plan.accelerator, ports, {
    qemu: built.qemu,
    architecture: built.bundle.architecture,
    memory: 'use',
    permissions: 'leave',
    onCleanup: () => undefined,
  })
  const { accelerator } = decision
  const { memoryMiB, cpusPerVm, diskDirectory } = planResources(
    {
      vms: 1,
      memoryMiB: plan.memoryMiB,
      cpusPerVm: plan.cpusPerVm,
      accelerator,
      sections: [{ section, needs }],
      testCount: 1,
      debugFactor: request.debugFactor,
      dumps: plan.dumpWhen === 'always',
    },
    await readMachineRoom(ports, diskCandidates(request.directory, ports.runner.env)),
  )
  const emulationTuning = plan.emulationTuning && accelerator === 'tcg'
  return { accelerator: decision, memoryMiB, cpus: cpusPerVm, diskDirectory, emulationTuning }
}
