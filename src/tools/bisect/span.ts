import { UserError } from '../../domain/errors.js'
import type { Ports } from '../../ports/index.js'
import type { Span } from './rounds.js'
import { type Commit, commitLine, git, resolveCommit } from './worktree.js'

/** What is searched: the kernel's tree, its ends as they were named, and the paths of interest (none: all). */
export interface Searched {
  readonly tree: string
  readonly good: string
  readonly bad: string
  readonly paths: readonly string[]
}

/** The two ends of a search, and what is searched. */
export interface Ends {
  readonly good: Commit
  readonly bad: Commit
  readonly span: Span
}

/**
 * The ends of a search and what is between them, looked up before anything is made of them.
 * @throws UserError where one is unknown, both are one, they stand the wrong way round, or there is nothing between them
 */
export async function readEnds(searched: Searched, ports: Pick<Ports, 'exec'>): Promise<Ends> {
  const { tree, paths } = searched
  const good = await resolveCommit(tree, searched.good, ports)
  const bad = await resolveCommit(tree, searched.bad, ports)
  if (good.hash === bad.hash)
    throw new UserError(`The good and the bad revision are one commit, ${commitLine(bad)}.`, 'Give an older one as `good`.')
  if ((await git(tree, ['merge-base', '--is-ancestor', bad.hash, good.hash], ports)).code === 0)
    throw new UserError(
      `The bad revision, ${commitLine(bad)}, is older than the good one, ${commitLine(good)}.`,
      'Give them the other way round, if a change broke the tests; a change that mended them is not searched for.',
    )
  return { good, bad, span: await readSpan({ tree, good: good.hash, bad: bad.hash, paths }, ports) }
}

/**
 * The commits between two revisions that touch the paths (none: all), parents before children.
 * @throws UserError where there is none, or git refuses
 */
async function readSpan({ tree, good, bad, paths }: Searched, ports: Pick<Ports, 'exec'>): Promise<Span> {
  const range = ['rev-list', '--topo-order', '--reverse', '--parents', bad, `^${good}`, '--', ...paths]
  const { code, stdout, stderr } = await git(tree, range, ports)
  if (code !== 0) throw new UserError(`git cannot list the commits from ${good} to ${bad}: ${stderr.trim()}`, 'See what git says.')
  const lines = stdout.split('\n').filter((line) => line !== '')
  const commits = lines.map((line) => line.split(' ')[0] ?? '')
  if (commits.length === 0)
    throw new UserError(
      `There is no commit between ${good} and ${bad}${paths.length === 0 ? '' : ` that touches ${paths.join(', ')}`}.`,
      paths.length === 0 ? 'Give an older one as `good`.' : 'Give an older one as `good`, or other paths.',
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
