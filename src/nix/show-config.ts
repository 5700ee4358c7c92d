import * as z from 'zod'

/** `nix` with the words that print all settings in force: since Nix 2.20, and before (an alias of late, and one day gone). */
export const SHOW_CONFIG = [
  ['config', 'show', '--json'],
  ['show-config', '--json'],
].map((words) => ['--extra-experimental-features', 'nix-command', ...words])

const shown = z.record(z.string(), z.looseObject({ value: z.unknown() }))

/** The value of one setting in what `SHOW_CONFIG` printed: a boolean, number, text or list. Undefined where Nix has no such setting. */
export function settingIn(text: string, name: string): unknown {
  return shown.parse(JSON.parse(text))[name]?.value
}
