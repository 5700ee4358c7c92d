import type { Architecture } from '../domain/bundle.js'
import { UserError } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'
import { kernelPackages } from './distribution-kernel.js'
import { readElf } from './elf.js'
import { debianPackageOf } from './guest-programs.js'
import { architectureOfMachine, distributionOf } from './host-facts.js'
import { missingRequiredPrograms } from './host-tree.js'

type HostPorts = Pick<Ports, 'exec' | 'files' | 'runner'>

/** Of what the host needs beside the guest's programs, the Debian packages; Ubuntu's have the same names. */
const OWN_PACKAGES: Readonly<Record<string, string>> = { nix: 'nix-bin', 'mkfs.erofs': 'erofs-utils' }

const packageOf = (program: string): string | null => OWN_PACKAGES[program] ?? debianPackageOf(program)

/** What the host itself needs to build and boot the offline bundle, beside what goes into the guest. */
const HOST_PROGRAMS = ['nix', 'mkfs.erofs', 'cpio', 'depmod', 'quota']

/** The same for a guest that is made of packages. */
const FOREIGN_PROGRAMS = ['nix', 'mkfs.erofs', 'cpio', 'depmod', 'xz']

const QEMU_PACKAGE: Readonly<Record<Architecture, string>> = { x86_64: 'qemu-system-x86', aarch64: 'qemu-system-arm' }

/** What the machine lacks, and the one command that installs it. */
export interface HostTools {
  /** Packages that were or are missing, sorted; empty where nothing was. */
  readonly packages: readonly string[]
  /** For people: to be pasted into a shell. Null where nothing is missing. */
  readonly command: string | null
  readonly installed: boolean
}

/** busybox is the initramfs' only program, so it must need no library. */
async function hasStaticBusybox(ports: HostPorts): Promise<boolean> {
  const path = await ports.exec.which('busybox')
  if (path === null) return false
  const elf = await readElf((offset, length) => ports.files.readBytes(path, { offset, length }))
  return elf !== null && elf.interpreter === null
}

async function missingPackages(
  { own, guest }: { readonly own: Architecture; readonly guest: Architecture },
  ports: HostPorts,
): Promise<readonly string[]> {
  const missing = new Set<string>()
  const unknown: string[] = []
  // A guest of another architecture is made of packages: of its programs the machine needs none.
  const programs = guest === own ? [...(await missingRequiredPrograms(ports))] : []
  for (const name of guest === own ? HOST_PROGRAMS : FOREIGN_PROGRAMS) if ((await ports.exec.which(name)) === null) programs.push(name)
  for (const name of programs) {
    const owner = packageOf(name)
    if (owner === null) unknown.push(name)
    else missing.add(owner)
  }
  if (unknown.length > 0) {
    throw new UserError(`The base system lacks ${unknown.join(', ')}.`, "Install them with the system's package manager and try again.", {
      kind: 'could-not-test',
    })
  }
  if (guest === own && !(await hasStaticBusybox(ports))) missing.add('busybox-static')
  if ((await ports.exec.which(`qemu-system-${guest}`)) === null) missing.add(QEMU_PACKAGE[guest])
  return [...missing].sort()
}

interface Privilege {
  readonly prefix: readonly string[]
}

async function privilege(ports: HostPorts): Promise<Privilege | null> {
  if ((await ports.exec.run(['id', '-u'])).stdout.trim() === '0') return { prefix: [] }
  return (await ports.exec.which('sudo')) === null ? null : { prefix: ['sudo'] }
}

const APT = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-o', 'DPkg::Lock::Timeout=300']

async function apt(who: Privilege, argv: readonly string[], ports: HostPorts): Promise<boolean> {
  const { code } = await ports.exec.run([...who.prefix, ...APT, ...argv], {
    timeoutSeconds: 1800,
    onStdoutLine: (line) => {
      if (line.startsWith('Setting up ')) ports.runner.untrusted(line)
    },
    onStderrLine: (line) => {
      if (/^[EW]: /.test(line)) ports.runner.untrusted(line)
    },
  })
  return code === 0
}

async function aptKnows(packages: readonly string[], ports: HostPorts): Promise<boolean> {
  if (packages.length === 0) return true
  return (await ports.exec.run(['apt-cache', 'show', '--no-all-versions', ...packages])).code === 0
}

export interface HostToolsOptions {
  /** False: nothing is changed, the command is only given. */
  readonly install: boolean
  /** The guest's architecture; absent: the machine's. */
  readonly guest?: Architecture
}

/**
 * Sees to it that this Debian or Ubuntu machine has what the demo needs: QEMU, Nix, file-system tools, and apt lists
 * that know a kernel. With `install` false nothing is changed: the command is only told.
 * @throws UserError (`could-not-test`) on another distribution, without root or sudo, or where apt fails
 */
export async function ensureHostTools(ports: HostPorts, options: HostToolsOptions): Promise<HostTools> {
  const architecture = await architectureOfMachine(ports)
  const distribution = distributionOf(await ports.files.readText('/etc/os-release').catch(() => ''))
  if (distribution === null || (await ports.exec.which('apt-get')) === null) {
    throw new UserError(
      'The demo runs on Debian and Ubuntu: it takes programs and a kernel from their packages.',
      'On another system, use a bundle from a flake: `vmtest init` in a kernel tree, then `vmtest run`.',
      { kind: 'could-not-test' },
    )
  }
  const { guest = architecture } = options
  const packages = await missingPackages({ own: architecture, guest }, ports)
  // Another architecture's kernel is in lists of its own.
  const knowsKernel = guest !== architecture || (await kernelPackages({ architecture, distribution }, ports)) !== null
  const listsKnow = knowsKernel && (await aptKnows(packages, ports))
  if (packages.length === 0 && listsKnow) return { packages, command: null, installed: false }
  const who = await privilege(ports)
  const command = installCommand(packages, who?.prefix ?? ['sudo'])
  if (!options.install) return { packages, command, installed: false }
  if (who === null) {
    throw new UserError(
      `Missing here: ${packages.join(', ')}; and there is neither root nor sudo to install them.`,
      `Run as root: \`${command}\``,
      {
        kind: 'could-not-test',
      },
    )
  }
  ports.runner.info(`installing: ${command}`)
  if (!listsKnow) await apt(who, ['update'], ports)
  if (packages.length > 0 && !(await apt(who, installArguments(packages), ports))) {
    // Lists older than the archive name files that are gone.
    await apt(who, ['update'], ports)
    if (!(await apt(who, installArguments(packages), ports))) {
      throw new UserError(`apt could not install ${packages.join(', ')}.`, `Run it by hand to see why: \`${command}\``, {
        kind: 'could-not-test',
      })
    }
  }
  return { packages, command, installed: true }
}

function installArguments(packages: readonly string[]): readonly string[] {
  return ['install', '--yes', '--no-install-recommends', ...packages]
}

function installCommand(packages: readonly string[], prefix: readonly string[]): string {
  const update = [...prefix, 'apt-get', 'update'].join(' ')
  return packages.length === 0 ? update : `${update} && ${[...prefix, 'apt-get', ...installArguments(packages)].join(' ')}`
}
