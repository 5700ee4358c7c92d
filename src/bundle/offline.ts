import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { UserError } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'
import { type DistributionKernel, fetchDistributionKernel, findDistributionKernel } from './distribution-kernel.js'
import { architectureOf, distributionOf } from './host-facts.js'
import { collectHostTree, type HostTree, sha256Of } from './host-tree.js'

type StagePorts = Pick<Ports, 'exec' | 'files'>

/** Where the offline bundle is made. */
export interface OfflineOptions {
  /** This project's own checkout: examples/offline and nix/ are copied from it. */
  readonly checkout: string
  /** A directory of ours that is kept between runs: downloaded kernels and the staged flake. */
  readonly cacheDirectory: string
}

/** The staged flake, and the kernel it names: downloaded (`fetchDistributionKernel`) before anything is built. */
export interface OfflineFlake {
  readonly directory: string
  readonly kernel: DistributionKernel
}

/** A file Nix takes into its store: `file://` with its hash, allowed in pure evaluation and in the sandbox. */
interface FetchedFile {
  readonly url: string
  readonly sha256: string
}

/** What host.json holds: read by nix/offline/default.nix. */
export interface HostDescription {
  /** As Nix names it: `x86_64-linux`. */
  readonly system: string
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
    const version = /\d+(\.\d+)+\S*/.exec(stdout + stderr)?.[0]
    if (version !== undefined) found[name] = version
  }
  return found
}

async function describeHost(options: OfflineOptions, ports: StagePorts): Promise<{ host: HostDescription; kernel: DistributionKernel }> {
  const architecture = architectureOf((await ports.exec.run(['uname', '-m'])).stdout.trim())
  const distribution = distributionOf(await ports.files.readText('/etc/os-release'))
  if (distribution === null) {
    throw new UserError(
      'The offline bundle takes its kernel from Debian or Ubuntu packages, and this is neither.',
      'Use a bundle from a flake (`vmtest init`), or give one with `--bundle`.',
      { kind: 'could-not-test' },
    )
  }
  const busybox = await ports.exec.which('busybox')
  if (busybox === null) throw missingPrograms(['busybox'])
  const busyboxPath = await ports.files.realPath(busybox)
  const kernel = await findDistributionKernel({ cacheDirectory: options.cacheDirectory, architecture, distribution }, ports)
  const host = {
    system: `${architecture}-linux`,
    shell: '/bin/bash',
    path: ['/usr/bin', '/bin', '/usr/sbin', '/sbin'],
    qemu: await ports.exec.which(`qemu-system-${architecture}`),
    busybox: fetched({ path: busyboxPath, sha256: await sha256Of(ports, busyboxPath) }),
    kernel: { ...kernel, archives: kernel.archives.map(fetched) },
    revisions: await programVersions(ports),
  }
  return { host, kernel }
}

function fetched(file: { readonly path: string; readonly sha256: string }): FetchedFile {
  return { url: pathToFileURL(file.path).href, sha256: file.sha256 }
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
 * by the bytes alone what a build of it would give: every program is in it with its hash.
 * @throws UserError (`could-not-test`) where programs are missing or apt knows no kernel
 */
export async function stageOfflineFlake(options: OfflineOptions, ports: StagePorts): Promise<OfflineFlake> {
  // apt takes a second to answer, the programs as long to hash: side by side.
  const description = describeHost(options, ports)
  description.catch(() => undefined)
  const tree = await collectHostTree(ports)
  if (tree.missing.length > 0) throw missingPrograms(tree.missing)
  const { host, kernel } = await description
  const fresh = await ports.files.makeTemporary(options.cacheDirectory, `${STAGED}new-`)
  try {
    await ports.files.chmod(fresh, 0o755)
    await fill(fresh, { options, tree, host }, ports)
    return { directory: await settle(fresh, options.cacheDirectory, ports.files), kernel }
  } finally {
    await ports.files.remove(fresh)
  }
}

/** What the names of staged flakes begin with. */
const STAGED = 'offline-flake-'

/** Puts a staged flake where its contents say: another run may be reading the one that is there. @returns its directory */
async function settle(fresh: string, cacheDirectory: string, files: Ports['files']): Promise<string> {
  const settled = join(cacheDirectory, `${STAGED}${await contentsOf(fresh, files)}`)
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

async function forgetOld(cacheDirectory: string, files: Ports['files']): Promise<void> {
  const found: { path: string; modifiedMs: number }[] = []
  for (const name of (await files.list(cacheDirectory)).filter((one) => one.startsWith(STAGED))) {
    const path = join(cacheDirectory, name)
    found.push({ path, modifiedMs: (await files.stat(path))?.modifiedMs ?? 0 })
  }
  found.sort((one, other) => other.modifiedMs - one.modifiedMs)
  for (const { path } of found.slice(FLAKES_KEPT)) await files.remove(path)
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
  const { directory, kernel } = await stageOfflineFlake(options, ports)
  await fetchDistributionKernel(kernel, ports)
  return directory
}
