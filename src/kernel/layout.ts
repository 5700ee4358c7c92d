import { createHash } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import type { Architecture } from '../domain/bundle.js'
import { UserError } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'

/** What only a kernel's source tree has at its top. */
const MARKS = ['Kbuild', 'MAINTAINERS', 'scripts/kconfig/merge_config.sh']

export async function isKernelTree(directory: string, files: Pick<Ports['files'], 'stat'>): Promise<boolean> {
  for (const mark of MARKS) if ((await files.stat(join(directory, mark))) === null) return false
  return true
}

/** The kernel tree a person in this directory means: the directory itself, or `linux` in it. Null where neither is one. */
export async function findKernelTree(directory: string, files: Pick<Ports['files'], 'stat'>): Promise<string | null> {
  for (const candidate of [directory, join(directory, 'linux')]) if (await isKernelTree(candidate, files)) return candidate
  return null
}

/** The kernel tree a directory lies in, itself included; null where it lies in none. */
export async function enclosingKernelTree(directory: string, files: Pick<Ports['files'], 'stat'>): Promise<string | null> {
  for (let at = directory; ; at = dirname(at)) {
    if (await isKernelTree(at, files)) return at
    if (at === dirname(at)) return null
  }
}

/**
 * Where the objects of a tree are: in our cache, never in the tree. One directory for each tree, by its real path, and for each architecture
 * that is not the machine's own.
 */
export function objectDirectory(cacheDirectory: string, tree: string, foreign: Architecture | null): string {
  return join(cacheDirectory, 'kernel-trees', `${treeName(tree)}${foreign === null ? '' : `-${foreign}`}`)
}

/** A name for a tree that no other has: its directory's, and a mark of its path. */
export function treeName(tree: string): string {
  return `${basename(tree)}-${createHash('sha256').update(tree).digest('hex').slice(0, 8)}`
}

/** What `make O=` refuses to work beside; the kernel's own test (Makefile, `outputmakefile`). */
export async function isBuiltInPlace(tree: string, arch: string, files: Pick<Ports['files'], 'stat'>): Promise<boolean> {
  for (const left of ['.config', 'include/config', `arch/${arch}/include/generated`]) {
    if ((await files.stat(join(tree, left))) !== null) return true
  }
  return false
}

/** What differs between architectures in a build. */
export interface KernelTarget {
  readonly architecture: Architecture
  /** The fragment in nix/kconfig. */
  readonly fragment: string
  /** The directory below arch/. */
  readonly arch: string
  /** What to make. */
  readonly image: string
  /** Where it is left, relative to the object directory. */
  readonly imagePath: string
}

/** By `uname -m`. */
export const KERNEL_TARGETS: Readonly<Record<string, KernelTarget>> = {
  x86_64: {
    architecture: 'x86_64',
    fragment: 'x86_64',
    arch: 'x86',
    image: 'bzImage',
    imagePath: 'arch/x86/boot/bzImage',
  },
  aarch64: {
    architecture: 'aarch64',
    fragment: 'aarch64',
    arch: 'arm64',
    image: 'Image',
    imagePath: 'arch/arm64/boot/Image',
  },
}

/** `ARCH` as the kernel's Makefile takes it. */
const ARCHES: Readonly<Record<string, Architecture>> = { x86: 'x86_64', x86_64: 'x86_64', arm64: 'aarch64' }

/**
 * What a tree is built for: what `ARCH` of the environment says, as the kernel's own Makefile reads it, else the machine's own.
 * @throws UserError for an architecture no guest is made for
 */
export function chooseTarget(machine: string, arch: string | undefined): { readonly target: KernelTarget; readonly isForeign: boolean } {
  const asked = arch === undefined || arch === '' ? null : arch
  const architecture = asked === null ? machine : ARCHES[asked]
  const target = Object.values(KERNEL_TARGETS).find((one) => one.architecture === architecture)
  if (target !== undefined) return { target, isForeign: target.architecture !== machine }
  if (asked !== null) throw new UserError(`ARCH is \`${asked}\`; guests are made for x86_64 and arm64.`, 'Unset ARCH, or set one of these.')
  throw new UserError(`There is no kernel configuration for ${machine}.`, 'Build the kernel yourself and give it with `--kernel`.')
}
