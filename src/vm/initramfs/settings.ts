import type { VmBundle } from '../../domain/bundle.js'
import { UserError } from '../../domain/errors.js'
import type { ArchiveEntry } from './cpio.js'

/** What the host tells the guest before it boots (the agent's variables, nix/guest/agent). */
export interface GuestSettings {
  readonly kind: VmBundle['kind']
  readonly hostname: string
  /** Directories of PATH, in order. */
  readonly guestPath: readonly string[]
  /** Where `check` lies. */
  readonly suitePath: string
  readonly fstyp: string
  readonly mkfsOptions: string
  /** What the guest looks for before it asks for work: programs, and kernel options where the host does not know them. */
  readonly programs: readonly string[]
  readonly kernelOptions: readonly string[]
  /** Roles whose disks are persistent memory, in the order of their devices. */
  readonly persistentMemory: readonly string[]
  readonly nfsServer: boolean
  /** Of one result file this much leaves the guest. */
  readonly fileCapBytes: number
  /** What the running test has written is sent this often. */
  readonly flushSeconds: number
  readonly mode: 'agent' | 'shell'
  /** Memory the results may take. */
  readonly resultsMiB: number
  /** The suite's variables, for a person's shell; batches bring their own. */
  readonly shellEnvironment?: Readonly<Record<string, string>>
}

/** The guest's own programs (nix/guest), by name. */
export interface GuestScripts {
  readonly init: Uint8Array
  readonly agent: Uint8Array
  readonly logger: Uint8Array
  readonly dmsetup: Uint8Array
  readonly 'kernel-modprobe': Uint8Array
  readonly shell: Uint8Array
  readonly 'nfs-server': Uint8Array
}

/** One module, ready to load: its name and the plain (decompressed) file. */
export interface BootModule {
  readonly file: string
  readonly contents: Uint8Array
}

/** Where the initramfs keeps the overlay's upper directory: what lies here is in the guest's root. */
const UPPER = 'rw/upper'

/**
 * What the engine appends to the bundle's base initrd: our scripts, the boot modules, settings, and everything that would
 * cost the guest a process to make (directories, links, mount tables).
 */
export function initramfsEntries(scripts: GuestScripts, settings: GuestSettings, modules: readonly BootModule[]): readonly ArchiveEntry[] {
  const list = modules.map((module, index) => `${String(index).padStart(2, '0')}-${module.file}`)
  return [
    { kind: 'character-device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
    ...['proc', 'sys', 'lower', 'new', 'rw/work'].map(directory),
    file('init', scripts.init, 0o755),
    file('vmtest/fstab.early', EARLY_MOUNTS),
    ...(settings.kind === 'minimal' ? [] : [file('vmtest/system', '')]),
    file('vmtest/modules.list', list.map((name) => `${name}\n`).join('')),
    ...modules.map((module, index) => file(`vmtest/modules/${list[index]}`, module.contents)),
    ...['dev', 'proc', 'sys', 'run', 'mnt/test', 'mnt/scratch', 'results', 'vmtest/base'].map((path) => directory(`${UPPER}/${path}`)),
    { kind: 'directory', path: `${UPPER}/tmp`, mode: 0o1777 },
    file(`${UPPER}/vmtest/settings`, settingsText(settings)),
    file(`${UPPER}/vmtest/fstab`, mountTable(settings)),
    file(`${UPPER}/vmtest/agent`, scripts.agent, 0o755),
    file(`${UPPER}/vmtest/shell`, scripts.shell, 0o755),
    file(`${UPPER}/vmtest/nfs-server`, scripts['nfs-server']),
    file(`${UPPER}/vmtest/environment`, environmentText(settings.shellEnvironment ?? {})),
    file(`${UPPER}/vmtest/bin/logger`, scripts.logger, 0o755),
    file(`${UPPER}/vmtest/bin/dmsetup`, scripts.dmsetup, 0o755),
    file(`${UPPER}/vmtest/bin/kernel-modprobe`, scripts['kernel-modprobe'], 0o755),
    // The system's own su asks PAM, which the guest has not: without this every test that works as another user declines.
    { kind: 'link', path: `${UPPER}/vmtest/bin/su`, target: '/vmtest/base/busybox' },
    ...['pts', 'shm'].map((path) => directory(`${UPPER}/vmtest/dev/${path}`)),
    ...DEVICE_LINKS.map(([name, target]): ArchiveEntry => ({ kind: 'link', path: `${UPPER}/vmtest/dev/${name}`, target })),
  ]
}

const EARLY_MOUNTS = 'proc /proc proc defaults 0 0\nsysfs /sys sysfs defaults 0 0\ndevtmpfs /dev devtmpfs defaults 0 0\n'

const DEVICE_LINKS = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
] as const

/** What the agent mounts: a system of its own has all but the results. */
function mountTable(settings: GuestSettings): string {
  const results = `tmpfs /results tmpfs mode=755,size=${settings.resultsMiB}m 0 0`
  if (settings.kind !== 'minimal') return `${results}\n`
  return [
    'devpts /dev/pts devpts mode=620,ptmxmode=666 0 0',
    'tmpfs /dev/shm tmpfs mode=1777 0 0',
    'tmpfs /run tmpfs mode=755 0 0',
    'tmpfs /tmp tmpfs mode=1777 0 0',
    results,
    'debugfs /sys/kernel/debug debugfs defaults 0 0',
    'cgroup2 /sys/fs/cgroup cgroup2 defaults 0 0',
    '',
  ].join('\n')
}

function settingsText(settings: GuestSettings): string {
  const variables: Readonly<Record<string, string>> = {
    guest_kind: settings.kind,
    hostname: settings.hostname,
    // Our logger stands before any other.
    guest_path: ['/vmtest/bin', ...settings.guestPath].join(':'),
    suite: settings.suitePath,
    fstyp: settings.fstyp,
    mkfs_options: settings.mkfsOptions,
    programs: settings.programs.join(' '),
    kernel_options: settings.kernelOptions.join(' '),
    pmem: settings.persistentMemory.join(' '),
    nfs_server: settings.nfsServer ? '1' : '',
    file_cap: String(settings.fileCapBytes),
    flush_seconds: String(settings.flushSeconds),
    mode: settings.mode,
  }
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${quoteForShell(name, value)}\n`)
    .join('')
}

function environmentText(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => {
      assertOneLine(name, value)
      return `e ${name}=${value}\n`
    })
    .join('')
}

/** @throws UserError for control characters: the guest reads settings and batches line by line */
export function quoteForShell(name: string, value: string): string {
  assertOneLine(name, value)
  return `'${value.replaceAll("'", "'\\''")}'`
}

/** @throws UserError when a value for the guest holds a line break or another control character */
export function assertOneLine(name: string, value: string): void {
  if (/[\u0000-\u001f\u007f]/.test(value)) {
    throw new UserError(
      `${name} is ${JSON.stringify(value)}: a control character cannot be handed to the guest.`,
      'Remove it from the section or the setting it comes from.',
    )
  }
}

function directory(path: string): ArchiveEntry {
  return { kind: 'directory', path, mode: 0o755 }
}

function file(path: string, contents: Uint8Array | string, mode = 0o644): ArchiveEntry {
  return { kind: 'file', path, mode, contents: typeof contents === 'string' ? Buffer.from(contents) : contents }
}
