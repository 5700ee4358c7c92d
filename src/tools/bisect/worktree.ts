import { dirname } from 'node:path'
import { UserError } from '../../domain/errors.js'
import type { CommandResult, Ports } from '../../ports/index.js'
import { readSearchState, type SearchState, type Verdict } from './decide.js'

/** One commit, as messages name it. */
export interface Commit {
  readonly hash: string
  readonly subject: string
}

/** `a1b2c3d4e5f6 xfs: the subject`, as the kernel's documentation cites commits. */
export function commitLine({ hash, subject }: Commit): string {
  return `${hash.slice(0, 12)} ${subject}`
}

export interface WorktreeOptions {
  readonly tree: string
  readonly path: string
  readonly commit: string
  readonly signal: AbortSignal
  readonly onNote: (note: string) => void
  readonly purpose?: 'bisection' | 'series'
}

/**
 * A worktree of its own for a search, or for a series. Refs and the log of `git bisect` are per worktree (git-worktree(1), REFS), so neither the user's
 * tree nor a bisection of their own in it is touched, and removing the worktree ends the search.
 */
export class BisectWorktree {
  private constructor(
    readonly tree: string,
    readonly path: string,
    private readonly signal: AbortSignal,
    private readonly ports: Pick<Ports, 'exec' | 'files'>,
  ) {}

  /**
   * Makes the worktree: all files of a kernel, which takes a quiet machine ten seconds and a loaded disk minutes.
   * @returns null where it was interrupted: nothing of it is left then
   * @throws UserError where the path is taken: by another bisection, or by one that was killed
   */
  static async add(options: WorktreeOptions, ports: Pick<Ports, 'exec' | 'files'>): Promise<BisectWorktree | null> {
    const { tree, path, commit, signal, onNote, purpose = 'bisection' } = options
    if ((await ports.files.stat(path)) !== null) {
      throw new UserError(
        `${path} is there already: another ${purpose} of this tree is running, or one was killed.`,
        `If none is running: git -C ${tree} worktree remove --force ${path}`,
      )
    }
    await ports.files.makeDirectory(dirname(path))
    const worktree = new BisectWorktree(tree, path, signal, ports)
    onNote(`git checks ${commit.slice(0, 12)} out at ${path}`)
    // By force: git knows the place of a worktree that was removed without its help, and keeps it.
    const added = await git(tree, ['worktree', 'add', '--force', '--quiet', '--detach', path, commit], ports, signal)
    if (signal.aborted || added.code !== 0) {
      await worktree.remove()
      if (signal.aborted) return null
      throw new UserError(
        `No worktree could be made at ${path}: ${added.stderr.trim()}`,
        'Make room, or name another place with `--work`.',
        {
          kind: 'could-not-test',
        },
      )
    }
    return worktree
  }

  /**
   * Gives every file a time before any object's: for a worktree of the commit that was built last, so that `make` compiles what differs
   * from it and no more. git's index is told, or the next checkout would write all files anew.
   */
  async backdate(): Promise<void> {
    const touched = await this.ports.exec.run(['find', this.path, '-type', 'f', '-exec', 'touch', '-d', '@0', '{}', '+'])
    if (touched.code === 0) await this.succeed(['update-index', '-q', '--refresh'])
  }

  /** Checks a commit out; where it is interrupted, in part. */
  async checkout(commit: string): Promise<void> {
    await this.succeed(['checkout', '--quiet', '--force', '--detach', commit], this.signal)
  }

  /** Starts the search among the commits that touch the paths (none: all). */
  async start(bad: string, good: string, paths: readonly string[]): Promise<SearchState> {
    return this.search(['start', bad, good, ...(paths.length > 0 ? ['--', ...paths] : [])])
  }

  /** Marks the commit that is checked out; git checks the next one out. */
  async mark(verdict: Verdict): Promise<SearchState> {
    return this.search([verdict])
  }

  /** What `git bisect replay` takes; '' before the start. */
  async log(): Promise<string> {
    return (await git(this.path, ['bisect', 'log'], this.ports)).stdout
  }

  async head(): Promise<Commit> {
    return this.commit('HEAD')
  }

  async commit(revision: string): Promise<Commit> {
    return resolveCommit(this.path, revision, this.ports)
  }

  /** What `git show` says of a commit, without its patch. */
  async describe(commit: string): Promise<string> {
    return (await this.succeed(['show', '--no-color', '--stat', '--format=medium', commit])).stdout
  }

  /** Takes the worktree away. Works after Ctrl-C too: nothing here listens to it. */
  async remove(): Promise<void> {
    const removed = await git(this.tree, ['worktree', 'remove', '--force', this.path], this.ports)
    if (removed.code === 0) return
    await this.ports.files.remove(this.path)
    await git(this.tree, ['worktree', 'prune'], this.ports)
  }

  private async search(argv: readonly string[]): Promise<SearchState> {
    const { code, stdout, stderr } = await git(this.path, ['bisect', ...argv], this.ports)
    return readSearchState({ exitCode: code ?? -1, stdout, stderr })
  }

  private async succeed(argv: readonly string[], signal?: AbortSignal): Promise<CommandResult> {
    const result = await git(this.path, argv, this.ports, signal)
    if (result.code === 0 || signal?.aborted === true) return result
    throw new UserError(`\`git ${argv.join(' ')}\` failed in ${this.path}: ${result.stderr.trim()}`, 'See what git says.', {
      kind: 'could-not-test',
    })
  }
}

/** @throws UserError where the revision is no commit of the tree */
export async function resolveCommit(tree: string, revision: string, ports: Pick<Ports, 'exec'>): Promise<Commit> {
  const result = await git(tree, ['log', '-1', '--format=%H %s', '--end-of-options', revision, '--'], ports)
  const [, hash, subject] = /^([0-9a-f]{40,64}) (.*)/.exec(result.stdout) ?? []
  if (result.code === 0 && hash !== undefined) return { hash, subject: subject ?? '' }
  throw new UserError(
    `\`${revision}\` is no commit of ${tree}: ${result.stderr.trim() || 'git knows none'}`,
    'Give a tag, a branch or a hash that `git log` knows, and the tree with `--tree`.',
  )
}

/** git in the C locale, whose messages are what we read. Hooks of the user's tree would run on every checkout: none do. */
export function git(
  directory: string,
  argv: readonly string[],
  { exec }: Pick<Ports, 'exec'>,
  signal?: AbortSignal,
): Promise<CommandResult> {
  const words = ['env', 'LC_ALL=C', 'git', '-C', directory, '-c', 'core.hooksPath=/dev/null', '-c', 'advice.detachedHead=false', ...argv]
  return exec.run(words, signal === undefined ? {} : { signal })
}
