import { join } from 'node:path'
import type { Accelerator } from '../domain/accelerator.js'
import type { VmBundle } from '../domain/bundle.js'
import { UserError } from '../domain/errors.js'
import type { SuiteName } from '../domain/test.js'
import type { ChildProcess, Clock, Exec, Files, Sockets, UnprivilegedUser } from '../ports/index.js'
import type { ProgressParser, Suite } from '../suites/suite.js'
import { AttachPoint } from './attach-point.js'
import { DEFAULT_RESULT_CAPS } from './channels/result-files.js'
import type { GuestOptions, StartGuest } from './guest.js'
import { prepareGuestImage } from './guest-image.js'
import type { GuestSettings } from './initramfs/settings.js'
import { type QemuCommand, qemuCommand } from './qemu/argv.js'
import { describeRights, KVM_DEVICE, QEMU_ENVIRONMENT, type QemuRights, qemuRights, userOf } from './qemu/rights.js'
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
  readonly createObserver: (suite: SuiteName) => ConsoleObserver
  /** A suite by its name. */
  readonly suites: (name: SuiteName) => Pick<Suite, 'drive' | 'guest' | 'needs'>
  /** Where guests can be attached to; absent: they have no terminal for it. */
  readonly sockets?: Sockets
  /** Told once whose rights QEMU runs with, where that is worth a line. */
  readonly onNote?: (note: string) => void
}

/** File descriptors of the child: 0 to 2 are its standard streams, the channels follow in this order. */
const DESCRIPTORS = { console: 3, control: 4, results: 5, output: 6, qmp: 7 } as const
const WITH_TERMINAL = { ...DESCRIPTORS, attach: 8 } as const

const FLUSH_SECONDS = 3

/** systemd's messages come as the kernel's, a line each: its drawings would stand in one line with a report. */
export const SYSTEM_ARGUMENTS: Readonly<Record<VmBundle['kind'], readonly string[]>> = {
  minimal: [],
  nixos: ['systemd.show_status=0', 'systemd.log_target=kmsg'],
}

/** The real `StartGuest`: QEMU as a child that dies with us, everything between us on inherited sockets. */
export function createStartGuest(ports: StartGuestPorts, settings: StartGuestSettings): StartGuest {
  const boxes = new Map<string, Promise<QemuBox>>()
  const boxOf = ({ built, accelerator }: GuestOptions) => {
    const key = `${accelerator.accelerator} ${built.qemu}`
    const known = boxes.get(key) ?? qemuBox(ports, { qemu: built.qemu, accelerator: accelerator.accelerator, onNote: settings.onNote })
    boxes.set(key, known)
    return known
  }
  return async (options) => {
    const disks = join(options.diskDirectory, `guest-${options.id}`)
    const cleanUp = () => (options.keep ? Promise.resolve() : ports.files.remove(disks))
    const suite = settings.suites(options.suite.name)
    const needs = suite.needs(options.section, [])
    // A system of its own puts a login on every terminal it finds.
    const attachable = settings.sockets !== undefined && options.built.bundle.kind === 'minimal'
    try {
      const image = await prepareGuestImage(ports, {
        built: options.built,
        suite: options.suite,
        section: options.section,
        needs,
        settings: { ...guestSettings(options, suite), attachable },
        suiteFolder: suite.guest?.folder ?? null,
        scriptsDirectory: settings.scriptsDirectory,
        cacheDirectory: settings.cacheDirectory,
        diskDirectory: disks,
        dumpable: options.dumpPath !== undefined,
      })
      await ports.files.makeDirectory(join(options.runDirectory, 'guests', String(options.id)))
      const box = await boxOf(options)
      const command = qemuCommand({
        program: options.built.qemu,
        architecture: options.built.bundle.architecture,
        accelerator: options.accelerator.accelerator,
        emulationTuning: options.emulationTuning,
        memoryMiB: options.memoryMiB,
        cpus: options.cpus,
        kernel: image.kernel,
        initrd: image.initrd,
        drives: image.drives,
        channels: attachable ? WITH_TERMINAL : DESCRIPTORS,
        sandbox: box.sandbox,
        dumpPath: options.dumpPath ?? null,
        kernelArguments: [...SYSTEM_ARGUMENTS[options.built.bundle.kind], ...(options.kernelArguments ?? [])],
      })
      return await launch(ports, settings, options, { command, as: userOf(box.rights), cleanUp, attachable })
    } catch (error) {
      await cleanUp()
      throw error
    }
  }
}

interface Launching {
  readonly command: QemuCommand
  readonly as: UnprivilegedUser | null
  readonly cleanUp: () => Promise<void>
  readonly attachable: boolean
}

async function launch(
  ports: StartGuestPorts,
  settings: StartGuestSettings,
  options: GuestOptions,
  { command, as, cleanUp, attachable }: Launching,
): Promise<GuestSession> {
  const startedSeconds = ports.clock.monotonicSeconds()
  const startedAt = ports.clock.now()
  const child = await spawnQemu(ports.exec, command, as, attachable ? WITH_TERMINAL : DESCRIPTORS)
  const point = await attachPoint(child, settings.sockets, join(options.runDirectory, 'guests', String(options.id)), ports)
  return new GuestSession({
    id: options.id,
    suite: options.suite.name,
    section: options.section.name,
    argv: command.argv,
    runDirectory: options.runDirectory,
    startedSeconds,
    startedAt,
    child,
    files: ports.files,
    clock: ports.clock,
    observer: settings.createObserver(options.suite.name),
    progressParser: () => progressOf(settings.suites(options.suite.name)),
    timeoutFactor: options.accelerator.timeoutFactor,
    cleanUp: async () => {
      await point?.close()
      await cleanUp()
    },
    ...(options.dumpPath === undefined || command.dumpTarget === null
      ? {}
      : {
          dump: {
            path: options.dumpPath,
            target: command.dumpTarget,
            takes: options.takesDump ?? (() => true),
            onDumped: options.onDumped ?? (() => undefined),
          },
        }),
  })
}

async function attachPoint(
  child: ChildProcess,
  sockets: Sockets | undefined,
  directory: string,
  { files }: Pick<StartGuestPorts, 'files'>,
): Promise<AttachPoint | null> {
  const terminal = child.channels[WITH_TERMINAL.attach - DESCRIPTORS.console]
  if (terminal === undefined || sockets === undefined) return null
  const point = new AttachPoint({ terminal, directory, files, sockets })
  await point.open()
  return point
}

/** Starts QEMU on the channels of a guest, with an environment of its own. @throws UserError when it cannot be started */
export async function spawnQemu(
  exec: Exec,
  { argv, files }: Pick<QemuCommand, 'argv' | 'files'>,
  as: UnprivilegedUser | null,
  descriptors: Readonly<Record<string, number>> = DESCRIPTORS,
): Promise<ChildProcess> {
  try {
    return await exec.spawn(argv, {
      channels: Object.keys(descriptors).length,
      files,
      dieWithParent: 'SIGKILL',
      expendable: true,
      env: QEMU_ENVIRONMENT,
      ...(as === null ? {} : { as }),
    })
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
export function guestSettings(
  options: Pick<GuestOptions, 'built' | 'suite' | 'section' | 'memoryMiB'>,
  { guest, needs }: Pick<Suite, 'guest' | 'needs'>,
): GuestSettings {
  const { built, suite, section } = options
  return {
    kind: built.bundle.kind,
    hostname: 'vmtest',
    guestPath: built.bundle.guestPath,
    suitePath: suite.guestPath,
    suiteVariables: guest?.variables(section) ?? {},
    programs: Object.keys(section.programs ?? {}),
    kernelOptions: built.bundle.kernel.config === undefined ? section.kernelOptions : [],
    persistentMemory: needs(section, []).persistentRoles,
    fileCapBytes: DEFAULT_RESULT_CAPS.fileBytes,
    flushSeconds: FLUSH_SECONDS,
    mode: 'agent',
    resultsMiB: Math.max(64, Math.floor(options.memoryMiB / 4)),
    ...(built.coverage === undefined ? {} : { coverage: true }),
  }
}

/** What holds QEMU in, besides its command line. */
export interface QemuBox {
  readonly rights: QemuRights
  /** False where this QEMU was built without seccomp. */
  readonly sandbox: boolean
}

/** Finds out how far QEMU can be shut in here, and says whose rights it gets. */
export async function qemuBox(
  ports: Pick<StartGuestPorts, 'exec' | 'files'>,
  options: { readonly qemu: string; readonly accelerator: Accelerator; readonly onNote: ((note: string) => void) | undefined },
): Promise<QemuBox> {
  const { qemu, accelerator, onNote } = options
  const rights = await qemuRights(ports, { qemu, device: accelerator === 'kvm' ? KVM_DEVICE : null })
  const note = describeRights(rights)
  if (note !== null) onNote?.(note)
  const as = userOf(rights)
  // A QEMU without seccomp does not know the option.
  const help = await ports.exec.run([qemu, '-help'], { env: QEMU_ENVIRONMENT, timeoutSeconds: 30, ...(as === null ? {} : { as }) })
  return { rights, sandbox: help.stdout.includes('-sandbox on') }
}

/** What follows a suite's output. A suite whose tests the agent runs has none: the agent's own words tell all. */
function progressOf({ drive }: Pick<Suite, 'drive'>): ProgressParser {
  return drive.kind === 'runner' ? drive.progress() : { feed: () => [], end: () => [] }
}
