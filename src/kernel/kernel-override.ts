import { basename, dirname, join, resolve } from 'node:path'
import type { BundleKernel, VmBundle } from '../domain/bundle.js'
import { UserError } from '../domain/errors.js'
import type { KernelOverride } from '../domain/inputs.js'
import type { Ports } from '../ports/index.js'
import { readKernelImage } from './kernel-image.js'

type OverridePorts = Pick<Ports, 'files'>

/** The build tree an image was left in: `arch/ARCH/boot/NAME` below it, or `vmlinux` in it. Null for an image elsewhere. */
async function buildTree(image: string, release: string, ports: OverridePorts): Promise<string | null> {
  const match = /^(.*)\/(?:arch\/[^/]+\/boot\/[^/]+|vmlinux)$/.exec(image)
  const tree = match?.[1]
  if (tree === undefined) return null
  const made = await ports.files.readText(join(tree, 'include/config/kernel.release')).catch(() => null)
  // A tree configured anew since: its .config and vmlinux are not this image's.
  return made?.trim() === release ? tree : null
}

async function exists(path: string, ports: OverridePorts): Promise<boolean> {
  return (await ports.files.stat(path)) !== null
}

/**
 * The directory that holds lib/modules/RELEASE, from what the user gave: that directory, or lib/modules/RELEASE itself.
 * @throws UserError naming the releases that are there
 */
async function modulesRoot(given: string, release: string, ports: OverridePorts): Promise<string> {
  const path = resolve(given)
  if (await exists(join(path, 'lib/modules', release), ports)) return path
  if (basename(path) === release && path.endsWith(join('/lib/modules', release))) return dirname(dirname(dirname(path)))
  const there = await ports.files.list(join(path, 'lib/modules')).catch(() => [])
  const found = there.length === 0 ? `no lib/modules` : `modules of ${there.join(', ')}`
  throw new UserError(
    `The kernel is ${release}, but ${given} has ${found}.`,
    'Install the modules of this kernel: `make modules_install INSTALL_MOD_PATH=DIRECTORY`, and give DIRECTORY.',
  )
}

function required(path: string, what: string, ports: OverridePorts): Promise<string> {
  return ports.files.realPath(path).catch((cause: unknown) => {
    throw new UserError(`${what} ${path} does not exist.`, 'Check the path.', { cause })
  })
}

/**
 * The kernel of `--kernel`, with what belongs to it: `--modules`, `--vmlinux`, `--config`, or the last two from the build tree the
 * image lies in. The bundle's own modules are dropped: they are of another kernel.
 * @throws UserError where a path is missing, is no kernel, or the modules are another release's
 */
export async function overrideKernel(override: KernelOverride, ports: OverridePorts): Promise<BundleKernel> {
  const image = await required(override.image, 'The kernel', ports)
  const { release } = await readKernelImage(image, ports)
  const tree = await buildTree(image, release, ports)
  const beside = async (name: string) => (tree !== null && (await exists(join(tree, name), ports)) ? join(tree, name) : undefined)
  const config =
    override.config === undefined ? await beside('.config') : await required(override.config, 'The kernel configuration', ports)
  const vmlinux = override.vmlinux === undefined ? await beside('vmlinux') : await required(override.vmlinux, 'vmlinux', ports)
  const modules = override.modules === undefined ? undefined : await modulesRoot(override.modules, release, ports)
  return {
    image,
    release,
    ...(config === undefined ? {} : { config }),
    ...(vmlinux === undefined ? {} : { vmlinux }),
    ...(modules === undefined ? {} : { modules }),
  }
}

/** The bundle with another kernel in it. */
export function withKernel(bundle: VmBundle, kernel: BundleKernel): VmBundle {
  return { ...bundle, kernel, revisions: { ...bundle.revisions, kernel: kernel.release } }
}
