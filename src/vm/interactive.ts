import { join } from 'node:path'
import type { ChildOptions, UnprivilegedUser } from '../ports/index.js'
import type { GuestOptions } from './guest.js'
import { prepareGuestImage } from './guest-image.js'
import { qemuCommand } from './qemu/argv.js'
import { QEMU_ENVIRONMENT, userOf } from './qemu/rights.js'
import type { StartGuestPorts, StartGuestSettings } from './start-guest.js'
import { guestSettings, qemuBox, SYSTEM_ARGUMENTS } from './start-guest.js'

export interface InteractiveOptions
  extends Pick<
    GuestOptions,
    'built' | 'suite' | 'section' | 'accelerator' | 'memoryMiB' | 'cpus' | 'emulationTuning' | 'diskDirectory' | 'kernelArguments'
  > {
  /** The suite's variables (`SuiteCommand.environment`), set in the guest's shell. */
  readonly environment: Readonly<Record<string, string>>
  /** Offer a gdb stub; `wait`: the kernel does not start before gdb says so. */
  readonly gdb?: { readonly wait: boolean }
}

/** A guest for a person: what to run on the terminal, and what to say before. */
export interface InteractiveGuest {
  readonly argv: readonly string[]
  /** For `Exec.interactive`. */
  readonly options: ChildOptions
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
  settings: Pick<StartGuestSettings, 'scriptsDirectory' | 'cacheDirectory' | 'suites' | 'onNote'>,
  options: InteractiveOptions,
): Promise<InteractiveGuest> {
  const { built, gdb } = options
  const suite = settings.suites(options.suite.name)
  const directory = await ports.files.makeTemporary(options.diskDirectory, 'shell-')
  const made = [directory]
  const cleanUp = async () => {
    for (const path of made) await ports.files.remove(path)
  }
  try {
    const box = await qemuBox(ports, { qemu: built.qemu, accelerator: options.accelerator.accelerator, onNote: settings.onNote })
    const as = userOf(box.rights)
    const image = await prepareGuestImage(ports, {
      built,
      suite: options.suite,
      section: options.section,
      needs: suite.needs(options.section, []),
      settings: { ...guestSettings(options, suite), mode: 'shell', shellEnvironment: options.environment },
      suiteFolder: suite.guest?.folder ?? null,
      scriptsDirectory: settings.scriptsDirectory,
      cacheDirectory: settings.cacheDirectory,
      diskDirectory: directory,
      dumpable: false,
    })
    const stubDirectory = gdb === undefined || as === null ? directory : await directoryOf(ports, as)
    if (stubDirectory !== directory) made.push(stubDirectory)
    const socket = join(stubDirectory, 'gdb')
    const { argv, files } = qemuCommand({
      program: built.qemu,
      architecture: built.bundle.architecture,
      accelerator: options.accelerator.accelerator,
      emulationTuning: options.emulationTuning,
      memoryMiB: options.memoryMiB,
      cpus: options.cpus,
      kernel: image.kernel,
      initrd: image.initrd,
      drives: image.drives,
      channels: 'terminal',
      sandbox: box.sandbox,
      dumpPath: null,
      kernelArguments: [
        ...SYSTEM_ARGUMENTS[built.bundle.kind],
        ...(gdb === undefined ? [] : ['nokaslr']),
        ...(options.kernelArguments ?? []),
      ],
      // The directory is ours alone (mkdtemp: mode 0700), so nobody else reaches the stub.
      ...(gdb === undefined ? {} : { gdb: { stub: `unix:${socket},server=on,wait=off`, wait: gdb.wait } }),
    })
    const child: ChildOptions = { env: QEMU_ENVIRONMENT, files, dieWithParent: 'SIGKILL', ...(as === null ? {} : { as }) }
    return { argv, options: child, gdbCommand: gdb === undefined ? null : gdbCommand(socket, built.bundle.kernel.vmlinux), cleanUp }
  } catch (error) {
    await cleanUp()
    throw error
  }
}

/** A directory where QEMU as another user can make its socket: every directory above is open to it, this one to it alone. */
async function directoryOf({ exec, files }: Pick<StartGuestPorts, 'exec' | 'files'>, as: UnprivilegedUser): Promise<string> {
  const directory = await files.makeTemporary('/tmp', 'vmtest-gdb-')
  await exec.run(['chown', `${as.uid}:${as.gid}`, directory])
  return directory
}

/** gdb reads a socket's path after `target remote`; without a vmlinux it still shows registers and memory. */
export function gdbCommand(socket: string, vmlinux: string | undefined): string {
  const words = ['gdb', ...(vmlinux === undefined ? [] : [vmlinux]), '-ex', `target remote ${socket}`]
  return words.map((word) => (/^[\w./=:@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')
}
