import { UserError } from '../../domain/errors.js'
import type { Ports } from '../../ports/index.js'
import type { Span } from './rounds.js'
import { git } from './worktree.js'

/**
 * The commits between two revisions that touch the paths (none: all), parents before children.
 * @throws UserError where there is none, or git refuses
 */
export async function readSpan(
  { tree, good, bad, paths }: { readonly tree: string; readonly good: string; readonly bad: string; readonly paths: readonly string[] },
  ports: Pick<Ports, 'exec'>,
): Promise<Span> {
  const range = ['rev-list', '--topo-order', '--reverse', '--parents', bad, `^${good}`, '--', ...paths]
  const { code, stdout, stderr } = await git(tree, range, ports)
  if (code !== 0) throw new UserError(`git cannot list the commits from ${good} to ${bad}: ${stderr.trim()}`, 'See what git says.')
  const lines = stdout.split('\n').filter((line) => line !== '')
  const commits = lines.map((line) => line.split(' ')[0] ?? '')
  if (commits.length === 0)
    throw new UserError(
      `There is no commit between ${good} and ${bad}${paths.length === 0 ? '' : ` that touches ${paths.join(', ')}`}.`,
      'Give an older one with `--good`.',
    )
  const known = new Set(commits)
  const parents = new Map(
    lines.map((line) => {
      const [commit = '', ...own] = line.split(' ')
      return [commit, own.filter((parent) => known.has(parent))] as const
    }),
  )
  return { commits, parents }
}
