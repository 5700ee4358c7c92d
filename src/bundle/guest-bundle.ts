import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { UserError } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'
import type { NixBuildRequest } from './nix-build.js'

export interface GuestBundleRequest extends Omit<NixBuildRequest, 'installable'> {
  readonly flake: string
  readonly attribute: string
  readonly cacheDirectory: string
}

type Build<Result> = (request: NixBuildRequest) => Promise<Result>

/**
 * The flake's bundle for a kernel that is built elsewhere: its attribute `guest` (nix/lib/vm-test.nix), which has the package set's
 * own kernel, so that Nix compiles none. A flake that has no such attribute gives its bundle as it is.
 *
 * The flake of a kernel tree is built from a copy of flake.nix and flake.lock alone: Nix copies a flake's whole directory into the
 * store whenever a file in it changed, and a kernel tree has eighty thousand.
 */
export async function buildGuest<Result>(
  request: GuestBundleRequest,
  build: Build<Result>,
  ports: Pick<Ports, 'files' | 'runner'>,
): Promise<Result> {
  const { flake, attribute, cacheDirectory, ...rest } = request
  const installables = [
    `${await stagedFlake(flake, request, ports)}#${attribute}.guest`,
    `${flake}#${attribute}.guest`,
    `${flake}#${attribute}`,
  ]
  let failure: unknown
  for (const installable of new Set(installables)) {
    try {
      return await build({ ...rest, installable })
    } catch (error) {
      // What a builder could not do it will not do from another copy either.
      if (!(error instanceof UserError) || error.kind === 'could-not-test' || /does not build/.test(error.message)) throw error
      failure = error
      ports.runner.debug(`${installable}: ${error.message}`)
    }
  }
  throw failure
}

/** A reference to a copy of the flake's own files, or the flake as it was given where it is not the working directory's. */
async function stagedFlake(flake: string, { cwd, cacheDirectory }: GuestBundleRequest, { files }: Pick<Ports, 'files'>): Promise<string> {
  const own = await files.readText(join(cwd, 'flake.nix')).catch(() => null)
  if (flake !== '.' || own === null) return flake
  const directory = stagedDirectory({ cwd, cacheDirectory })
  const lock = await files.readText(join(cwd, 'flake.lock')).catch(() => null)
  await files.write(join(directory, 'flake.nix'), own)
  // Without one in the tree, Nix keeps its own here.
  if (lock !== null) await files.write(join(directory, 'flake.lock'), lock)
  return `path:${directory}`
}

/** Where the copy of the working directory's flake lies. */
export function stagedDirectory({ cwd, cacheDirectory }: Pick<GuestBundleRequest, 'cwd' | 'cacheDirectory'>): string {
  return join(cacheDirectory, 'flakes', createHash('sha256').update(cwd).digest('hex').slice(0, 16))
}
