import { dirname, join } from 'node:path'
import { UserError } from '../domain/errors.js'
import type { Section } from '../domain/section.js'
import type { Built, BuiltSuite } from '../domain/stages.js'
import type { Exec, Files } from '../ports/index.js'
import type { SuiteNeeds } from '../suites/suite.js'
import { deviceNodes, findModuleDirectory, readBootModules } from './initramfs/boot-modules.js'
import { writeCpio } from './initramfs/cpio.js'
import { BOOT_MODULES, DUMP_MODULE } from './initramfs/module-order.js'
import {
  type BootModule,
  type DeviceNode,
  GUEST_PROGRAMS,
  type GuestFiles,
  type GuestSettings,
  initramfsEntries,
} from './initramfs/settings.js'
import { moduleImage } from './module-image.js'
import type { Drive } from './qemu/argv.js'

/** What a guest boots from, as files on the host. */
export interface GuestImage {
  readonly kernel: string
  readonly initrd: string
  readonly drives: readonly Drive[]
}

export interface GuestImageOptions {
  readonly built: Built
  readonly suite: BuiltSuite
  readonly section: Section
  /** What the suite says of the section's disks. */
  readonly needs: Pick<SuiteNeeds, 'repeatedRoles' | 'persistentRoles'>
  readonly settings: GuestSettings
  /** Directory with our guest programs (nix/guest). */
  readonly scriptsDirectory: string
  /** Folder of the suite's half, in nix/suites beside it; null: it has none. */
  readonly suiteFolder: string | null
  /** Where the module image is kept. */
  readonly cacheDirectory: string
  /** This guest's own directory for its disks and initrd. */
  readonly diskDirectory: string
  /** The guest's memory may be dumped: it loads what tells a dump's reader where things are. */
  readonly dumpable: boolean
}

/** Makes initrd and disks of one guest. @throws UserError when something it needs is missing */
export async function prepareGuestImage(ports: { files: Files; exec: Exec }, options: GuestImageOptions): Promise<GuestImage> {
  const { files } = ports
  const { built, diskDirectory } = options
  const { kernel } = built.bundle
  await files.makeDirectory(diskDirectory)
  const images: Drive[] = [{ path: built.bundle.rootImage, serial: 'root', readOnly: true }]
  if (options.suite.image !== null) images.push({ path: options.suite.image, serial: 'suite', readOnly: true })
  let modules: readonly BootModule[] = []
  let nodes: readonly DeviceNode[] = []
  if (kernel.modules !== undefined) {
    const directory = await findModuleDirectory(files, kernel.modules, kernel.release)
    modules = await readBootModules(ports, directory, options.dumpable ? [...BOOT_MODULES, DUMP_MODULE] : BOOT_MODULES)
    nodes = await deviceNodes(files, directory)
    const image = await moduleImage(ports, { directory, release: kernel.release, cacheDirectory: options.cacheDirectory })
    images.push({ path: image, serial: 'modules', readOnly: true })
  }
  const initrd = join(diskDirectory, 'initrd')
  await files.write(initrd, await composeInitrd(files, options, { modules, nodes }))
  await files.chmod(initrd, READABLE)
  const image = await readableKernel(files, kernel.image, diskDirectory)
  return { kernel: image, initrd, drives: [...images, ...(await makeDisks(files, options, diskDirectory))] }
}

/** Kernel and initrd are opened by a QEMU that may run as another user. What keeps others out is the directory. */
const READABLE = 0o644

/** The kernel, or a copy of one that only its owner may read (Ubuntu's /boot, a build under umask 077). */
async function readableKernel(files: Files, image: string, directory: string): Promise<string> {
  const real = await files.realPath(image)
  if (((await files.stat(real))?.mode ?? 0) & 0o004) return image
  const copy = join(directory, 'kernel')
  await files.copy(real, copy)
  await files.chmod(copy, READABLE)
  return copy
}

/** The bundle's base, then ours: of two files with one name the kernel keeps the later. */
async function composeInitrd(
  files: Files,
  options: GuestImageOptions,
  { modules, nodes }: { readonly modules: readonly BootModule[]; readonly nodes: readonly DeviceNode[] },
): Promise<Uint8Array> {
  const base = await files.readBytes(options.built.bundle.initrd)
  const guestFiles = { ...(await readGuestFiles(files, options)), deviceNodes: nodes }
  // The kernel looks for the next archive at a multiple of four bytes, skipping zeros.
  const gap = new Uint8Array((4 - (base.length % 4)) % 4)
  return Buffer.concat([base, gap, writeCpio(initramfsEntries(guestFiles, options.settings, modules))])
}

async function readGuestFiles(files: Files, options: GuestImageOptions): Promise<Omit<GuestFiles, 'deviceNodes'>> {
  const { scriptsDirectory, suiteFolder, built } = options
  const read = (name: string) => files.readBytes(join(scriptsDirectory, name))
  const names = Object.keys(GUEST_PROGRAMS) as (keyof typeof GUEST_PROGRAMS)[]
  const programs = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await read(name)] as const)))
  const suite = new Map<string, Uint8Array>()
  if (suiteFolder !== null) {
    const directory = join(dirname(scriptsDirectory), 'suites', suiteFolder, 'guest')
    for (const name of await files.list(directory)) suite.set(name, await files.readBytes(join(directory, name)))
  }
  const { config, release } = built.bundle.kernel
  return {
    init: await read('init'),
    programs: programs as GuestFiles['programs'],
    suite,
    users: await files.readText(join(scriptsDirectory, 'users')),
    kernelConfig: config === undefined ? null : { release, contents: await files.readBytes(config) },
  }
}

/** Sparse raw disks, one for each of the section. Their serials are the roles; those that may be given more than once are numbered. */
async function makeDisks(
  files: Files,
  { section, needs }: Pick<GuestImageOptions, 'section' | 'needs'>,
  directory: string,
): Promise<readonly Drive[]> {
  const drives: Drive[] = []
  const persistent = needs.persistentRoles
  const members = new Map<string, number>()
  for (const { role, sizeMiB } of section.disks) {
    const number = members.get(role) ?? 0
    members.set(role, number + 1)
    const serial = needs.repeatedRoles.includes(role) ? `${role}${number}` : role
    if (drives.some((drive) => drive.serial === serial)) {
      throw new UserError(`Section ${section.name} has two disks with the role ${role}.`, repeatable(needs.repeatedRoles))
    }
    const path = join(directory, `${serial}.raw`)
    await files.createSparse(path, sizeMiB * 1024 * 1024)
    // QEMU, which may be another user by then, opens this one itself. The directory keeps everybody else out.
    if (persistent.includes(role)) await files.chmod(path, 0o666)
    drives.push({ path, serial, readOnly: false, ...(persistent.includes(role) ? { persistentMiB: sizeMiB } : {}) })
  }
  return drives
}

function repeatable(roles: readonly string[]): string {
  return roles.length === 0
    ? 'Each role may be given once.'
    : `Only ${roles.map((role) => `\`${role}\``).join(', ')} may be given more than once.`
}
