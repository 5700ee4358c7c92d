import { UserError } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'
import { gitIn } from './situation.js'

/** Where a branch usually comes from, in this order. */
const UPSTREAMS = ['@{upstream}', 'origin/HEAD', 'origin/master', 'origin/main', 'master', 'main']

/** What a change is compared with. */
export interface ChangeBase {
  /** As a person calls it. */
  readonly name: string
  readonly commit: string
}

/** What a workflow's change goes to, where it is a pull request's; null: the usual. */
export function upstreamOf(upstream: string | null, env: Readonly<Record<string, string | undefined>>): string | null {
  return upstream ?? (env.GITHUB_BASE_REF ? `origin/${env.GITHUB_BASE_REF}` : null)
}

/**
 * Where the branch left upstream.
 * @param upstream a revision; null: the first of the usual ones that there is
 * @throws UserError outside a git tree, or without an upstream
 */
export async function changeBase(
  { upstream, tree, what }: { readonly upstream: string | null; readonly tree: string; readonly what: string },
  ports: Pick<Ports, 'exec'>,
): Promise<ChangeBase> {
  const run = gitIn(tree, ports)
  const git = async (...words: string[]) => {
    const { code, stdout } = await run(...words)
    return code === 0 ? stdout : null
  }
  for (const name of upstream === null ? UPSTREAMS : [upstream]) {
    const commit = (await git('merge-base', 'HEAD', name))?.trim()
    if (commit !== undefined && commit !== '') return { name, commit }
  }
  if ((await git('rev-parse', 'HEAD')) === null) {
    throw new UserError(`${tree} is not a git tree with a commit.`, `\`${what}\` compares with git; name groups or tests yourself.`)
  }
  if (upstream !== null && (await git('rev-parse', '--verify', '--quiet', `${upstream}^{commit}`)) === null) {
    throw new UserError(
      `There is no revision ${upstream} in ${tree}.`,
      'Name one git knows with `--upstream REV` (`git fetch` brings more).',
    )
  }
  throw new UserError(
    upstream === null
      ? `${tree} has no upstream to compare with (tried ${UPSTREAMS.join(', ')}).`
      : `${tree} has no common commit with ${upstream}.`,
    'Name the revision with `--upstream REV`.',
  )
}
