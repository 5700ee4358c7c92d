import { createHash } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Architecture } from '../domain/bundle.js'
import { UserError } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'
import { type DistributionKernel, fetchDistributionKernel, findDistributionKernel } from './distribution-kernel.js'
import { type AptRoot, fetchPackages, openAptRoot } from './foreign-packages.js'
import { debianPackages } from './guest-programs.js'
import { architectureOfMachine, type Distribution, distributionOf } from './host-facts.js'
import { collectHostTree, type HostTree, sha256Of } from './host-tree.js'
import { knownFlake, noteReading } from './known-flake.js'

type StagePorts = Pick<Ports, 'exec' | 'files'>

/** Where the offline bundle is made. */
export interface OfflineOptions {
  /** This project's own checkout: examples/offline and nix/ are copied from it. */
  readonly checkout: string
  /** A directory of ours that is kept between runs: downloaded kernels and the staged flake. */
  readonly cacheDirectory: string
  /** Of the guest; absent: the machine's own. */
  readonly architecture?: Architecture | undefined
  /** With which of the table's programs a guest of another architecture is made; the machine's own gives what it has. */
  readonly programs?: 'required' | 'all' | undefined
  /** Of this machine: another architecture's apt takes proxies and the path from it. Absent: nothing is remembered of what is staged. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
}

/** The staged flake, and the kernel it names: downloaded (`fetchDistributionKernel`) before anything is built. */
export interface OfflineFlake {
  readonly directory: string
  readonly kernel: DistributionKernel
  /** What runs apt for that kernel's packages. */
  readonly apt: Ports['exec']
}

/** A file Nix takes into its store: `file://` with its hash, allowed in pure evaluation and in the sandbox. */
interface FetchedFile {
  /** What it is called in the store, where its own name has characters that no store path may have. */
  readonly name?: string
  readonly url: string
  readonly sha256: string
}

/** What host.json holds: read by nix/offline/default.nix. */
export interface HostDescription {
  /** As Nix names it: `x86_64-linux`. */
  readonly system: string
  /** As Nix names the guest's, where it is another. */
  readonly guestSystem?: string
  /** Debian packages the guest is made of, in place of the host's programs. */
  readonly packages?: readonly FetchedFile[]
  readonly shell: string
  readonly path: readonly string[]
  readonly qemu: string | null
  readonly busybox: FetchedFile
  readonly kernel: Omit<DistributionKernel, 'archives'> & { readonly archives: readonly FetchedFile[] }
  readonly revisions: Readonly<Record<string, string>>
}

/** Trees of nix/ the flake needs; the rest of nix/ serves other package sets. */
const STAGED_TREES = ['lib', 'offline', 'guest', 'suites', 'sections', 'kconfig']

/** Builders do not see the host's /etc: its files are copied into the flake instead. */
const inEtc = (path: string) => path.startsWith('/etc/')

/** Sha256sum's format: what `sha256sum --check` reads. */
export function formatHostFiles(tree: HostTree): string {
  const seen = tree.files.filter((one) => !inEtc(one.path))
  return seen.map((one) => `${one.sha256}  ${one.path}\n`).join('')
}

export function formatHostLinks(tree: HostTree): string {
  return tree.links.map((one) => `${one.path} ${one.target}\n`).join('')
}

async function copyTree(from: string, to: string, files: Ports['files']): Promise<void> {
  await files.makeDirectory(to)
  for (const name of await files.list(from)) {
    const source = join(from, name)
    const entry = await files.stat(source)
    if (entry?.kind === 'directory') await copyTree(source, join(to, name), files)
    else if (entry?.kind === 'file') await files.copy(source, join(to, name))
  }
}

/** Versions of what the guest will run, for the record. A program that says nothing is left out. */
async function programVersions(ports: Pick<Ports, 'exec'>): Promise<Record<string, string>> {
  const asked = { xfsprogs: ['mkfs.xfs', '-V'], e2fsprogs: ['mke2fs', '-V'], fio: ['fio', '--version'] }
  const found: Record<string, string> = {}
  for (const [name, argv] of Object.entries(asked)) {
    const { stdout, stderr } = await ports.exec.run(argv, { timeoutSeconds: 30 })
    const version = /(?:^|\D)(\d+(?:\.\d+)+\S*)/.exec(stdout + stderr)?.[1]
    if (version !== undefined) found[name] = version
  }
  return found
}

interface Described extends Pick<OfflineFlake, 'kernel' | 'apt'> {
  readonly host: HostDescription
}

async function describeHost(options: OfflineOptions, own: Architecture, ports: StagePorts): Promise<Described> {
  const distribution = distributionOf(await ports.files.readText('/etc/os-release'))
  if (distribution === null) {
    throw new UserError(
      'The offline bundle takes its kernel from Debian or Ubuntu packages, and this is neither.',
      'Use a bundle from a flake (`vmtest init`), or give one with `--bundle`.',
      { kind: 'could-not-test' },
    )
  }
  const { architecture = own } = options
  const foreign = architecture === own ? null : await foreignGuest({ ...options, architecture, distribution }, ports)
  const apt = foreign?.root.exec ?? ports.exec
  const kernelPorts = { exec: apt, files: ports.files }
  const kernel = await findDistributionKernel({ cacheDirectory: options.cacheDirectory, architecture, distribution }, kernelPorts)
  const host = {
    system: `${own}-linux`,
    ...(foreign === null ? {} : { guestSystem: `${architecture}-linux`, packages: foreign.packages }),
    shell: '/bin/bash',
    path: ['/usr/bin', '/bin', '/usr/sbin', '/sbin'],
    qemu: await ports.exec.which(`qemu-system-${architecture}`),
    busybox: foreign?.busybox ?? (await ownBusybox(ports)),
    kernel: { ...kernel, archives: kernel.archives.map(fetched) },
    revisions: foreign?.revisions ?? (await programVersions(ports)),
  }
  return { host, kernel, apt }
}

async function ownBusybox(ports: StagePorts): Promise<FetchedFile> {
  const busybox = await ports.exec.which('busybox')
  if (busybox === null) throw missingPrograms(['busybox'])
  const path = await ports.files.realPath(busybox)
  return fetched({ path, sha256: await sha256Of(ports, path) })
}

interface ForeignGuest {
  readonly root: AptRoot
  readonly packages: readonly FetchedFile[]
  /** The package with the static one. */
  readonly busybox: FetchedFile
  readonly revisions: Readonly<Record<string, string>>
}

/** A guest of another architecture, of the distribution's packages for it. */
async function foreignGuest(
  options: OfflineOptions & { readonly architecture: Architecture; readonly distribution: Distribution },
  ports: StagePorts,
): Promise<ForeignGuest> {
  const root = await openAptRoot(options, ports)
  const packages = await fetchPackages(root, [...debianPackages(options.programs ?? 'required'), BUSYBOX], ports)
  const busybox = packages.find(({ path }) => basename(path).startsWith(`${BUSYBOX}_`))
  if (busybox === undefined) throw missingPrograms([BUSYBOX])
  const versionOf = (name: string) =>
    // regexp: a name of ours, on a file’s name
    new RegExp(`^${name}_(?:\\d+%3a)?([^_-]+)`).exec(
      packages.map(({ path }) => basename(path)).find((file) => file.startsWith(`${name}_`)) ?? '',
    )?.[1]
  const revisions = ['xfsprogs', 'e2fsprogs', 'fio'].flatMap((name) => {
    const version = versionOf(name)
    return version === undefined ? [] : [[name, version] as const]
  })
  return {
    root,
    packages: packages.filter((one) => one !== busybox).map(fetched),
    busybox: fetched(busybox),
    revisions: Object.fromEntries(revisions),
  }
}

const BUSYBOX = 'busybox-static'

function fetched(file: { readonly path: string; readonly sha256: string }): FetchedFile {
  const name = basename(file.path)
  const plain = name.replaceAll(/[^A-Za-z0-9._+-]/g, '_')
  return { ...(plain === name ? {} : { name: plain }), url: pathToFileURL(file.path).href, sha256: file.sha256 }
}

function missingPrograms(names: readonly string[]): UserError {
  return new UserError(
    `The guest needs programs this machine does not have: ${names.join(', ')}.`,
    'Run `vmtest demo`: it installs them.',
    {
      kind: 'could-not-test',
    },
  )
}

/**
 * Writes the offline flake into a work directory: examples/offline's flake.nix, this project's nix/, and host/ with
 * what this machine offers. The same machine gives the same bytes, so Nix rebuilds nothing, and the store cache can tell
 * by the bytes alone what a build of it would give: every program is in it with its hash. Where nothing of what was read for it has changed
 * since (`known-flake.ts`), it is the one there is.
 * @throws UserError (`could-not-test`) where programs are missing or apt knows no kernel
 */
export async function stageOfflineFlake(options: OfflineOptions, ports: StagePorts): Promise<OfflineFlake> {
  const own = await architectureOfMachine(ports)
  if (options.architecture !== undefined && options.architecture !== own) return stage(options, own, ports)
  const known = await knownFlake(options, ports.files)
  if (known !== null) return { ...known, apt: ports.exec }
  const noting = await noteReading(options, ports.files)
  const staged = await stage(options, own, { ...ports, files: noting.files })
  await noting.keep({ directory: staged.directory, kernel: staged.kernel })
  return staged
}

async function stage(options: OfflineOptions, own: Architecture, ports: StagePorts): Promise<OfflineFlake> {
  // apt takes a second to answer, the programs as long to hash: side by side.
  const description = describeHost(options, own, ports)
  description.catch(() => undefined)
  const isForeign = options.architecture !== undefined && options.architecture !== own
  const tree = isForeign ? { files: [], links: [], libraryDirectories: [], missing: [] } : await collectHostTree(ports)
  if (tree.missing.length > 0) throw missingPrograms(tree.missing)
  const { host, kernel, apt } = await description
  const fresh = await ports.files.makeTemporary(options.cacheDirectory, `${STAGED}new-`)
  try {
    await ports.files.chmod(fresh, 0o755)
    await fill(fresh, { options, tree, host }, ports)
    return { directory: await settle(fresh, options.cacheDirectory, ports.files), kernel, apt }
  } finally {
    await ports.files.remove(fresh)
  }
}

/** What the names of staged flakes begin with. */
const STAGED = 'offline-flake-'

/**
 * Beside each staged flake, when a run last took it: another checkout's run must not push it out while a kernel builds and it is not read
 * yet. Not in it, where it would be one more file of the flake.
 */
const USED = 'offline-used-'
/** A run that has taken a flake has read it by then, however long its kernel builds. */
const IN_USE_MS = 24 * 3600 * 1000

/** Puts a staged flake where its contents say: another run may be reading the one that is there. @returns its directory */
async function settle(fresh: string, cacheDirectory: string, files: Ports['files']): Promise<string> {
  const contents = await contentsOf(fresh, files)
  const settled = join(cacheDirectory, `${STAGED}${contents}`)
  await files.write(join(cacheDirectory, `${USED}${contents}`), '')
  if ((await files.stat(settled)) === null) {
    await files.rename(fresh, settled).catch(async (error) => {
      // Another run was quicker.
      if ((await files.stat(settled)) === null) throw error
    })
    await forgetOld(cacheDirectory, files)
  }
  return settled
}

/** Of machines that were: each update of a program gives another flake. */
const FLAKES_KEPT = 4

/** The newest stay, and with them each that a run may still be about to read. */
async function forgetOld(cacheDirectory: string, files: Ports['files']): Promise<void> {
  const found: { path: string; marker: string; usedMs: number }[] = []
  for (const name of (await files.list(cacheDirectory)).filter((one) => one.startsWith(STAGED))) {
    const path = join(cacheDirectory, name)
    const marker = join(cacheDirectory, `${USED}${name.slice(STAGED.length)}`)
    const times = [await files.stat(path), await files.stat(marker)].map((stat) => stat?.modifiedMs ?? 0)
    found.push({ path, marker, usedMs: Math.max(...times) })
  }
  found.sort((one, other) => other.usedMs - one.usedMs)
  const newestMs = found[0]?.usedMs ?? 0
  for (const { path, marker, usedMs } of found.slice(FLAKES_KEPT)) {
    if (newestMs - usedMs < IN_USE_MS) continue
    await files.remove(path)
    await files.remove(marker)
  }
}

async function contentsOf(directory: string, files: Ports['files']): Promise<string> {
  const hash = createHash('sha256')
  const walk = async (below: string): Promise<void> => {
    for (const name of await files.list(join(directory, below))) {
      const path = join(below, name)
      if ((await files.stat(join(directory, path)))?.kind === 'directory') await walk(path)
      else
        hash
          .update(`${path}\0`)
          .update(await files.readBytes(join(directory, path)))
          .update('\0')
    }
  }
  await walk('')
  return hash.digest('hex').slice(0, 16)
}

interface Staging {
  readonly options: OfflineOptions
  readonly tree: HostTree
  readonly host: HostDescription
}

async function fill(flake: string, { options, tree, host }: Staging, ports: StagePorts): Promise<void> {
  await ports.files.makeDirectory(join(flake, 'host/etc'))
  for (const { path } of tree.files.filter((one) => inEtc(one.path))) {
    await ports.files.makeDirectory(join(flake, 'host', dirname(path)))
    await ports.files.copy(path, join(flake, 'host', path))
  }
  await ports.files.write(join(flake, 'host/etc/ld.so.conf'), tree.libraryDirectories.map((directory) => `${directory}\n`).join(''))
  for (const name of ['flake.nix', 'default.nix']) {
    await ports.files.copy(join(options.checkout, 'examples/offline', name), join(flake, name))
  }
  for (const name of STAGED_TREES) {
    const source = join(options.checkout, 'nix', name)
    if ((await ports.files.stat(source)) !== null) await copyTree(source, join(flake, 'nix', name), ports.files)
  }
  await ports.files.write(join(flake, 'host/host.json'), `${JSON.stringify(host, null, 1)}\n`)
  await ports.files.write(join(flake, 'host/host-files.sha256'), formatHostFiles(tree))
  await ports.files.write(join(flake, 'host/host-links.txt'), formatHostLinks(tree))
}

/**
 * The staged flake ready to be built, its kernel downloaded.
 * @returns the flake's directory
 * @throws UserError (`could-not-test`) where programs are missing or no kernel can be had
 */
export async function prepareOfflineFlake(options: OfflineOptions, ports: StagePorts): Promise<string> {
  const { directory, kernel, apt } = await stageOfflineFlake(options, ports)
  await fetchDistributionKernel(kernel, { exec: apt, files: ports.files })
  return directory
}
