import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const PACKAGES = ['systemd', 'udev']
/** Of those packages' files these parts run; the rest is documentation, or starts what this guest has no use for. */
const WANTED = /^\/(usr\/)?(bin|sbin|lib)\//
const UNWANTED = /^\/usr\/lib\/(x86_64|aarch64)-linux-gnu\/(pkgconfig|security)|systemd-(networkd|resolved|homed)|\/(hwdb|catalog)/
/** Units that need a bus, a network or a terminal, none of which is here. */
const MASKED = ['getty.target', 'systemd-logind.service', 'systemd-networkd.service', 'remote-fs.target', 'systemd-hwdb-update.service']

/** Whether this machine has what a root with systemd is made of. */
export function systemdIsHere(): boolean {
  return existsSync('/lib/systemd/systemd') && existsSync('/usr/bin/dpkg-query')
}

export interface SystemRoot {
  /** The bundle whose root is extended. */
  readonly base: { readonly rootImage: string }
  readonly checkout: string
  readonly directory: string
  /** Shell commands before the agent, as the NixOS module's `hooks.before`. */
  readonly before: string
}

/**
 * The base's root with the host's systemd as its init and our unit in it, as the NixOS module puts them there.
 * @returns the image
 */
export function makeSystemRoot({ base, checkout, directory, before }: SystemRoot): string {
  const root = join(directory, 'root')
  execFileSync('fsck.erofs', [`--extract=${root}`, base.rootImage], { stdio: 'ignore' })
  const files = filesOf(PACKAGES)
  for (const path of files) install(path, root, { followLinks: false })
  for (const path of librariesOf(files)) install(path, root, { followLinks: true })
  symlinkTo('/lib/systemd/systemd', join(root, 'sbin/init'))
  mkdirSync(join(root, 'usr/lib/modules'), { recursive: true })
  writeFileSync(join(root, 'etc/machine-id'), '')
  const units = join(root, 'etc/systemd/system')
  mkdirSync(join(units, 'default.target.wants'), { recursive: true })
  mkdirSync(join(units, 'vmtest-agent.service.d'))
  for (const unit of MASKED) symlinkTo('/dev/null', join(units, unit))
  copyFileSync(join(checkout, 'nix/guest/vmtest-agent.service'), join(units, 'vmtest-agent.service'))
  symlinkTo('../vmtest-agent.service', join(units, 'default.target.wants/vmtest-agent.service'))
  writeFileSync(join(root, 'vmtest/before'), `#!/bin/sh\n${before}\n`)
  chmodSync(join(root, 'vmtest/before'), 0o755)
  writeFileSync(join(units, 'vmtest-agent.service.d/hooks.conf'), '[Service]\nExecStartPre=/vmtest/before\n')
  const image = join(directory, 'root.erofs')
  execFileSync('mkfs.erofs', ['--quiet', '--all-root', image, root])
  return image
}

function filesOf(packages: readonly string[]): readonly string[] {
  const listed = execFileSync('dpkg-query', ['--listfiles', ...packages], { encoding: 'utf8' }).split('\n')
  const wanted = listed.filter((path) => WANTED.test(path) && !UNWANTED.test(path))
  return wanted.filter((path) => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === false)
}

/** The shared libraries that the programs among the files need, by the names they are asked for. */
function librariesOf(paths: readonly string[]): readonly string[] {
  const programs = paths.filter((path) => isElf(path))
  const listed = execFileSync('sh', ['-c', 'ldd "$@" 2>/dev/null || :', 'sh', ...programs], { encoding: 'utf8' })
  return [...listed.matchAll(/=> (\/\S+)/g)].flatMap(([, path]) => (path === undefined ? [] : [path]))
}

function isElf(path: string): boolean {
  const bytes = contentsOf(path)
  return bytes !== null && bytes.subarray(0, 4).toString('latin1') === '\u007fELF'
}

function contentsOf(path: string): Buffer | null {
  try {
    return readFileSync(path)
  } catch {
    return null
  }
}

/** Where the root has it already, it stays. Directories of a merged /usr are reached through the root's own links. */
function install(path: string, root: string, { followLinks }: { followLinks: boolean }): void {
  const to = join(root, path)
  if (existsSync(to)) return
  mkdirSync(dirname(to), { recursive: true })
  if (followLinks) copyFileSync(path, to)
  else cpSync(path, to, { verbatimSymlinks: true })
}

function symlinkTo(target: string, path: string): void {
  execFileSync('ln', ['-sfn', target, path])
}
