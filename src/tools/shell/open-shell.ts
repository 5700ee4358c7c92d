import { join } from 'node:path'
import { UserError } from '../../domain/errors.js'
import type { Inputs } from '../../domain/inputs.js'
import type { Progress } from '../../domain/stages.js'
import type { Directories } from '../../pipeline/directories.js'
import { obtainBundle } from '../../pipeline/obtain-bundle.js'
import { planOnly } from '../../pipeline/open-run.js'
import { resolveSelection } from '../../pipeline/resolve-selection.js'
import type { Ports } from '../../ports/index.js'
import { suiteOf } from '../../suites/index.js'
import { decideAccelerator, diskCandidates, planResources, prepareInteractiveGuest, readMachineRoom, suiteScale } from '../../vm/index.js'

export interface ShellOptions {
  readonly inputs: Inputs
  readonly places: Directories
  readonly gdb?: { readonly wait: boolean }
  readonly onProgress: (progress: Progress) => void
  /** Told before the terminal becomes the guest's. */
  readonly onReady: (gdbCommand: string | null) => void
}

/**
 * The VM of a test run with our terminal as its console: the first section's disks, the suite ready to run.
 * @returns QEMU's exit code, which says nothing about the guest
 */
export async function openShell(options: ShellOptions, ports: Ports): Promise<number | null> {
  const { inputs, places } = options
  const plan = await planOnly({ inputs, places }, ports)
  const { built } = await obtainBundle({ plan, nix: inputs.nix, places, runDirectory: null, onProgress: options.onProgress }, ports)
  const { selection } = await resolveSelection({ plan, built, places }, ports)
  const [section] = selection.sections
  if (section === undefined) throw new UserError('There is no section to open a shell in.', 'Name one with `-s`.')
  const suite = built.suites.find(({ name }) => name === section.suite)
  if (suite === undefined) throw new Error(`the section ${section.name} is of ${section.suite}, which was not built`)
  const { drive } = suiteOf(section.suite)
  const accelerator = await decideAccelerator(plan.accelerator, ports, {
    qemu: built.qemu,
    architecture: built.bundle.architecture,
    memory: 'use',
    permissions: 'leave',
    onCleanup: () => undefined,
  })
  const room = await readMachineRoom(ports, diskCandidates(places.temporaryDirectory, ports.runner.env))
  const shape = planResources(
    {
      vms: 1,
      memoryMiB: plan.memoryMiB,
      cpusPerVm: plan.cpusPerVm,
      accelerator: accelerator.accelerator,
      sections: [{ section, needs: suiteOf(section.suite).needs(section, []) }],
      testCount: 1,
      debugFactor: 1,
    },
    room,
  )
  const guest = await prepareInteractiveGuest(
    ports,
    {
      scriptsDirectory: join(places.checkout, 'nix/guest'),
      cacheDirectory: places.cacheDirectory,
      suites: suiteOf,
      onNote: (message) => options.onProgress({ kind: 'stage', stage: 'vm', message }),
    },
    {
      built,
      suite,
      section,
      accelerator,
      memoryMiB: shape.memoryMiB,
      cpus: shape.cpusPerVm,
      emulationTuning: plan.emulationTuning && accelerator.accelerator === 'tcg',
      diskDirectory: shape.diskDirectory,
      environment: drive.kind === 'runner' ? drive.command(section, [], suiteScale(accelerator)).environment : section.environment,
      ...(options.gdb === undefined ? {} : { gdb: options.gdb }),
    },
  )
  try {
    options.onReady(guest.gdbCommand)
    return (await ports.exec.interactive(guest.argv, guest.options)).code
  } finally {
    await guest.cleanUp()
  }
}
