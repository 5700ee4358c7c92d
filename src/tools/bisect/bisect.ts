import { UserError } from '../../domain/errors.js'
import type { Ports } from '../../ports/index.js'
import type { SearchState, StepOutcome } from './decide.js'
import { readEnds } from './span.js'
import { BisectWorktree, type Commit, commitLine, resolveCommit } from './worktree.js'

/** One commit that was tried. */
export interface BisectStep {
  /** From 1. */
  readonly number: number
  readonly commit: Commit
  readonly outcome: StepOutcome
}

export interface BisectOptions {
  /** The user's tree: only read. */
  readonly tree: string
  /** Where the worktree goes. Nothing may be there. */
  readonly worktreePath: string
  /** The commit the kept objects were made of, whole, then those built in part since; empty: everything is compiled. */
  readonly builtCommits: readonly string[]
  readonly good: string
  readonly bad: string
  /** Only commits that touch these are looked at; none: all. */
  readonly paths: readonly string[]
  /** Try both ends first: a good one that fails, or a bad one that passes, would make an innocent commit the culprit. */
  readonly verifyEnds: boolean
  readonly signal: AbortSignal
  /** Builds and tests the worktree as it is checked out. */
  readonly tryCommit: (at: { readonly number: number; readonly commit: Commit; readonly source: string }) => Promise<StepOutcome>
  readonly onStep: (step: BisectStep) => void
  /** What goes on before the first step. */
  readonly onNote: (note: string) => void
  /** The search is over; the worktrees, which take minutes on a loaded disk, are taken away after it. */
  readonly onResult: (result: BisectResult) => Promise<void>
}

/** How a search ended. */
export interface BisectResult {
  readonly ending:
    | { readonly kind: 'found'; readonly culprit: Commit; readonly description: string }
    | { readonly kind: 'inconclusive'; readonly candidates: readonly Commit[] }
    | { readonly kind: 'cancelled' }
  readonly steps: readonly BisectStep[]
  /** What `git bisect replay` takes; '' where the search had not begun. */
  readonly log: string
}

/** Interrupted before the first commit was tried. */
export const CANCELLED_BEFORE: BisectResult = { ending: { kind: 'cancelled' }, steps: [], log: '' }

/**
 * Searches for the first bad commit with `git bisect` in a worktree that is gone afterwards, whatever happens.
 * @throws UserError where a revision is unknown, an end is not what it was said to be, or git refuses
 */
export async function bisect(options: BisectOptions, ports: Pick<Ports, 'exec' | 'files'>): Promise<BisectResult> {
  const { good, bad } = await readEnds(options, ports)
  const [whole, ...partly] = await knownCommits(options, ports)
  const { tree, worktreePath: path, signal, onNote } = options
  const worktree = await BisectWorktree.add({ tree, path, commit: whole ?? bad.hash, signal, onNote }, ports)
  if (worktree === null) return told(CANCELLED_BEFORE, options)
  try {
    if (whole !== undefined) await worktree.backdate()
    // What differs in these becomes new by being checked out, and stays so: objects made of it cannot be told from older ones.
    for (const commit of partly) await worktree.checkout(commit)
    if (partly.length > 0 && whole !== undefined) await worktree.checkout(whole)
    return await told(await new Search(options, worktree).run(good, bad), options)
  } finally {
    await worktree.remove()
  }
}

/** The result, once it was told. */
export async function told<Result extends BisectResult>(
  result: Result,
  { onResult }: { readonly onResult: (result: Result) => Promise<void> },
): Promise<Result> {
  await onResult(result)
  return result
}

/** The built commits, where the tree still has them all. */
async function knownCommits(options: BisectOptions, ports: Pick<Ports, 'exec'>): Promise<readonly string[]> {
  const found = await Promise.all(options.builtCommits.map((commit) => resolveCommit(options.tree, commit, ports).catch(() => null)))
  return found.includes(null) ? [] : options.builtCommits
}

class Search {
  private readonly steps: BisectStep[] = []

  constructor(
    private readonly options: BisectOptions,
    private readonly worktree: BisectWorktree,
  ) {}

  async run(good: Commit, bad: Commit): Promise<BisectResult> {
    const { worktree, options } = this
    if (options.verifyEnds && !((await this.verify(bad, 'bad')) && (await this.verify(good, 'good'))))
      return this.ended({ kind: 'cancelled' })
    let state = await worktree.start(bad.hash, good.hash, options.paths)
    while (state.kind === 'continue') {
      const outcome = await this.tryHead()
      if (outcome.verdict === 'cancelled') return this.ended({ kind: 'cancelled' })
      state = await worktree.mark(outcome.verdict)
    }
    return this.ended(await this.ending(state))
  }

  /** @returns false where it was cancelled. @throws UserError where the end is not what it was said to be */
  private async verify(end: Commit, said: 'good' | 'bad'): Promise<boolean> {
    await this.worktree.checkout(end.hash)
    const { verdict, reason } = await this.tryHead()
    if (verdict === 'cancelled') return false
    if (verdict === said) return true
    throw new UserError(
      `The ${said} end, ${commitLine(end)}, is not ${said}: ${reason}. There is nothing to search for.`,
      verdict === 'skip'
        ? `See its build.log and run, or give another \`--${said}\`.`
        : `Give another \`--${said}\`, or a test that ${said === 'bad' ? 'fails' : 'passes'} there; a flaky one cannot be bisected.`,
      { kind: verdict === 'skip' ? 'could-not-test' : 'usage' },
    )
  }

  private async tryHead(): Promise<StepOutcome> {
    const { options, worktree } = this
    const commit = await worktree.head()
    const number = this.steps.length + 1
    const tried = options.signal.aborted ? null : await options.tryCommit({ number, commit, source: worktree.path })
    // What was cut short has no verdict, whatever it looks like.
    const outcome: StepOutcome = tried === null || options.signal.aborted ? { verdict: 'cancelled', reason: 'cancelled' } : tried
    const step = { number, commit, outcome }
    this.steps.push(step)
    options.onStep(step)
    return outcome
  }

  private async ending(state: Exclude<SearchState, { readonly kind: 'continue' }>): Promise<BisectResult['ending']> {
    const { worktree } = this
    if (state.kind === 'refused') {
      throw new UserError(`git bisect refuses: ${state.reason}`, 'Check that `--good` is an ancestor of `--bad`.')
    }
    if (state.kind === 'found') {
      const culprit = await worktree.commit(state.commit)
      return { kind: 'found', culprit, description: await worktree.describe(state.commit) }
    }
    return { kind: 'inconclusive', candidates: await Promise.all(state.commits.map((commit) => worktree.commit(commit))) }
  }

  private async ended(ending: BisectResult['ending']): Promise<BisectResult> {
    return { ending, steps: this.steps, log: await this.worktree.log() }
  }
}
