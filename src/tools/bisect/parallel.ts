import { UserError } from '../../domain/errors.js'
import type { Ports } from '../../ports/index.js'
import { type BisectResult, type BisectStep, CANCELLED_BEFORE, told } from './bisect.js'
import type { StepOutcome, Verdict } from './decide.js'
import { nextRound, type Trial } from './rounds.js'
import { type Ends, readEnds } from './span.js'
import { BisectWorktree, type Commit, commitLine, git, resolveCommit } from './worktree.js'

export interface ParallelOptions {
  readonly tree: string
  /** One for each runner: nothing may be there. */
  readonly worktreePaths: readonly string[]
  readonly good: string
  readonly bad: string
  readonly paths: readonly string[]
  readonly verifyEnds: boolean
  readonly signal: AbortSignal
  /** Builds and tests a runner's worktree as it is checked out. Several at once, one for each runner. */
  readonly tryCommit: (at: {
    readonly number: number
    readonly commit: Commit
    readonly source: string
    readonly runner: number
  }) => Promise<StepOutcome>
  readonly onStep: (step: BisectStep) => void
  /** What goes on before the first round. */
  readonly onNote: (note: string) => void
  /** The search is over; the worktrees, which take minutes on a loaded disk, are taken away after it. */
  readonly onResult: (result: ParallelResult) => Promise<void>
}

export interface ParallelResult extends BisectResult {
  /** Rounds after the ends were verified. */
  readonly rounds: number
}

/**
 * Searches for the first bad commit with several runners at once: each round tries one commit a runner, so that four need a third of the
 * rounds of one. A runner whose commit does not build goes on to the next one in the same round.
 * @throws UserError where a revision is unknown, or an end is not what it was said to be
 */
export async function bisectInParallel(options: ParallelOptions, ports: Pick<Ports, 'exec' | 'files'>): Promise<ParallelResult> {
  const ends = await readEnds(options, ports)
  const worktrees: BisectWorktree[] = []
  try {
    const { tree, signal, onNote } = options
    for (const path of options.worktreePaths) {
      const worktree = await BisectWorktree.add({ tree, path, commit: ends.bad.hash, signal, onNote }, ports)
      if (worktree === null) return await told({ ...CANCELLED_BEFORE, rounds: 0 }, options)
      worktrees.push(worktree)
    }
    return await told(await new ParallelSearch(options, worktrees, ports).run(ends), options)
  } finally {
    for (const worktree of worktrees) await worktree.remove()
  }
}

class ParallelSearch {
  private readonly steps: BisectStep[] = []
  private readonly outcomes = new Map<string, Verdict>()
  private rounds = 0
  private started = 0

  constructor(
    private readonly options: ParallelOptions,
    private readonly worktrees: readonly BisectWorktree[],
    private readonly ports: Pick<Ports, 'exec' | 'files'>,
  ) {}

  async run({ good, bad, span }: Ends): Promise<ParallelResult> {
    const { tree, verifyEnds } = this.options
    if (verifyEnds && !(await this.verify(good, bad))) return this.ended({ kind: 'cancelled' }, good, bad)
    for (;;) {
      const next = nextRound(span, this.outcomes, this.worktrees.length)
      switch (next.kind) {
        case 'round':
          this.rounds += 1
          if (!(await this.tryRound(next.picks))) return this.ended({ kind: 'cancelled' }, good, bad)
          break
        case 'found': {
          const culprit = await resolveCommit(tree, next.commit, this.ports)
          const shown = await git(tree, ['show', '--no-color', '--stat', '--format=medium', next.commit], this.ports)
          return this.ended({ kind: 'found', culprit, description: shown.stdout }, good, bad)
        }
        case 'inconclusive': {
          const left = await Promise.all(next.commits.map((commit) => resolveCommit(tree, commit, this.ports)))
          return this.ended({ kind: 'inconclusive', candidates: left }, good, bad)
        }
      }
    }
  }

  /** @returns false where it was cancelled */
  private async tryRound(picks: readonly Trial[]): Promise<boolean> {
    const tried = await Promise.all(picks.map((pick, index) => this.tryPick(pick, index)))
    return tried.every((went) => went) && !this.options.signal.aborted
  }

  /** A commit, and the next ones as long as none can be tested. */
  private async tryPick({ commit, substitutes }: Trial, runner: number): Promise<boolean> {
    for (const each of [commit, ...substitutes]) {
      const { verdict } = await this.tryOne(each, runner)
      if (verdict === 'cancelled' || this.options.signal.aborted) return false
      this.outcomes.set(each, verdict)
      if (verdict !== 'skip') return true
    }
    return true
  }

  private async tryOne(hash: string, runner: number): Promise<StepOutcome> {
    const worktree = this.worktrees[runner]
    if (worktree === undefined) throw new Error(`there is no runner ${runner}`)
    await worktree.checkout(hash)
    const commit = await worktree.head()
    const number = ++this.started
    const outcome = this.options.signal.aborted
      ? ({ verdict: 'cancelled', reason: 'cancelled' } as const)
      : await this.options.tryCommit({ number, commit, source: worktree.path, runner })
    const step = { number, commit, outcome }
    this.steps.push(step)
    this.options.onStep(step)
    return outcome
  }

  /** Both ends at once, where there are two runners. @throws UserError where one is not what it was said to be */
  private async verify(good: Commit, bad: Commit): Promise<boolean> {
    const ends = [
      { end: bad, word: 'bad' },
      { end: good, word: 'good' },
    ] as const
    const outcomes: StepOutcome[] = []
    if (this.worktrees.length > 1) outcomes.push(...(await Promise.all(ends.map(({ end }, runner) => this.tryOne(end.hash, runner)))))
    else for (const { end } of ends) outcomes.push(await this.tryOne(end.hash, 0))
    for (const [index, { end, word }] of ends.entries()) {
      const { verdict, reason } = outcomes[index] ?? { verdict: 'cancelled', reason: '' }
      if (verdict === 'cancelled') return false
      if (verdict === word) continue
      throw new UserError(
        `The ${word} end, ${commitLine(end)}, is not ${word}: ${reason}. There is nothing to search for.`,
        `Give another \`--${word}\`, or a test that ${word === 'bad' ? 'fails' : 'passes'} there; a flaky one cannot be bisected.`,
        { kind: verdict === 'skip' ? 'could-not-test' : 'usage' },
      )
    }
    return true
  }

  private ended(ending: BisectResult['ending'], good: Commit, bad: Commit): ParallelResult {
    const steps = [...this.steps].sort((left, right) => left.number - right.number)
    return { ending, steps, log: replayLog(good, bad, this.outcomes), rounds: this.rounds }
  }
}

/** What `git bisect replay` takes. */
function replayLog(good: Commit, bad: Commit, outcomes: ReadonlyMap<string, Verdict>): string {
  const marks = [...outcomes].map(([commit, verdict]) => `git bisect ${verdict} ${commit}\n`)
  return `git bisect start '${bad.hash}' '${good.hash}'\n${marks.join('')}`
}
