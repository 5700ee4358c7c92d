import type { VmBundle } from '../../domain/bundle.js'
import { UserError } from '../../domain/errors.js'
import type { ArchiveEntry } from './cpio.js'

/** What the host tells the guest before it boots (the agent's variables, nix/guest/agent). */
export interface GuestSettings {
  readonly kind: VmBundle['kind']
  readonly hostname: string
  /** Directories of PATH, in order. */
  readonly guestPath: readonly string[]
  /** Where the suite lies; its runner starts there. */
  readonly suitePath: string
  /** Variables for the suite's own half (nix/suites/NAME/guest), by their names in the shell. */
  readonly suiteVariables: Readonly<Record<string, string>>
  /** What the guest looks for before it asks for work: programs, and kernel options where the host does not know them. */
  readonly programs: readonly string[]
  readonly kernelOptions: readonly string[]
  /** Roles whose disks are persistent memory, in the order of their devices. */
  readonly persistentMemory: readonly string[]
  /** Of one result file this much leaves the guest. */
  readonly fileCapBytes: number
  /** What the running test has written is sent this often. */
  readonly flushSeconds: number
  readonly mode: 'agent' | 'shell'
  /** True where it has a terminal that a person can attach to. */
  readonly attachable?: boolean
  /** True where the kernel counts what of its code runs, and each test's counters are to be sent. */
  readonly coverage?: boolean
  /** Memory the results may take. */
  readonly resultsMiB: number
  /** The suite's variables, for a person's shell; batches bring their own. */
  readonly shellEnvironment?: Readonly<Record<string, string>>
}

/** Our programs in the guest: files of nix/guest, and where each lies below /vmtest. */
export const GUEST_PROGRAMS = {
  agent: 'agent',
  'set-up': 'set-up',
  'send-results': 'send-results',
  coverage: 'coverage',
  each: 'each',
  shell: 'shell',
  attach: 'attach',
  logger: 'bin/logger',
  'vmtest-mark': 'bin/vmtest-mark',
  dmsetup: 'bin/dmsetup',
  'kernel-modprobe': 'bin/kernel-modprobe',
} as const

/** A device that appears when its driver is loaded, which opening it does (modules.devname). */
export interface DeviceNode {
  /** Below /dev. */
  readonly name: string
  readonly major: number
  readonly minor: number
}

/** Everything the guest gets from the host's files, by name. */
export interface GuestFiles {
  readonly init: Uint8Array
  readonly programs: Readonly<Record<keyof typeof GUEST_PROGRAMS, Uint8Array>>
  /** The suite's own half: the files of nix/suites/NAME/guest. */
  readonly suite: ReadonlyMap<string, Uint8Array>
  /** Lines of /etc/passwd: the users every guest has. */
  readonly users: string
  /** The kernel's configuration, for who looks for it at /boot/config-RELEASE; null where it is not known. */
  readonly kernelConfig: { readonly release: string; readonly contents: Uint8Array } | null
  readonly deviceNodes: readonly DeviceNode[]
}

/** One module, ready to load: its name, the plain (decompressed) file, and whether the guest boots where it cannot be loaded. */
export interface BootModule {
  readonly file: string
  readonly contents: Uint8Array
  readonly optional: boolean
}

/** Where the initramfs keeps the overlay's upper directory: what lies here is in the guest's root. */
const UPPER = 'rw/upper'

/**
 * What the engine appends to the bundle's base initrd: our programs, the boot modules, settings, and everything that would
 * cost the guest a process to make (directories, links, device nodes, mount tables).
 */
export function initramfsEntries(files: GuestFiles, settings: GuestSettings, modules: readonly BootModule[]): readonly ArchiveEntry[] {
  const list = modules.map((module, index) => `${String(index).padStart(2, '0')}-${module.file}`)
  const users = files.users + text(files.suite.get('users'))
  return [
    { kind: 'character-device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
    ...['proc', 'sys', 'lower', 'new', 'rw/work'].map(directory),
    file('init', files.init, 0o755),
    file('vmtest/fstab.early', EARLY_MOUNTS),
    ...(settings.kind === 'minimal' ? [] : [file('vmtest/system', '')]),
    file('vmtest/modules.list', list.map((name, index) => `${name}${modules[index]?.optional === true ? ' optional' : ''}\n`).join('')),
    ...modules.map((module, index) => file(`vmtest/modules/${list[index]}`, module.contents)),
    ...['dev', 'proc', 'sys', 'run', 'root', 'results', 'vmtest/base', ...lines(text(files.suite.get('directories')))].map((path) =>
      directory(`${UPPER}/${path}`),
    ),
    { kind: 'directory', path: `${UPPER}/tmp`, mode: 0o1777 },
    ...homes(users),
    ...ownFiles(files).map(([path, contents]) => file(`${UPPER}/vmtest/${path}`, contents, 0o755)),
    file(`${UPPER}/vmtest/users`, users),
    file(`${UPPER}/vmtest/settings`, settingsText(settings)),
    file(`${UPPER}/vmtest/fstab`, mountTable(settings)),
    file(`${UPPER}/vmtest/fstab.kernel`, KERNEL_MOUNTS),
    file(`${UPPER}/vmtest/environment`, environmentText(settings.shellEnvironment ?? {})),
    // The system's own su asks PAM, which the guest has not: without this every test that works as another user declines.
    { kind: 'link', path: `${UPPER}/vmtest/bin/su`, target: '/vmtest/base/busybox' },
    ...(files.kernelConfig === null ? [] : [file(`${UPPER}/boot/config-${files.kernelConfig.release}`, files.kernelConfig.contents)]),
    ...['pts', 'shm', 'mqueue', 'hugepages'].map((path) => directory(`${UPPER}/vmtest/dev/${path}`)),
    ...files.deviceNodes.map(
      ({ name, major, minor }): ArchiveEntry => ({
        kind: 'character-device',
        path: `${UPPER}/vmtest/dev/${name}`,
        mode: 0o600,
        major,
        minor,
      }),
    ),
    ...DEVICE_LINKS.map(([name, target]): ArchiveEntry => ({ kind: 'link', path: `${UPPER}/vmtest/dev/${name}`, target })),
  ]
}

function ownFiles({ programs, suite }: GuestFiles): readonly (readonly [string, Uint8Array])[] {
  const names = Object.keys(GUEST_PROGRAMS) as (keyof typeof GUEST_PROGRAMS)[]
  return [
    ...names.map((name) => [GUEST_PROGRAMS[name], programs[name]] as const),
    ...[...suite].map(([name, contents]) => [`suite/${name}`, contents] as const),
  ]
}

/** Users' directories below /home, each its user's. */
function homes(users: string): readonly ArchiveEntry[] {
  return lines(users).flatMap((line) => {
    const [, , uid, , , home] = line.split(':')
    if (home?.startsWith('/home/') !== true) return []
    return [{ kind: 'directory', path: `${UPPER}${home}`, mode: 0o755, owner: Number(uid) } satisfies ArchiveEntry]
  })
}

function text(contents: Uint8Array | undefined): string {
  return contents === undefined ? '' : Buffer.from(contents).toString()
}

function lines(contents: string): readonly string[] {
  return contents.split('\n').filter((line) => line !== '')
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
    '',
  ].join('\n')
}

/**
 * The kernel's own file systems, each mounted where the kernel has it: what blktests, LTP and kselftest take for granted. The type comes first, as its own
 * source. A system of its own mounts them itself.
 */
const KERNEL_MOUNTS = [
  'debugfs /sys/kernel/debug debugfs defaults 0 0',
  'tracefs /sys/kernel/tracing tracefs defaults 0 0',
  'securityfs /sys/kernel/security securityfs defaults 0 0',
  'configfs /sys/kernel/config configfs defaults 0 0',
  'bpf /sys/fs/bpf bpf mode=700 0 0',
  'cgroup2 /sys/fs/cgroup cgroup2 defaults 0 0',
  'mqueue /dev/mqueue mqueue defaults 0 0',
  'hugetlbfs /dev/hugepages hugetlbfs defaults 0 0',
  '',
].join('\n')

function settingsText(settings: GuestSettings): string {
  const variables: Readonly<Record<string, string>> = {
    guest_kind: settings.kind,
    hostname: settings.hostname,
    // Our logger stands before any other.
    guest_path: ['/vmtest/bin', ...settings.guestPath].join(':'),
    suite: settings.suitePath,
    programs: settings.programs.join(' '),
    kernel_options: settings.kernelOptions.join(' '),
    pmem: settings.persistentMemory.join(' '),
    file_cap: String(settings.fileCapBytes),
    flush_seconds: String(settings.flushSeconds),
    mode: settings.mode,
    ...(settings.attachable === true ? { attachable: 'yes' } : {}),
    ...(settings.coverage === true ? { coverage: 'yes' } : {}),
    ...settings.suiteVariables,
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
