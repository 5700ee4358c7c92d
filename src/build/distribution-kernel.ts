import { basename, join } from 'node:path'
import type { Architecture } from '../domain/bundle.js'
import { UserError } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'
import type { Distribution } from './host-facts.js'
import { sha256Of } from './host-tree.js'

/** The distribution's kernel as downloaded packages: taken apart by the builder, never installed here. */
export interface DistributionKernel {
  /** As `uname -r` will print it. */
  readonly release: string
  /** The package's version. */
  readonly version: string
  readonly archives: readonly { readonly path: string; readonly sha256: string }[]
}

/** A package and its exact version, as apt knows it. */
interface Package {
  readonly name: string
  readonly version: string
}

interface KernelFlavour {
  /** Metapackages in order of preference; the first apt knows is taken. */
  readonly metapackages: readonly string[]
  /** Packages that may hold modules of release `R`, beside `linux-image-R`; those apt knows are taken. */
  readonly companions: readonly string[]
}

/**
 * Small kernels with virtio, EROFS and overlay first. Ubuntu splits modules off the image
 * (packages.ubuntu.com, linux-modules and linux-modules-extra).
 */
const FLAVOURS: Readonly<Record<Architecture, Readonly<Record<Distribution, KernelFlavour>>>> = {
  x86_64: {
    debian: { metapackages: ['linux-image-cloud-amd64', 'linux-image-amd64'], companions: ['linux-modules-'] },
    ubuntu: { metapackages: ['linux-image-virtual', 'linux-image-generic'], companions: ['linux-modules-', 'linux-modules-extra-'] },
  },
  aarch64: {
    debian: { metapackages: ['linux-image-cloud-arm64', 'linux-image-arm64'], companions: ['linux-modules-'] },
    ubuntu: { metapackages: ['linux-image-virtual', 'linux-image-generic'], companions: ['linux-modules-', 'linux-modules-extra-'] },
  },
}

/** `linux-image-6.1.0-56-cloud-amd64 (= 6.1.192-2)` among a metapackage's dependencies. */
export function imageDependency(depends: string): { readonly release: string } | null {
  for (const one of depends.split(',')) {
    const match = /^\s*linux-image-(?:unsigned-)?(\d\S*)/.exec(one)
    if (match?.[1] !== undefined) return { release: match[1] }
  }
  return null
}

/** The first stanza of `apt-cache show`: the candidate. Null where apt does not know the package. */
export function parseAptShow(output: string): { readonly version: string; readonly depends: string } | null {
  const stanza = output.split('\n\n')[0] ?? ''
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1] ?? null
  const version = field('Version')
  return version === null ? null : { version, depends: field('Depends') ?? '' }
}

async function aptShow(ports: Pick<Ports, 'exec'>, name: string): Promise<{ version: string; depends: string } | null> {
  const { stdout, code } = await ports.exec.run(['apt-cache', 'show', '--no-all-versions', name])
  return code === 0 ? parseAptShow(stdout) : null
}

/** The name a package is kept under: only characters a store path may have. */
export function archiveName(one: Package): string {
  return `${one.name}_${one.version}.deb`.replaceAll(/[^A-Za-z0-9._+-]/g, '_')
}

/** The newest kernel apt's lists know, as the packages to download; null where they know none. Reads local lists only. */
export async function kernelPackages(
  host: { readonly architecture: Architecture; readonly distribution: Distribution },
  ports: Pick<Ports, 'exec'>,
): Promise<{ release: string; packages: readonly Package[] } | null> {
  const flavour = FLAVOURS[host.architecture][host.distribution]
  for (const metapackage of flavour.metapackages) {
    const meta = await aptShow(ports, metapackage)
    const image = meta === null ? null : imageDependency(meta.depends)
    if (image === null) continue
    const packages: Package[] = []
    for (const name of [`linux-image-${image.release}`, ...flavour.companions.map((prefix) => `${prefix}${image.release}`)]) {
      const found = await aptShow(ports, name)
      if (found !== null) packages.push({ name, version: found.version })
    }
    if (packages[0]?.name === `linux-image-${image.release}`) return { release: image.release, packages }
  }
  return null
}

/** Downloads into a directory of its own first, so that a broken download never passes for a package. */
async function download(packages: readonly Package[], directory: string, ports: Pick<Ports, 'exec' | 'files'>): Promise<void> {
  const fresh = await ports.files.makeTemporary(directory, 'download-')
  try {
    const { code, stderr } = await ports.exec.run(['apt-get', 'download', ...packages.map((one) => `${one.name}=${one.version}`)], {
      cwd: fresh,
      timeoutSeconds: 900,
    })
    if (code !== 0) {
      throw new UserError(
        `apt could not download the distribution's kernel (${packages.map((one) => one.name).join(', ')}): ${lastLine(stderr)}`,
        'Run `apt-get update` as root and try again, or give a kernel with `--kernel` and a bundle with `--bundle`.',
        { kind: 'could-not-test' },
      )
    }
    const arrived = await ports.files.list(fresh)
    for (const one of packages) {
      const file = arrived.find((name) => name.startsWith(`${one.name}_`))
      if (file !== undefined) await ports.files.rename(join(fresh, file), join(directory, archiveName(one)))
    }
  } finally {
    await ports.files.remove(fresh)
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}

/**
 * The distribution's kernel below `cacheDirectory`, downloaded once per version. Nothing is installed: the boot
 * loader, /boot and /lib/modules of this machine stay as they are.
 * @throws UserError (`could-not-test`) where apt knows no kernel or cannot download it
 */
export async function fetchDistributionKernel(
  options: { readonly cacheDirectory: string; readonly architecture: Architecture; readonly distribution: Distribution },
  ports: Pick<Ports, 'exec' | 'files'>,
): Promise<DistributionKernel> {
  const chosen = await kernelPackages(options, ports)
  if (chosen === null) {
    throw new UserError(
      `apt knows none of ${FLAVOURS[options.architecture][options.distribution].metapackages.join(', ')}.`,
      'Run `apt-get update` as root and try again, or give a built bundle with `--bundle`.',
      { kind: 'could-not-test' },
    )
  }
  const directory = join(options.cacheDirectory, 'kernels')
  const paths = chosen.packages.map((one) => join(directory, archiveName(one)))
  const absent: Package[] = []
  for (const [index, one] of chosen.packages.entries()) {
    if ((await ports.files.stat(paths[index] ?? '')) === null) absent.push(one)
  }
  if (absent.length > 0) await download(absent, directory, ports)
  const archives: { path: string; sha256: string }[] = []
  for (const path of paths) {
    if ((await ports.files.stat(path)) === null) {
      throw new UserError(`apt did not leave ${basename(path)} in ${directory}.`, 'Remove that directory and try again.', {
        kind: 'could-not-test',
      })
    }
    archives.push({ path, sha256: await sha256Of(ports, path) })
  }
  return { release: chosen.release, version: chosen.packages[0]?.version ?? '', archives }
}
