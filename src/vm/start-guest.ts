import { join } from 'node:path'
import { UserError } from '../domain/errors.js'
import type { SuiteName } from '../domain/test.js'
import type { ChildProcess, Clock, Exec, Files } from '../ports/index.js'
import type { ProgressParser } from '../suites/suite.js'
import { DEFAULT_RESULT_CAPS } from './channels/result-files.js'
import type { GuestOptions, StartGuest } from './guest.js'
import { prepareGuestImage } from './guest-image.js'
import type { GuestSettings } from './initramfs/settings.js'
import { qemuArgv } from './qemu/argv.js'
import { type ConsoleObserver, GuestSession } from './session.js'

export interface StartGuestPorts {
  readonly exec: Exec
  readonly files: Files
  readonly clock: Clock
}

export interface StartGuestSettings {
  /** Directory with the guest's own programs: nix/guest of this checkout. */
  readonly scriptsDirectory: string
  /** Where images made of module directories are kept between runs. */
  readonly cacheDirectory: string
  readonly createObserver: () => ConsoleObserver
  readonly progressParser: (suite: SuiteName) => ProgressParser
}

/** File descriptors of the child: 0 to 2 are its standard streams, the channels follow in this order. */
const DESCRIPTORS = { console: 3, control: 4, results: 5, output: 6, qmp: 7 } as const

const FLUSH_SECONDS = 3

/** All that QEMU gets of an environment: whoever breaks out of the guest must find no token there. */
export const QEMU_ENVIRONMENT = { LC_ALL: 'C', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' } as const

/** The real `StartGuest`: QEMU as a child that dies with us, everything between us on inherited sockets. */
export function createStartGuest(ports: StartGuestPorts, settings: StartGuestSettings): StartGuest {
  const sandboxes = new Map<string, Promise<boolean>>()
  const sandboxOf = (qemu: string) => {
    const known = sandboxes.get(qemu) ?? hasSandbox(ports.exec, qemu)
    sandboxes.set(qemu, known)
    return known
  }
  return async (options) => {
    const disks = join(options.diskDirectory, `guest-${options.id}`)
    const cleanUp = () => (options.keep ? Promise.resolve() : ports.files.remove(disks))
    try {
      const image = await prepareGuestImage(ports, {
        built: options.built,
        section: options.section,
        settings: guestSettings(options),
        scriptsDirectory: settings.scriptsDirectory,
        cacheDirectory: settings.cacheDirectory,
        diskDirectory: disks,
        dumpable: options.dumpPath !== undefined,
      })
      await ports.files.makeDirectory(join(options.runDirectory, 'guests', String(options.id)))
      const argv = qemuArgv({
        program: options.built.qemu,
        architecture: options.built.bundle.architecture,
        accelerator: options.accelerator.accelerator,
        emulationTuning: options.emulationTuning,
        memoryMiB: options.memoryMiB,
        cpus: options.cpus,
        kernel: options.built.bundle.kernel.image,
        initrd: image.initrd,
        drives: image.drives,
        channels: DESCRIPTORS,
        sandbox: await sandboxOf(options.built.qemu),
        pauseAtShutdown: options.dumpPath !== undefined,
        kernelArguments: options.kernelArguments ?? [],
      })
      return await launch(ports, settings, options, { argv, cleanUp })
    } catch (error) {
      await cleanUp()
      throw error
    }
  }
}

async function launch(
  ports: StartGuestPorts,
  settings: StartGuestSettings,
  options: GuestOptions,
  { argv, cleanUp }: { argv: readonly string[]; cleanUp: () => Promise<void> },
): Promise<GuestSession> {
  const startedSeconds = ports.clock.monotonicSeconds()
  const startedAt = ports.clock.now()
  const child = await spawnQemu(ports.exec, argv)
  return new GuestSession({
    id: options.id,
    section: options.section.name,
    argv,
    runDirectory: options.runDirectory,
    startedSeconds,
    startedAt,
    child,
    files: ports.files,
    clock: ports.clock,
    observer: settings.createObserver(),
    progressParser: () => settings.progressParser(options.built.suite.name),
    timeoutFactor: options.accelerator.timeoutFactor,
    cleanUp,
    ...(options.dumpPath === undefined ? {} : { dumpPath: options.dumpPath }),
  })
}

/** Starts QEMU on the channels of a guest, with an environment of its own. @throws UserError when it cannot be started */
export async function spawnQemu(exec: Exec, argv: readonly string[]): Promise<ChildProcess> {
  try {
    return await exec.spawn(argv, { channels: Object.keys(DESCRIPTORS).length, dieWithParent: true, env: QEMU_ENVIRONMENT })
  } catch (error) {
    if (error instanceof UserError && error.kind === 'could-not-test') throw error
    throw new UserError(
      `QEMU (${argv[0]}) cannot be started.`,
      'Install it (Debian, Ubuntu: `apt-get install qemu-system-x86`) or name it in the bundle.',
      {
        cause: error,
        kind: 'could-not-test',
      },
    )
  }
}

/** What every guest is told, whoever works in it. */
export function guestSettings(options: Pick<GuestOptions, 'built' | 'section' | 'memoryMiB'>): GuestSettings {
  const { built, section } = options
  return {
    hostname: 'vmtest',
    guestPath: built.bundle.guestPath,
    suitePath: built.suite.guestPath,
    fstyp: section.fstyp,
    mkfsOptions: section.mkfsOptions,
    fileCapBytes: DEFAULT_RESULT_CAPS.fileBytes,
    flushSeconds: FLUSH_SECONDS,
    mode: 'agent',
    resultsMiB: Math.max(64, Math.floor(options.memoryMiB / 4)),
  }
}

/** QEMU may have been built without seccomp; its help then does not know the option. */
export async function hasSandbox(exec: Exec, qemu: string): Promise<boolean> {
  const help = await exec.run([qemu, '-help'], { timeoutSeconds: 30 })
  return help.stdout.includes('-sandbox on')
}
