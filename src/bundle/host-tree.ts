import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { UserError } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'
import { type ElfDynamic, readElf } from './elf.js'
import {
  CONVERSIONS_SKIPPED,
  DATA_PATHS,
  EXTRA_LIBRARIES,
  MANUAL_PAGES,
  OPTIONAL_PROGRAMS,
  PERL_SKIPPED,
  PYTHON_SKIPPED,
  REQUIRED_PROGRAMS,
} from './guest-programs.js'

type HostPorts = Pick<Ports, 'exec' | 'files'>

/** A file of the host that goes into the guest at the same path. */
export interface HostFile {
  readonly path: string
  readonly sha256: string
}

/** A symbolic link in the guest; the target is absolute. */
export interface HostLink {
  readonly path: string
  readonly target: string
}

/** The host's programs, their libraries and data, as the guest gets them: sorted, links resolved. */
export interface HostTree {
  readonly files: readonly HostFile[]
  readonly links: readonly HostLink[]
  /** Where the loader's own cache led to libraries: the guest's cache is made of these directories. */
  readonly libraryDirectories: readonly string[]
  /** Programs of the required list the host does not have. */
  readonly missing: readonly string[]
}

const PROGRAM_DIRECTORIES = ['/usr/bin', '/usr/sbin', '/bin', '/sbin']
const LIBRARY_TAGS: Readonly<Record<number, string>> = { 62: 'x86-64', 183: 'AArch64' }

/** The soname table of `ldconfig -p`: `libz.so.1 (libc6,x86-64) => /lib/…/libz.so.1`; the first of a name wins. */
export function parseLibraryCache(output: string, machine: number): ReadonlyMap<string, string> {
  const tag = LIBRARY_TAGS[machine]
  const found = new Map<string, string>()
  for (const line of output.split('\n')) {
    const match = /^\s+(\S+) \(([^)]*)\) => (\S+)$/.exec(line)
    const [, name, flags, path] = match ?? []
    if (name === undefined || flags === undefined || path === undefined) continue
    if (tag !== undefined && !flags.split(/,\s*/).includes(tag)) continue
    if (!found.has(name)) found.set(name, path)
  }
  return found
}

/** Gathers paths, following links, scripts' interpreters and ELF dependencies, until nothing new turns up. */
class TreeCollector {
  readonly #ports: HostPorts
  readonly #files = new Set<string>()
  readonly #links = new Map<string, string>()
  readonly #queue: string[] = []
  #libraries: ReadonlyMap<string, string> = new Map()
  readonly #libraryDirectories = new Set<string>()

  constructor(ports: HostPorts) {
    this.#ports = ports
  }

  async useLibraryCache(machine: number): Promise<void> {
    const ldconfig = await this.#ports.exec.which('ldconfig')
    const { stdout } = await this.#ports.exec.run([ldconfig ?? '/sbin/ldconfig', '-p'])
    this.#libraries = parseLibraryCache(stdout, machine)
  }

  /** Adds the path itself and what it leads to. @returns false where it does not exist */
  async add(path: string): Promise<boolean> {
    const real = await this.#real(path)
    if (real === null) return false
    // A path through the merged-/usr links (/bin, /lib, /lib64) is not a link of its own.
    const canonical = join((await this.#real(dirname(path))) ?? dirname(path), path.slice(dirname(path).length))
    if (canonical !== real) this.#links.set(canonical, real)
    if (!this.#files.has(real)) {
      this.#files.add(real)
      this.#queue.push(real)
    }
    return true
  }

  async addLibrary(name: string): Promise<boolean> {
    const path = this.#libraries.get(name)
    if (path === undefined) return false
    this.#libraryDirectories.add(dirname(path))
    return this.add(path)
  }

  /** The directory of conversions that belongs to the C library. Missing: nothing to add. */
  async addConversions(): Promise<void> {
    const library = this.#libraries.get('libc.so.6')
    const directory = library === undefined ? null : await this.#real(dirname(library))
    if (directory !== null) await this.addDirectory(join(directory, 'gconv'), CONVERSIONS_SKIPPED)
  }

  async addTree(directory: string, skip: RegExp | null): Promise<void> {
    for (const name of await this.#ports.files.list(directory)) {
      const path = join(directory, name)
      if (skip?.test(path.slice(1)) === true) continue
      const entry = await this.#ports.files.stat(path)
      if (entry?.kind === 'directory') await this.addTree(path, skip)
      else if (entry?.kind === 'file') await this.add(path)
      else if (entry?.kind === 'symlink') await this.#addTreeLink(path, skip)
    }
  }

  async #addTreeLink(path: string, skip: RegExp | null): Promise<void> {
    const real = await this.#real(path)
    if (real === null) return
    if ((await this.#ports.files.stat(real))?.kind === 'directory') await this.addDirectory(path, skip)
    else await this.add(path)
  }

  /** A tree below a directory that may itself be reached through a link. Missing: nothing to add. */
  async addDirectory(path: string, skip: RegExp | null): Promise<void> {
    const real = await this.#real(path)
    if (real === null) return
    if (real !== path) this.#links.set(path, real)
    await this.addTree(real, skip)
  }

  /** Follows dependencies until nothing new turns up; files of one round are read side by side. */
  async settle(): Promise<void> {
    while (this.#queue.length > 0) {
      const round = this.#queue.splice(0)
      await Promise.all(
        round.map(async (path) => {
          const elf = await readElf((offset, length) => this.#ports.files.readBytes(path, { offset, length }))
          if (elf !== null) await this.#addDependencies(path, elf)
        }),
      )
    }
  }

  async #addDependencies(path: string, elf: ElfDynamic): Promise<void> {
    if (elf.interpreter !== null) await this.add(elf.interpreter)
    for (const name of elf.needed) {
      const beside = elf.runPath.map((directory) => join(directory.replace(/\$\{?ORIGIN\}?/g, dirname(path)), name))
      let found = false
      for (const candidate of beside) found = found || (await this.add(candidate))
      if (!found) await this.addLibrary(name)
    }
  }

  /** A link of the guest's own, whatever the host has there. Its target must be added too. */
  link(path: string, target: string): void {
    this.#links.set(path, target)
  }

  async result(): Promise<Omit<HostTree, 'missing'>> {
    const paths = [...this.#files].sort()
    const files = await hashFiles(paths, this.#ports)
    const links = [...this.#links].map(([path, target]) => ({ path, target }))
    const libraryDirectories = [...this.#libraryDirectories].sort()
    return { files, links: links.sort((a, b) => (a.path < b.path ? -1 : 1)), libraryDirectories }
  }

  async #real(path: string): Promise<string | null> {
    try {
      return await this.#ports.files.realPath(path)
    } catch {
      return null
    }
  }
}

/** Files a process hashes before the next one begins: command lines stay short, and two CPUs are busy. */
const HASHED_AT_ONCE = 400

/** Two thousand files are read several times faster by `sha256sum` than by streams of ours. @throws Error where one cannot be read */
async function hashFiles(paths: readonly string[], ports: Pick<Ports, 'exec'>): Promise<readonly HostFile[]> {
  const chunks = Array.from({ length: Math.ceil(paths.length / HASHED_AT_ONCE) }, (_, at) =>
    paths.slice(at * HASHED_AT_ONCE, (at + 1) * HASHED_AT_ONCE),
  )
  const hashed = await Promise.all(
    chunks.map(async (chunk) => {
      const { code, stdout, stderr } = await ports.exec.run(['sha256sum', '--', ...chunk], { timeoutSeconds: 300 })
      if (code !== 0) throw new Error(`sha256sum: ${stderr.trim()}`)
      // One line for each file, in their order: `HASH  NAME`. The name is not read: coreutils escape some (and put a backslash before the hash),
      // and not every one has --zero (rust-coreutils of Debian 12 does not).
      const hashes = stdout.split('\n').flatMap((line) => /^\\?([0-9a-f]{64}) /.exec(line)?.[1] ?? [])
      if (hashes.length !== chunk.length) throw new Error(`sha256sum said ${hashes.length} hashes of ${chunk.length} files.`)
      return chunk.map((path, at) => ({ path, sha256: hashes[at] ?? '' }))
    }),
  )
  return hashed.flat()
}

/** Content hash of a file, lower-case hexadecimal. */
export async function sha256Of(ports: Pick<Ports, 'files'>, path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of ports.files.stream(path)) hash.update(chunk)
  return hash.digest('hex')
}

/** True for a program the guest can run: ELF, or a script whose interpreter the guest has too. */
async function runnable(ports: HostPorts, path: string): Promise<boolean> {
  let start: string
  try {
    start = new TextDecoder('latin1').decode(await ports.files.readBytes(path, { offset: 0, length: 128 }))
  } catch {
    // A program we may not read (mode 4750): the builder could not copy it either.
    return false
  }
  if (!start.startsWith('#!')) return true
  return /^#!\s*(\/usr\/bin\/env\s+)?(\S*\/)?(sh|bash|dash|perl|awk|gawk|sed|python3)(\s|$)/.test(start)
}

async function findProgram(ports: HostPorts, name: string): Promise<string | null> {
  for (const directory of PROGRAM_DIRECTORIES) {
    const path = join(directory, name)
    try {
      const real = await ports.files.realPath(path)
      if ((await ports.files.stat(real))?.kind === 'file') return path
    } catch {
      // Not in this directory.
    }
  }
  return null
}

/** Whether the offline guest would have a program: it is on this machine, and the guest can run it. */
export async function hasProgram(ports: HostPorts, name: string): Promise<boolean> {
  const path = await findProgram(ports, name)
  return path !== null && (await runnable(ports, path))
}

/** Programs of the required list this host does not have. */
export async function missingRequiredPrograms(ports: HostPorts): Promise<readonly string[]> {
  const missing: string[] = []
  for (const name of REQUIRED_PROGRAMS) if (!(await hasProgram(ports, name))) missing.push(name)
  return missing
}

/** Python's own library; packages of the distribution stay out. */
async function pythonDirectories(ports: HostPorts): Promise<readonly string[]> {
  if ((await findProgram(ports, 'python3')) === null) return []
  const script = 'import sysconfig; print(sysconfig.get_path("stdlib"))'
  const { stdout, code } = await ports.exec.run(['/usr/bin/python3', '-I', '-c', script], { timeoutSeconds: 30 })
  return code === 0 && stdout.startsWith('/usr/lib/') ? [stdout.trim()] : []
}

/** Pages of the programs under test: tests read them. */
async function manualPages(ports: HostPorts): Promise<readonly string[]> {
  if ((await findProgram(ports, 'man')) === null) return []
  const pages: string[] = []
  for (const directory of MANUAL_PAGES.directories) {
    if ((await ports.files.stat(directory)) === null) continue
    const names = (await ports.files.list(directory)).filter((name) => MANUAL_PAGES.name.test(name))
    pages.push(...names.map((name) => join(directory, name)))
  }
  return pages
}

/** The host's programs of the table, and which of the required are missing. */
async function addPrograms(collector: TreeCollector, ports: HostPorts): Promise<readonly string[]> {
  const missing: string[] = []
  const required = new Set(REQUIRED_PROGRAMS)
  for (const name of new Set([...REQUIRED_PROGRAMS, ...OPTIONAL_PROGRAMS])) {
    const path = await findProgram(ports, name)
    if (path !== null && (await runnable(ports, path))) {
      await collector.add(path)
    } else if (required.has(name)) missing.push(name)
  }
  // fstests' awk programs are GNU's (strtonum, gensub, and), and Debian's awk is mawk.
  const gawk = await findProgram(ports, 'gawk')
  if (gawk !== null) collector.link('/usr/bin/awk', await ports.files.realPath(gawk))
  return missing
}

/** Perl's own library directories; local and vendor trees stay out, they can be large and tests do not use them. */
async function perlDirectories(ports: HostPorts): Promise<readonly string[]> {
  const { stdout, code } = await ports.exec.run(['perl', '-e', 'print "$_\\n" for @INC'], { timeoutSeconds: 30 })
  if (code !== 0) return []
  return stdout.split('\n').filter((line) => /\/(perl-base|perl\/[0-9.]+)$/.test(line))
}

/**
 * The host's programs for the offline guest.
 * @throws UserError when the machine's own `sh` is not an ELF program we can read
 */
export async function collectHostTree(ports: HostPorts): Promise<HostTree> {
  const shell = await ports.files.realPath('/bin/sh')
  const elf = await readElf((offset, length) => ports.files.readBytes(shell, { offset, length }))
  if (elf === null) {
    throw new UserError(`/bin/sh leads to ${shell}, which is not an ELF program.`, 'Use a bundle built by Nix from nixpkgs instead.', {
      kind: 'could-not-test',
    })
  }
  const collector = new TreeCollector(ports)
  await collector.useLibraryCache(elf.machine)
  const missing = await addPrograms(collector, ports)
  for (const name of EXTRA_LIBRARIES) await collector.addLibrary(name)
  for (const path of DATA_PATHS) {
    const entry = await ports.files.stat(path)
    if (entry?.kind === 'directory') await collector.addTree(path, null)
    else if (entry !== null) await collector.add(path)
  }
  for (const path of await manualPages(ports)) await collector.add(path)
  for (const directory of await perlDirectories(ports)) await collector.addDirectory(directory, PERL_SKIPPED)
  for (const directory of await pythonDirectories(ports)) await collector.addDirectory(directory, PYTHON_SKIPPED)
  if ((await findProgram(ports, 'mkfs.vfat')) !== null) await collector.addConversions()
  await collector.settle()
  return { ...(await collector.result()), missing }
}
