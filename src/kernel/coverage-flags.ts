import table from '../../nix/lib/coverage.json' with { type: 'json' }
import { UserError } from '../domain/errors.js'
import type { ConfigFragment } from '../kconfig/index.js'
import type { Ports } from '../ports/index.js'
import type { Compiler } from './compiler.js'
import type { MakeSetting } from './make.js'

/** What a kernel needs to count: the counters' file system is debugfs. */
export const COVERAGE_FRAGMENT: ConfigFragment = { name: 'coverage', text: `${table.options.join('\n')}\n` }

/**
 * The tree's own flags (Makefile, CFLAGS_GCOV) and one more: gcc inlines small functions before it counts, and they, and the returns in them,
 * would be gone. Only what is compiled with counters gets them.
 */
const FLAGS = table.flags.join(' ')

/**
 * `make` for a kernel that counts in these directories and those below them, without a change to the tree: Kbuild asks GCOV_PROFILE in each
 * directory (scripts/Makefile.lib), and make expands a condition in it. Kbuild notices when it changes, and compiles anew what it is about.
 * A kernel that Nix builds gets the same (nix/lib/coverage.nix).
 */
export function withCounters(setting: MakeSetting, directories: readonly string[]): MakeSetting {
  const patterns = directories.flatMap((directory) => [directory, `${directory}/%`]).join(' ')
  return {
    ...setting,
    variables: [...setting.variables, `CFLAGS_GCOV=${FLAGS}`],
    environment: { ...setting.environment, GCOV_PROFILE: `$(if $(filter ${patterns},$(obj)),y)` },
  }
}

/** @throws UserError for clang, whose counters are others */
export async function requireGcc({ program }: Compiler, { exec }: Pick<Ports, 'exec'>): Promise<void> {
  const shown = await exec.run([program, '--version'], { timeoutSeconds: 30 })
  if (!/clang/i.test(`${program} ${shown.stdout.split('\n')[0]}`)) return
  throw new UserError(
    `Coverage is read by gcc's gcov, and the compiler is ${program}: clang's counters have another form.`,
    'Build with gcc (without LLVM=1 and CC=clang), or leave `--coverage` away.',
  )
}

/** The gcov of a gcc: the same prefix and version in its name. */
export function gcovOf({ program }: Compiler): string {
  return program.replace(/gcc(?=(?:-[\d.]+)?$)/, 'gcov')
}

/** @throws UserError for a name make would read as more than a directory */
export function requirePlainDirectory(directory: string): void {
  if (/^[\w+.-]+(?:\/[\w+.-]+)*$/.test(directory) && !directory.split('/').includes('..')) return
  throw new UserError(`\`${directory}\` is no directory of a kernel tree.`, 'Name it from the tree’s top: `fs/xfs`.')
}
