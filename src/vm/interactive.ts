import { join } from 'node:path'
import type { GuestOptions } from './guest.js'
import { prepareGuestImage } from './guest-image.js'
import { qemuArgv } from './qemu/argv.js'
import type { StartGuestPorts, StartGuestSettings } from './start-guest.js'
import { guestSettings, hasSandbox } from './start-guest.js'

export interface InteractiveOptions
  extends Pick<
    GuestOptions,
    'built' | 'section' | 'accelerator' | 'memoryMiB' | 'cpus' | 'emulationTuning' | 'diskDirectory' | 'kernelArguments'
  > {
  /** The suite's variables (`SuiteCommand.environment`), set in the guest's shell. */
  readonly environment: Readonly<Record<string, string>>
  /** Offer a gdb stub; `wait`: the kernel does not start before gdb says so. */
  readonly gdb?: { readonly wait: boolean }
}

/** A guest for a person: what to run on the terminal, and what to say before. */
export interface InteractiveGuest {
  /** For `Exec.interactive`. */
  readonly argv: readonly string[]
  /** The command that attaches gdb from another terminal, where a stub was asked for. */
  readonly gdbCommand: string | null
  /** Removes the disks and the stub's socket. */
  cleanUp(): Promise<void>
}

/**
 * The same VM as a test run's, with the console on our terminal: the suite's environment is set, its disks are there, the test
 * file system is made. With gdb, address randomisation of the kernel is off so that symbols fit.
 * @throws UserError when something the guest needs is missing
 */
export async function prepareInteractiveGuest(
  ports: Pick<StartGuestPorts, 'exec' | 'files'>,
  settings: Pick<StartGuestSettings, 'scriptsDirectory' | 'cacheDirectory'>,
  options: InteractiveOptions,
): Promise<InteractiveGuest> {
  const { built, gdb } = options
  const directory = await ports.files.makeTemporary(options.diskDirectory, 'shell-')
  const cleanUp = () => ports.files.remove(directory)
  try {
    const image = await prepareGuestImage(ports, {
      built,
      section: options.section,
      settings: { ...guestSettings(options), mode: 'shell', shellEnvironment: options.environment },
      scriptsDirectory: settings.scriptsDirectory,
      cacheDirectory: settings.cacheDirectory,
      diskDirectory: directory,
      dumpable: false,
    })
    const socket = join(directory, 'gdb')
    const argv = qemuArgv({
      program: built.qemu,
      architecture: built.bundle.architecture,
      accelerator: options.accelerator.accelerator,
      emulationTuning: options.emulationTuning,
      memoryMiB: options.memoryMiB,
      cpus: options.cpus,
      kernel: built.bundle.kernel.image,
      initrd: image.initrd,
      drives: image.drives,
      channels: 'terminal',
      sandbox: await hasSandbox(ports.exec, built.qemu),
      pauseAtShutdown: false,
      kernelArguments: [...(gdb === undefined ? [] : ['nokaslr']), ...(options.kernelArguments ?? [])],
      // The directory is ours alone (mkdtemp: mode 0700), so nobody else reaches the stub.
      ...(gdb === undefined ? {} : { gdb: { stub: `unix:${socket},server=on,wait=off`, wait: gdb.wait } }),
    })
    return { argv, gdbCommand: gdb === undefined ? null : gdbCommand(socket, built.bundle.kernel.vmlinux), cleanUp }
  } catch (error) {
    await cleanUp()
    throw error
  }
}

/** gdb reads a socket's path after `target remote`; without a vmlinux it still shows registers and memory. */
export function gdbCommand(socket: string, vmlinux: string | undefined): string {
  const words = ['gdb', ...(vmlinux === undefined ? [] : [vmlinux]), '-ex', `target remote ${socket}`]
  return words.map((word) => (/^[\w./=:@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')
}
