import { dirname, join } from 'node:path'
import { UserError } from '../domain/errors.js'
import type { Files } from '../ports/files.js'

/** Directories the engine works in, all absolute. */
export interface Directories {
  /** This project's own checkout: guest scripts, smoke suite, examples. */
  readonly checkout: string
  /** What the user's own paths are relative to. */
  readonly workingDirectory: string
  /** Whose flake, runs and history they are: the kernel tree the working directory lies in, else the working directory. */
  readonly projectDirectory: string
  /** Kept between runs: downloaded kernels, images, what the probe found. */
  readonly cacheDirectory: string
  readonly temporaryDirectory: string
}

/** Directories from the environment, by the XDG base directory specification. */
export function placesFrom(options: {
  readonly checkout: string
  readonly workingDirectory: string
  readonly projectDirectory?: string
  readonly env: Readonly<Record<string, string | undefined>>
}): Directories {
  const { env, checkout, workingDirectory, projectDirectory = workingDirectory } = options
  const temporaryDirectory = env.RUNNER_TEMP || env.TMPDIR || '/tmp'
  // HOME can be unset in containers; a cache in the temporary directory is then better than none.
  const cacheHome = env.XDG_CACHE_HOME || (env.HOME ? join(env.HOME, '.cache') : temporaryDirectory)
  return { checkout, workingDirectory, projectDirectory, temporaryDirectory, cacheDirectory: join(cacheHome, 'kernel-vmtest') }
}

/**
 * Directories whose cache can be written: where it cannot (a container under a foreign user id has `/` for a home, which root owns), it lies in
 * the temporary directory.
 */
export async function withUsableCache(places: Directories, files: Pick<Files, 'canReadWrite' | 'stat'>): Promise<Directories> {
  // The directory itself, or the nearest one above it that is there.
  let nearest = places.cacheDirectory
  while ((await files.stat(nearest)) === null && dirname(nearest) !== nearest) nearest = dirname(nearest)
  if (await files.canReadWrite(nearest)) return places
  return { ...places, cacheDirectory: join(places.temporaryDirectory, 'kernel-vmtest') }
}

/** @throws UserError anywhere but on Linux x86_64 or aarch64, before anything is downloaded */
export function refuseUnsupportedPlatform(platform: string, architecture: string): void {
  if (platform === 'linux' && (architecture === 'x64' || architecture === 'arm64')) return
  throw new UserError(
    `kernel-vmtest runs on Linux, on x86_64 and aarch64; this is ${platform} on ${architecture}.`,
    'In a workflow use `runs-on: ubuntu-24.04` (or another Linux runner).',
    { kind: 'could-not-test' },
  )
}
