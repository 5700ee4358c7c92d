import { dirname, join } from 'node:path'
import { UserError } from '../../domain/errors.js'
import type { Ports } from '../../ports/index.js'

/** In a tree git does not know: what a kernel is compiled of. */
const SOURCE_NAMES = ['*.[chS]', 'Kconfig*', 'Makefile*', 'Kbuild', '*.dts', '*.dtsi', '*.rs', '*.sh', '*.pl', '*.py', '*.tbl']

/** Files a person edits that no build reads. */
const READ_BY_PEOPLE = /(?:^|\/)Documentation\/|\.(?:rst|txt|md)$/

/** Of what git does not know: what a run, an editor or a merge leaves, and notes. */
const LEFTOVERS =
  /(?:^|\/)(?:\.[^/]*|#[^/]*#|core)(?:\/|$)|[~%]$|\.(?:o|ko|a|so|cmd|d|mod|orig|rej|bak|tmp|patch|mbox|mbx|diff|log|swp|swo)$/

/** True where a name is worth a second look: a file saved there may be a source that is new. */
export function mayBeSource(path: string, tree: string): boolean {
  const below = path.slice(tree.length + 1)
  return !LEFTOVERS.test(below) && !READ_BY_PEOPLE.test(below)
}

/**
 * The source files of a tree, as absolute paths: those git tracks and new ones. Where it is no git tree, of a kernel those with the name of a source,
 * of a suite all but leftovers: a test is called as its author likes.
 */
export async function listSources(
  { tree, kind }: { readonly tree: string; readonly kind: 'kernel' | 'suite' },
  { exec }: Pick<Ports, 'exec'>,
): Promise<readonly string[]> {
  const [tracked, fresh] = await Promise.all([
    exec.run(['git', '-C', tree, 'ls-files', '-z', '--', '.']),
    exec.run(['git', '-C', tree, 'ls-files', '-z', '--others', '--exclude-standard', '--', '.']),
  ])
  if (tracked.code === 0 && tracked.stdout !== '') {
    return [...paths(tracked.stdout, tree), ...paths(fresh.stdout, tree).filter((path) => mayBeSource(path, tree))]
  }
  const names = SOURCE_NAMES.flatMap((name, index) => (index === 0 ? ['-name', name] : ['-o', '-name', name]))
  const wanted = kind === 'kernel' ? ['(', ...names, ')'] : []
  const found = await exec.run(['find', tree, '-type', 'f', ...wanted, '-printf', '%P\\0'])
  const all = paths(found.stdout, tree)
  const sources = kind === 'kernel' ? all : all.filter((path) => mayBeSource(path, tree))
  if (sources.length > 0) return sources
  throw new UserError(
    `${tree} has no source files to watch.`,
    'Name a kernel tree with `--kernel-tree`, or a suite’s with `--fstests` or `--scripts`.',
  )
}

function paths(listed: string, tree: string): readonly string[] {
  return listed
    .split('\0')
    .filter((path) => path !== '' && !READ_BY_PEOPLE.test(path))
    .map((path) => join(tree, path))
}

/** The directories the files are in, each once. */
export function directoriesOf(files: readonly string[]): readonly string[] {
  return [...new Set(files.map((file) => dirname(file)))]
}
