import { join } from 'node:path'
import type { Ports } from '../ports/index.js'
import { OLDEST_NIX } from './pins.js'

/** A Nix that is on the machine. */
export interface FoundNix {
  /** Absolute. */
  readonly program: string
  /** `2.35.2`: of Nix itself, also where a derivative has numbers of its own. */
  readonly version: string
}

/** Keeps the Nix we installed from being collected, and leads later runs to it. */
export const INSTALLED_LINK = '/nix/var/nix/gcroots/kernel-vmtest/nix'

/**
 * The version in `nix --version`: `nix (Nix) 2.8.0`, `nix (Determinate Nix 3.6.8) 2.29.0`,
 * `nix (Lix, like Nix) 2.93.2`. Null for anything else.
 */
export function parseNixVersion(output: string): string | null {
  return /^nix \([^()\r\n]*\) (\d+\.\d+(?:\.\d+)?)/m.exec(output)?.[1] ?? null
}

export function isNixTooOld(version: string): boolean {
  return isOlder(version, OLDEST_NIX)
}

/** True for a version, `MAJOR.MINOR` and perhaps more, below another. */
export function isOlder(version: string, than: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < than[0] || (major === than[0] && minor < than[1])
}

/** The first Nix that runs: on PATH, ours, the default profile's, the user's. An installation may not be on PATH yet. */
export async function findNix(ports: Pick<Ports, 'exec' | 'runner'>): Promise<FoundNix | null> {
  const { HOME } = ports.runner.env
  const candidates = [
    'nix',
    join(INSTALLED_LINK, 'bin/nix'),
    '/nix/var/nix/profiles/default/bin/nix',
    ...(HOME === undefined ? [] : [join(HOME, '.nix-profile/bin/nix'), join(HOME, '.local/state/nix/profile/bin/nix')]),
  ]
  for (const candidate of candidates) {
    const program = await ports.exec.which(candidate)
    if (program === null) continue
    const { stdout, code } = await ports.exec.run([program, '--version'], { timeoutSeconds: 30 })
    const version = code === 0 ? parseNixVersion(stdout) : null
    if (version !== null) return { program, version }
  }
  return null
}
