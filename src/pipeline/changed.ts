import { join } from 'node:path'
import { UserError } from '../domain/errors.js'
import type { Inputs } from '../domain/inputs.js'
import type { SuiteName } from '../domain/test.js'
import { type ChangedPaths, changedPathsSchema, selectChanged } from '../plan/changed.js'
import type { Ports } from '../ports/index.js'
import { changeBase } from './change-base.js'
import type { Directories } from './directories.js'
import { gitIn } from './situation.js'

/**
 * The inputs with suites, sections and groups chosen by the files that differ from where the branch left upstream, uncommitted ones included.
 * @param suites those the plan has
 * @param tree the kernel tree, whose paths the data names
 * @throws UserError outside a git tree, without an upstream, or where nothing changed
 */
export async function applyChanged(
  {
    inputs,
    suites,
    upstream,
    tree,
    places,
  }: {
    readonly inputs: Inputs
    readonly suites: readonly SuiteName[]
    readonly upstream: string | null
    readonly tree: string
    readonly places: Directories
  },
  ports: Pick<Ports, 'exec' | 'files'>,
): Promise<{ readonly inputs: Inputs; readonly note: string }> {
  const run = gitIn(tree, ports)
  const git = async (...words: string[]) => {
    const { code, stdout } = await run(...words)
    return code === 0 ? stdout : null
  }
  const base = await changeBase({ upstream, tree, what: '--changed' }, ports)
  // From the tree's top whatever `diff.relative` says; each name ended by a zero byte, so that none is quoted;
  // of a renamed file both names, as both places changed.
  const listed = await git('diff', '--name-only', '--no-relative', '--no-renames', '-z', base.commit, '--')
  const untracked = await git('ls-files', '--others', '--exclude-standard', '--full-name', '-z')
  if (listed === null || untracked === null) throw new UserError(`git cannot compare ${tree} with ${base.commit}.`, 'Try `git diff` there.')
  const changed = [...listed.split('\0'), ...untracked.split('\0').filter(isSource)].filter((path) => path !== '')
  const { rules, data } = await readRules(places, ports)
  const { suites: kept, request, note } = selectChanged({ suites, request: inputs.selection }, [...new Set(changed)], data, base.name)
  const trees = Object.fromEntries(Object.entries(inputs.trees).filter(([suite]) => kept.includes(suite)))
  // Where all of them stay, what was asked stays as it was asked.
  const chosen = kept.length === suites.length ? inputs.suites : kept
  return { inputs: { ...inputs, suites: [...chosen], trees, selection: request }, note: `${note}\n  (the rules: ${rules})` }
}

/** What a path of the tree is about, and where that is written. */
export async function readRules(
  { checkout }: Pick<Directories, 'checkout'>,
  { files }: Pick<Ports, 'files'>,
): Promise<{ readonly rules: string; readonly data: ChangedPaths }> {
  const rules = join(checkout, 'nix/sections/changed-paths.json')
  return { rules, data: changedPathsSchema.parse(JSON.parse(await files.readText(rules))) }
}

/** Of what git does not know, only what is compiled: notes and patches lie around in every tree. */
function isSource(path: string): boolean {
  return /\.[chS]$|\/(?:Kconfig|Makefile|Kbuild)$/.test(path)
}
