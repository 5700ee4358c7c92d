import { withoutActionVariables } from '../domain/action-variables.js'
import type { NixEnvironment } from '../domain/stages.js'

/** Settings of nix.conf, in order; a later line of the same name wins. */
export type NixSettings = readonly (readonly [name: string, value: string])[]

/** What the flake commands need, and what must not depend on a user's files: a flake may not name its own caches. */
export const BASE_SETTINGS: NixSettings = [
  ['extra-experimental-features', 'nix-command flakes'],
  ['accept-flake-config', 'false'],
]

/**
 * Settings for a bundle made of the host's own programs: its builders see /bin, /usr and the libraries, and no cache is
 * asked for what none can have. `sandbox-paths` and not `extra-sandbox-paths`: Debian's Nix has a broken default entry.
 */
export function hostProgramSettings(directories: readonly string[]): NixSettings {
  return [
    ['substituters', ''],
    ['sandbox-paths', directories.join(' ')],
  ]
}

export function formatSettings(settings: NixSettings): string {
  return settings.map(([name, value]) => `${name} = ${value}`.trimEnd()).join('\n')
}

/**
 * The environment a `nix` command of ours runs in: the process's own without what only an action has, with NIX_CONFIG. What a user already has in
 * NIX_CONFIG stays in force, before ours.
 */
export function nixVariables(
  nix: NixEnvironment,
  environment: Readonly<Record<string, string | undefined>>,
  extra: NixSettings = [],
): Readonly<Record<string, string>> {
  const config = [environment.NIX_CONFIG ?? '', nix.config, formatSettings(extra)].filter((one) => one !== '').join('\n')
  return { ...withoutActionVariables(environment), ...nix.variables, NIX_CONFIG: config }
}
