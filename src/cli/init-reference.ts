import { join } from 'node:path'
import { PROJECT } from '../domain/version.js'
import { withoutTrailing } from '../domain/without-trailing.js'
import type { Ports } from '../ports/index.js'

/** Where a flake gets this project. */
export interface Reference {
  /** A flake reference. */
  readonly url: string
  /** True where a workflow's runner can fetch it: it names no place of this machine. */
  readonly reachable: boolean
}

/**
 * Where this checkout came from, so that what is written works as it stands; the checkout itself where it came from no place Nix has a short
 * name for. A copy in the Nix store knows neither: the published project then.
 */
export async function referenceOf(checkout: string, { exec, files }: Pick<Ports, 'exec' | 'files'>): Promise<Reference> {
  const directory = withoutTrailing(checkout, '/')
  if ((await files.stat(join(checkout, '.git'))) === null) {
    return directory.startsWith('/nix/store/')
      ? { url: `github:${PROJECT}`, reachable: true }
      : { url: `path:${directory}`, reachable: false }
  }
  const origin = (await exec.which('git')) === null ? null : await exec.run(['git', '-C', checkout, 'remote', 'get-url', 'origin'])
  const hosted = origin?.code === 0 ? /github\.com[:/]([\w.-]+)\/([\w.-]+?)(?:\.git)?\/?$/.exec(origin.stdout.trim()) : null
  return hosted === null
    ? { url: `git+file://${directory}`, reachable: false }
    : { url: `github:${hosted[1]}/${hosted[2]}`, reachable: true }
}
