import type { Accelerator } from '../../domain/accelerator.js'
import type { Architecture } from '../../domain/bundle.js'
import type { InheritedFile } from '../../ports/index.js'
import { EMULATION_KERNEL_ARGUMENTS, MACHINES, type Machine } from './machine.js'

/** A raw image the guest sees as a virtio disk and finds by its serial. */
export interface Drive {
  readonly path: string
  /** At most 20 characters: virtio-blk carries no more. */
  readonly serial: string
  readonly readOnly: boolean
  /** Set where the guest sees persistent memory of this size instead of a disk. It has no serial, only its place in the order. */
  readonly persistentMiB?: number
}

/** Where the guest's byte streams end: file descriptors QEMU inherits. */
export interface Channels {
  readonly console: number
  /** virtio-serial ports 1, 2 and 3. */
  readonly control: number
  readonly results: number
  readonly output: number
  readonly qmp: number
  /** A terminal of the guest's (/dev/hvc0) that a person can attach to; absent: it has none. */
  readonly attach?: number
}

export interface QemuOptions {
  readonly program: string
  readonly architecture: Architecture
  readonly accelerator: Accelerator
  readonly emulationTuning: boolean
  readonly memoryMiB: number
  readonly cpus: number
  readonly kernel: string
  readonly initrd: string
  readonly drives: readonly Drive[]
  /** `terminal`: a person at the console, and nobody at the ports. */
  readonly channels: Channels | 'terminal'
  /** False where this QEMU was built without seccomp. */
  readonly sandbox: boolean
  /** Where its memory may be dumped: QEMU then stops, instead of ending, when the guest resets or powers off. */
  readonly dumpPath: string | null
  readonly kernelArguments: readonly string[]
  /** `stub`: where gdb attaches (`unix:PATH,server=on,wait=off` or `tcp::PORT`); `wait`: do not start before it says so. */
  readonly gdb?: { readonly stub: string; readonly wait: boolean }
}

/** QEMU's command line, and the files it inherits open: it opens none of the host's itself, so it needs no right to. */
export interface QemuCommand {
  readonly argv: readonly string[]
  readonly files: readonly InheritedFile[]
  /** What QMP's `dump-guest-memory` writes to; null where nothing is to be dumped. */
  readonly dumpTarget: string | null
}

/** Standard streams are 0 to 2, then come the channels, then the files. */
const FIRST_FILE = 3

/** The whole command line: data, no shell. */
export function qemuCommand(options: QemuOptions): QemuCommand {
  const machine = MACHINES[options.architecture]
  const files = new FileTable(FIRST_FILE + (options.channels === 'terminal' ? 0 : Object.keys(options.channels).length))
  const paused = options.dumpPath !== null
  const boot = {
    kernel: files.directPath({ path: options.kernel, access: 'read' }),
    initrd: files.directPath({ path: options.initrd, access: 'read' }),
    pauseAtShutdown: paused,
  }
  const drives = options.drives.flatMap((drive) => {
    const file: InheritedFile = { path: drive.path, access: drive.readOnly ? 'read' : 'read-write' }
    return driveArgs({ ...drive, path: drive.persistentMiB === undefined ? files.setPath(file) : files.directPath(file) })
  })
  const dumpTarget = options.dumpPath === null ? null : files.setPath({ path: options.dumpPath, access: 'create' })
  const argv = [
    options.program,
    ...hermeticArgs(options.sandbox),
    ...machineArgs(machine, options),
    ...files.sets,
    ...bootArgs(boot, kernelCommandLine(machine, options)),
    ...(options.channels === 'terminal' ? terminalArgs() : channelArgs(options.channels)),
    ...drives,
    ...['-device', 'virtio-rng-pci'],
    // Through it the kernel tells a dump's reader where things are.
    ...(paused ? ['-device', 'vmcoreinfo'] : []),
    ...gdbArgs(options.gdb),
  ]
  return { argv, files: files.files, dumpTarget }
}

/** Numbers inherited files, and gives the names under which QEMU finds them. */
class FileTable {
  readonly files: InheritedFile[] = []
  /** Sets are numbered as their descriptors, which QEMU moves into them; the paths are there for who reads the command line. */
  readonly sets: string[] = []

  constructor(private readonly first: number) {}

  private add(file: InheritedFile): number {
    this.files.push(file)
    return this.first + this.files.length - 1
  }

  /** For what QEMU opens with plain open(2), once. The kernel asks whether the file's own mode allows it, not the directories'. */
  directPath(file: InheritedFile): string {
    return `/proc/self/fd/${this.add(file)}`
  }

  /** For block devices and dumps: QEMU duplicates the descriptor, so no permission is asked for again. */
  setPath(file: InheritedFile): string {
    const number = this.add(file)
    this.sets.push('-add-fd', `fd=${number},set=${number},opaque=${quoteOption(file.path)}`)
    return `/dev/fdset/${number}`
  }
}

/** Nothing but what is asked for: no default devices, no network, no configuration files, no display, one life. */
export function hermeticArgs(sandbox: boolean): readonly string[] {
  const quiet = ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot']
  if (!sandbox) return quiet
  return [...quiet, '-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny']
}

export function machineArgs(
  machine: Machine,
  options: Pick<QemuOptions, 'accelerator' | 'emulationTuning' | 'memoryMiB' | 'cpus'> & { readonly drives?: QemuOptions['drives'] },
): readonly string[] {
  const { accelerator } = options
  const persistentMiB = (options.drives ?? []).reduce((sum, drive) => sum + (drive.persistentMiB ?? 0), 0)
  const tuned = accelerator === 'tcg' && options.emulationTuning ? machine.tunedCpu : null
  return [
    ...['-machine', machine.type],
    ...['-accel', accelerator === 'tcg' ? 'tcg,thread=multi' : 'kvm'],
    ...['-cpu', tuned ?? machine.cpu[accelerator]],
    ...['-smp', String(options.cpus)],
    ...['-m', persistentMiB === 0 ? `${options.memoryMiB}M` : deviceMemory(options.memoryMiB, persistentMiB)],
  ]
}

/** Room for memory devices beside the memory proper: each may be aligned to a gigabyte. */
function deviceMemory(memoryMiB: number, persistentMiB: number): string {
  return `${memoryMiB}M,slots=1,maxmem=${memoryMiB + 2 * persistentMiB + 4096}M`
}

export function bootArgs(
  options: { readonly kernel: string; readonly initrd: string; readonly pauseAtShutdown: boolean },
  commandLine: string,
): readonly string[] {
  const boot = ['-kernel', options.kernel, '-initrd', options.initrd, '-append', commandLine]
  return options.pauseAtShutdown ? [...boot, '-no-shutdown'] : boot
}

/**
 * `panic=-1` with `-no-reboot` ends QEMU at once. `oops=panic`: a kernel that has oopsed holds locks and hangs later, elsewhere.
 * Everything the kernel prints reaches the console, whatever its level; sysrq works from the serial line.
 */
export function kernelCommandLine(
  machine: Machine,
  options: Pick<QemuOptions, 'accelerator' | 'emulationTuning' | 'kernelArguments'>,
): string {
  const tuned = options.accelerator === 'tcg' && options.emulationTuning
  return [
    `console=${machine.console}`,
    `earlycon=${machine.earlyConsole}`,
    'ignore_loglevel',
    'log_buf_len=4M',
    'printk.devkmsg=on',
    'panic=-1',
    'oops=panic',
    'sysrq_always_enabled=1',
    'random.trust_cpu=on',
    ...machine.kernelArguments,
    ...(tuned ? EMULATION_KERNEL_ARGUMENTS : []),
    ...options.kernelArguments,
  ].join(' ')
}

function channelArgs(channels: Channels): readonly string[] {
  return [
    ...socketArgs('console', channels.console),
    '-serial',
    'chardev:console',
    ...portArgs(channels),
    ...monitorArgs(channels.qmp),
    ...attachArgs(channels.attach),
  ]
}

/** The console on our own terminal. Ctrl-C belongs to the guest; Ctrl-A X ends QEMU, Ctrl-A C opens its monitor. */
export function terminalArgs(): readonly string[] {
  return ['-chardev', 'stdio,id=console,mux=on,signal=off', '-serial', 'chardev:console', '-mon', 'chardev=console,mode=readline']
}

/** The ports have fixed numbers: the agent finds them as /dev/vport*p1 and so on. */
export function portArgs(channels: Pick<Channels, 'control' | 'results' | 'output'>): readonly string[] {
  const ports = [
    ['control', channels.control],
    ['results', channels.results],
    ['output', channels.output],
  ] as const
  return [
    '-device',
    'virtio-serial-pci,max_ports=5',
    ...ports.flatMap(([name, descriptor], index) => [
      ...socketArgs(name, descriptor),
      '-device',
      `virtserialport,chardev=${name},nr=${index + 1},name=${name}`,
    ]),
  ]
}

/** A terminal on the same bus as the ports, behind them: their numbers stay. */
function attachArgs(descriptor: number | undefined): readonly string[] {
  if (descriptor === undefined) return []
  return [...socketArgs('attach', descriptor), '-device', 'virtconsole,chardev=attach,nr=4,name=attach']
}

export function monitorArgs(descriptor: number): readonly string[] {
  return [...socketArgs('qmp', descriptor), '-mon', 'chardev=qmp,mode=control']
}

/** A connected socket that QEMU inherits: no path on the host, nobody else can connect. */
function socketArgs(id: string, descriptor: number): readonly string[] {
  return ['-chardev', `socket,id=${id},fd=${descriptor}`]
}

/** The drive's id is its serial: QEMU's events then name the role. `cache=unsafe`: the disks live no longer than the guest, so nothing is worth a flush on the host. With auto-read-only QEMU would look for a descriptor that only reads first. */
export function driveArgs(drive: Drive): readonly string[] {
  if (drive.persistentMiB !== undefined) return persistentArgs(drive, drive.persistentMiB)
  const mode = drive.readOnly ? 'readonly=on' : 'cache=unsafe,discard=unmap,auto-read-only=off'
  return [
    '-drive',
    `file=${quoteOption(drive.path)},format=raw,if=none,id=disk-${drive.serial},${mode}`,
    '-device',
    `virtio-blk-pci,drive=disk-${drive.serial},serial=${drive.serial}`,
  ]
}

/** The file is the memory: what the guest stores there is in it without a write. */
function persistentArgs(drive: Drive, sizeMiB: number): readonly string[] {
  const id = `pmem-${drive.serial}`
  return [
    '-object',
    `memory-backend-file,id=${id},mem-path=${quoteOption(drive.path)},size=${sizeMiB}M,share=on`,
    '-device',
    `virtio-pmem-pci,memdev=${id}`,
  ]
}

export function gdbArgs(gdb: QemuOptions['gdb']): readonly string[] {
  if (gdb === undefined) return []
  return ['-gdb', gdb.stub, ...(gdb.wait ? ['-S'] : [])]
}

/** QEMU splits options at commas; a doubled one stands for itself. */
export function quoteOption(value: string): string {
  return value.replaceAll(',', ',,')
}
