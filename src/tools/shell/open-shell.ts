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
import { prepareInteractiveGuest, suiteScale } from '../../vm/index.js'
import { planOneGuest } from '../one-guest.js'

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
  const needs = suiteOf(section.suite).needs(section, [])
  const machine = await planOneGuest({ plan, built, section, needs, directory: places.temporaryDirectory, debugFactor: 1 }, ports)
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
      ...machine,
      environment: drive.kind === 'runner' ? drive.command(section, [], suiteScale(machine.accelerator)).environment : section.environment,
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
