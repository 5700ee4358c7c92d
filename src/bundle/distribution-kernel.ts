import { basename, dirname, join } from 'node:path'
import type { Architecture } from '../domain/bundle.js'
import { lastLine, UserError } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'
import type { Distribution } from './host-facts.js'
import { sha256Of } from './host-tree.js'

/** The distribution's kernel as packages: taken apart by the builder, never installed here. */
export interface DistributionKernel {
  /** As `uname -r` will print it. */
  readonly release: string
  /** The package's version. */
  readonly version: string
  readonly archives: readonly KernelArchive[]
}

/** One package: where it is kept once it is downloaded, and what it must hold. */
export interface KernelArchive {
  readonly path: string
  readonly sha256: string
  /** As apt asks for it: `NAME=VERSION`. */
  readonly request: string
}

/** A package and its exact version, as apt knows it. */
interface Package {
  readonly name: string
  readonly version: string
  /** Of the archive, from apt's signed lists; null where no list offers it for download. */
  readonly sha256: string | null
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

const SHA256 = /^[0-9a-f]{64}$/

/** What apt's lists say of a package's candidate. */
interface Candidate {
  readonly version: string
  readonly depends: string
  readonly sha256: string | null
}

/** The first stanza of `apt-cache show`: the candidate. Null where apt does not know the package. */
export function parseAptShow(output: string): Candidate | null {
  const stanza = output.split('\n\n')[0] ?? ''
  // regexp: a name of ours, at a line’s start; what follows always fits
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1] ?? null
  const version = field('Version')
  const sha256 = field('SHA256')
  return version === null
    ? null
    : { version, depends: field('Depends') ?? '', sha256: sha256 !== null && SHA256.test(sha256) ? sha256 : null }
}

async function aptShow(ports: Pick<Ports, 'exec'>, name: string): Promise<Candidate | null> {
  const { stdout, code } = await ports.exec.run(['apt-cache', 'show', '--no-all-versions', name])
  return code === 0 ? parseAptShow(stdout) : null
}

/** The name a package is kept under: only characters a store path may have. */
export function archiveName(one: Pick<Package, 'name' | 'version'>): string {
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
      if (found !== null) packages.push({ name, version: found.version, sha256: found.sha256 })
    }
    if (packages[0]?.name === `linux-image-${image.release}`) return { release: image.release, packages }
  }
  return null
}

/** Downloads into a directory of its own first, so that a broken download never passes for a package. */
async function download(archives: readonly Pick<KernelArchive, 'path' | 'request'>[], ports: Pick<Ports, 'exec' | 'files'>): Promise<void> {
  const directory = dirname(archives[0]?.path ?? '')
  const requests = archives.map(({ request }) => request)
  await ports.files.makeDirectory(directory)
  const fresh = await ports.files.makeTemporary(directory, 'download-')
  try {
    const { code, stderr } = await ports.exec.run(['apt-get', 'download', ...requests], { cwd: fresh, timeoutSeconds: 900 })
    if (code !== 0) {
      throw new UserError(
        `apt could not download the distribution's kernel (${requests.join(', ')}): ${lastLine(stderr)}`,
        'Run `apt-get update` as root and try again, or give a kernel with `--kernel` and a bundle with `--bundle`.',
        { kind: 'could-not-test' },
      )
    }
    const arrived = await ports.files.list(fresh)
    for (const { path, request } of archives) {
      const file = arrived.find((name) => name.startsWith(`${request.split('=')[0]}_`))
      if (file !== undefined) await ports.files.rename(join(fresh, file), path)
    }
  } finally {
    await ports.files.remove(fresh)
  }
}

/**
 * The distribution's kernel as apt's lists describe it, to be kept below `cacheDirectory`. Nothing is downloaded, but for
 * a package whose hash no list has.
 * @throws UserError (`could-not-test`) where apt knows no kernel
 */
export async function findDistributionKernel(
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
  const archives: KernelArchive[] = []
  for (const one of chosen.packages) {
    const archive = { path: join(options.cacheDirectory, 'kernels', archiveName(one)), request: `${one.name}=${one.version}` }
    archives.push({ ...archive, sha256: one.sha256 ?? (await hashOnceThere(archive, ports)) })
  }
  return { release: chosen.release, version: chosen.packages[0]?.version ?? '', archives }
}

async function hashOnceThere(archive: Omit<KernelArchive, 'sha256'>, ports: Pick<Ports, 'exec' | 'files'>): Promise<string> {
  if ((await ports.files.stat(archive.path)) === null) await download([archive], ports)
  if ((await ports.files.stat(archive.path)) === null) throw notThere(archive)
  return sha256Of(ports, archive.path)
}

function notThere({ path }: Pick<KernelArchive, 'path'>): UserError {
  return new UserError(`apt did not leave ${basename(path)} in ${dirname(path)}.`, 'Remove that directory and try again.', {
    kind: 'could-not-test',
  })
}

/**
 * Downloads the packages that are not here yet, or not as they should be: once per version. Nothing is installed: the boot
 * loader, /boot and /lib/modules of this machine stay as they are.
 * @param onDownload called before apt is asked for something
 * @throws UserError (`could-not-test`) where apt cannot download them, or what it brings is something else
 */
export async function fetchDistributionKernel(
  kernel: DistributionKernel,
  ports: Pick<Ports, 'exec' | 'files'>,
  onDownload: () => void = () => undefined,
): Promise<void> {
  const isHere = async ({ path, sha256 }: KernelArchive) =>
    (await ports.files.stat(path)) !== null && (await sha256Of(ports, path)) === sha256
  const absent: KernelArchive[] = []
  for (const archive of kernel.archives) if (!(await isHere(archive))) absent.push(archive)
  if (absent.length === 0) return
  onDownload()
  await download(absent, ports)
  for (const archive of absent) {
    if ((await ports.files.stat(archive.path)) === null) throw notThere(archive)
    if (await isHere(archive)) continue
    throw new UserError(
      `${basename(archive.path)} was downloaded, but is not the package of apt's lists (another sha256).`,
      'Run `apt-get update` as root and try again.',
      { kind: 'could-not-test' },
    )
  }
}
