import { dirname, join } from 'node:path'
import { withoutActionVariables } from '../domain/action-variables.js'
import { UserError } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'
import { formatSettings } from './configuration.js'
import { downloadTarball, type Tarball } from './download.js'
import { type FoundNix, INSTALLED_LINK, parseNixVersion } from './find-nix.js'
import type { Privilege } from './privilege.js'

type InstallPorts = Pick<Ports, 'exec' | 'files' | 'http' | 'runner'>

const STORE = '/nix/store'
/** Of this run only while it lasts; one that is left was killed, and is removed by the next. */
const STAGING_PREFIX = '.kernel-vmtest-'
/** xz shrinks a Nix release about five times; the rest is the tarball itself and the database. */
const UNPACKED_FACTOR = 7

/** `HASH-nix-VERSION`: the one store path of a release that holds the programs. */
const NIX_PATH = /^[0-9a-z]{32}-nix-\d[0-9A-Za-z.]*$/
const CACERT_PATH = /^[0-9a-z]{32}-nss-cacert-/

/** /nix as a directory we can write. @throws UserError where it is another's and there is no way to change that */
export async function prepareNixDirectory(privilege: Privilege, ports: Pick<Ports, 'exec' | 'files'>): Promise<void> {
  if (await ports.files.canReadWrite('/nix')) return
  const there = (await ports.files.stat('/nix')) !== null
  if (privilege.rootPrefix === null) {
    throw new UserError(
      there ? 'There is no usable Nix, and /nix belongs to another user.' : 'There is no Nix, and /nix cannot be made without root.',
      'Install Nix once by hand, or allow sudo without a password for this user.',
      { kind: 'could-not-test' },
    )
  }
  if (there && (await ports.files.list('/nix')).length > 0) {
    throw new UserError(
      "There is no usable Nix, but /nix holds another user's files.",
      'Put that Nix on PATH, or remove /nix, and try again.',
      { kind: 'could-not-test' },
    )
  }
  const made = await ports.exec.run([
    ...privilege.rootPrefix,
    ...['install', '-d', '-m', '0755', '-o', String(privilege.uid), '-g', String(privilege.gid), '/nix'],
  ])
  if (made.code !== 0) {
    throw new UserError(`/nix cannot be made: ${made.stderr.trim()}`, 'Make it by hand, owned by this user.', { kind: 'could-not-test' })
  }
}

async function removeTree(path: string, ports: Pick<Ports, 'exec' | 'files'>): Promise<void> {
  if ((await ports.files.stat(path)) === null) return
  // Store paths are read-only directories: without root their contents cannot be removed as they are.
  await ports.exec.run(['chmod', '-R', 'u+w', path])
  await ports.files.remove(path)
}

async function unpack(archive: string, staging: string, ports: InstallPorts): Promise<void> {
  const xz = await ports.exec.which('xz')
  if (xz === null || (await ports.exec.which('tar')) === null) {
    throw new UserError('The Nix release is a .tar.xz, and `tar` or `xz` is missing here.', 'Install tar and xz-utils, or Nix itself.', {
      kind: 'could-not-test',
    })
  }
  const { code, stderr } = await ports.exec.run(['tar', '-xJf', archive, '-C', staging, '--strip-components=1', '--no-same-owner'], {
    dieWithParent: 'SIGTERM',
  })
  if (code === 0) return
  throw new UserError(`The Nix release cannot be unpacked in ${staging}: ${firstCause(stderr)}`, 'Check free space on /nix.', {
    kind: 'could-not-test',
  })
}

/** A full disk wherever tar says it; else its first line, as the last only says that there was one. */
function firstCause(stderr: string): string {
  const lines = stderr.trim().split('\n')
  return lines.find((line) => line.includes('No space left on device')) ?? lines[0] ?? ''
}

/** Moves unpacked store paths into the store, each in one step. @returns those that were not there before */
async function moveIntoStore(staging: string, ports: InstallPorts): Promise<readonly string[]> {
  await ports.files.makeDirectory(STORE)
  const moved: string[] = []
  for (const name of await ports.files.list(join(staging, 'store'))) {
    const from = join(staging, 'store', name)
    const to = join(STORE, name)
    if ((await ports.files.stat(to)) !== null) continue
    const mode = (await ports.files.stat(from))?.mode ?? 0o555
    // Moving a directory rewrites its `..`, which its owner needs to be allowed.
    await ports.files.chmod(from, mode | 0o200)
    await ports.files.rename(from, to)
    await ports.files.chmod(to, mode)
    moved.push(to)
  }
  return moved
}

async function register(nix: string, registration: string, ports: InstallPorts): Promise<void> {
  const settings = formatSettings([['build-users-group', '']])
  const { code, stderr } = await ports.exec.run([join(nix, 'bin/nix-store'), '--load-db'], {
    input: registration,
    env: { ...withoutActionVariables(ports.runner.env), NIX_CONFIG: settings },
  })
  if (code !== 0) {
    throw new UserError(`The unpacked Nix cannot register itself: ${stderr.trim()}`, 'Check that /nix is writable and has space.', {
      kind: 'could-not-test',
    })
  }
}

async function link(target: string, path: string, files: Ports['files']): Promise<void> {
  await files.makeDirectory(dirname(path))
  await files.remove(path)
  await files.symlink(target, path)
}

async function installFrom(staging: string, ports: InstallPorts): Promise<FoundNix> {
  const names = await ports.files.list(join(staging, 'store')).catch(() => [])
  const registration = await ports.files.readText(join(staging, '.reginfo')).catch(() => null)
  const name = names.find((one) => NIX_PATH.test(one))
  if (name === undefined || registration === null) {
    throw new UserError('The tarball is not a Nix release: it has no store/…-nix-VERSION or no .reginfo.', 'Give the address of one.', {
      kind: 'could-not-test',
    })
  }
  const nix = join(STORE, name)
  const moved = await moveIntoStore(staging, ports)
  try {
    await register(nix, registration, ports)
    const program = join(nix, 'bin/nix')
    const version = parseNixVersion((await ports.exec.run([program, '--version'])).stdout)
    if (version === null)
      throw new UserError('The installed Nix does not run here.', "Use the distribution's Nix.", { kind: 'could-not-test' })
    await link(nix, INSTALLED_LINK, ports.files)
    const cacert = names.find((one) => CACERT_PATH.test(one))
    if (cacert !== undefined) await link(join(STORE, cacert), join(dirname(INSTALLED_LINK), 'cacert'), ports.files)
    return { program, version }
  } catch (error) {
    for (const path of moved) await removeTree(path, ports)
    throw error
  }
}

/** What an installation that was killed left behind. */
async function removeStale(ports: InstallPorts): Promise<void> {
  for (const name of await ports.files.list('/nix')) {
    if (name.startsWith(STAGING_PREFIX)) await removeTree(join('/nix', name), ports)
  }
}

/**
 * Installs an official release: downloaded, checked, unpacked beside the store, moved into it path by path, registered.
 * /nix must be ours (`prepareNixDirectory`). Where anything fails, what was put there is taken away again.
 * @throws UserError (`could-not-test`); DownloadError where the download failed
 */
export async function installTarball(tarball: Tarball, ports: InstallPorts): Promise<FoundNix> {
  await removeStale(ports)
  const fresh = (await ports.files.stat(STORE)) === null
  const staging = await ports.files.makeTemporary('/nix', STAGING_PREFIX)
  try {
    const archive = join(staging, 'nix.tar.xz')
    const sizeBytes = await downloadTarball(tarball, archive, ports)
    const free = await ports.files.freeBytes('/nix')
    if (free < sizeBytes * UNPACKED_FACTOR) {
      throw new UserError(
        `/nix has ${mebibytes(free)} MiB free; unpacking Nix needs about ${mebibytes(sizeBytes * UNPACKED_FACTOR)} MiB.`,
        'Free space there, or mount a larger disk on /nix.',
        { kind: 'could-not-test' },
      )
    }
    await unpack(archive, staging, ports)
    return await installFrom(staging, ports)
  } catch (error) {
    // A store and a database that only this attempt made.
    if (fresh) for (const path of [STORE, '/nix/var']) await removeTree(path, ports)
    throw error
  } finally {
    await removeTree(staging, ports)
  }
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024)
}
