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
 * What the runner gives to an action and to no other step (its tokens, inputs, state and command files), and the token of the
 * job: an impure flake could read them, and a builder without a sandbox could read them off its parent.
 */
const OF_THE_ACTION = /^(?:ACTIONS_|INPUT_|STATE_|GITHUB_(?:TOKEN|ENV|OUTPUT|PATH|STATE|STEP_SUMMARY)$|GH_TOKEN$)/

/**
 * The environment a `nix` command of ours runs in: the process's own without what only an action has, with NIX_CONFIG. What a user already has in
 * NIX_CONFIG stays in force, before ours.
 */
export function nixVariables(
  nix: NixEnvironment,
  environment: Readonly<Record<string, string | undefined>>,
  extra: NixSettings = [],
): Readonly<Record<string, string>> {
  const kept = Object.entries(environment).filter((one): one is [string, string] => one[1] !== undefined && !OF_THE_ACTION.test(one[0]))
  const config = [environment.NIX_CONFIG ?? '', nix.config, formatSettings(extra)].filter((one) => one !== '').join('\n')
  return { ...Object.fromEntries(kept), ...nix.variables, NIX_CONFIG: config }
}
