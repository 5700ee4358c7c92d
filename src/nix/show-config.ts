import * as z from 'zod'
import type { CommandResult } from '../ports/index.js'

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

/**
 * What a `nix` command answers whose words differ between versions: the first spelling that succeeds, or else what the last one came to.
 * @param run runs `nix` with these words
 */
export async function firstAnswer(
  spellings: readonly (readonly string[])[],
  run: (words: readonly string[]) => Promise<CommandResult>,
): Promise<CommandResult> {
  const [words = [], ...others] = spellings
  const answer = await run(words)
  return answer.code === 0 || others.length === 0 ? answer : firstAnswer(others, run)
}
