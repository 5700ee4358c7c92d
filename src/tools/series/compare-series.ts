import { join } from 'node:path'
import { UserError } from '../../domain/errors.js'
import type { Series } from '../../domain/origin.js'
import type { Ports } from '../../ports/index.js'
import { BisectWorktree, type Commit, commitLine, resolveCommit } from '../bisect/worktree.js'
import { applySeries } from './apply-series.js'
import { type MailedSeries, readSeries } from './read-series.js'

/** One of the two runs. */
export interface SeriesRun {
  readonly which: 'base' | 'series'
  /** The worktree, as it is to be built. */
  readonly source: string
  readonly base: Commit
  /** Null for the base. */
  readonly series: Series | null
}

export interface SeriesOptions {
  /** The user's tree: only read. */
  readonly tree: string
  /** Where the worktree goes. Nothing may be there. */
  readonly worktreePath: string
  /** For files of ours; removed at the end. */
  readonly scratch: string
  readonly mailbox: string
  /** What to apply it to; null: what the series says, else what is checked out. */
  readonly base: string | null
  /** The base has a record already, and is not run. */
  readonly baseIsKnown: boolean
  readonly signal: AbortSignal
  readonly onNote: (note: string) => void
  /** Refuses what both runs would be refused for. @throws UserError */
  readonly checkRuns: () => Promise<void>
  /** Builds and tests the worktree as it is checked out. @returns the exit code of the run */
  readonly run: (run: SeriesRun) => Promise<number>
}

/** What a run without a verdict exits with: it does not build, could not test, was cancelled. */
const NO_VERDICT: Readonly<Record<number, 'build-failed' | 'could-not-test'>> = { 65: 'build-failed', 69: 'could-not-test' }
const CANCELLED = 130

/**
 * Applies a series to its base in a worktree that is gone afterwards, and runs the base and then the series.
 * @returns the exit code of the series' run, which is compared with the base's
 * @throws UserError where it does not apply, or the base has no verdicts to compare with
 */
export async function compareSeries(options: SeriesOptions, ports: Pick<Ports, 'exec' | 'files'>): Promise<number> {
  const { scratch, mailbox } = options
  await ports.files.remove(scratch)
  try {
    return await compare(options, await readSeries(mailbox, join(scratch, 'mails'), ports), ports)
  } finally {
    await ports.files.remove(scratch)
  }
}

async function compare(options: SeriesOptions, series: MailedSeries, ports: Pick<Ports, 'exec' | 'files'>): Promise<number> {
  const { tree, worktreePath, scratch, mailbox, signal, onNote, run } = options
  const { base, why } = await chooseBase(options, series, ports)
  await options.checkRuns()
  onNote(
    `"${series.subject}", ${series.patches.length === 1 ? '1 patch' : `${series.patches.length} patches`} on ${commitLine(base)} (${why})`,
  )
  const worktree = await BisectWorktree.add({ tree, path: worktreePath, commit: base.hash, signal, onNote, purpose: 'series' }, ports)
  if (worktree === null) return CANCELLED
  try {
    // Before anything is built: what does not apply costs no build.
    const applied = await applySeries({ mailbox, series, worktree: worktree.path, scratch }, ports)
    onNote(`applied by ${applied.by}`)
    const head = await worktree.head()
    if (!options.baseIsKnown) {
      await worktree.checkout(base.hash)
      if (signal.aborted) return CANCELLED
      const exitCode = await run({ which: 'base', source: worktree.path, base, series: null })
      if (exitCode === CANCELLED) return CANCELLED
      requireVerdicts(exitCode, base)
      await worktree.checkout(head.hash)
    }
    if (signal.aborted) return CANCELLED
    const { subject, from, messageId } = series
    return await run({
      which: 'series',
      source: worktree.path,
      base,
      series: { subject, from, messageId, patches: [...applied.subjects], base: base.hash },
    })
  } finally {
    await worktree.remove()
  }
}

/** @throws UserError */
function requireVerdicts(exitCode: number, base: Commit): void {
  const kind = NO_VERDICT[exitCode]
  if (kind === undefined) return
  throw new UserError(
    `The base, ${commitLine(base)}, ${kind === 'build-failed' ? 'does not build' : 'could not be tested'}: what the series breaks cannot be told from what was broken.`,
    'See above why; name another commit with `--base`, or a record of the base with `--baseline`.',
    { kind },
  )
}

async function chooseBase(
  { tree, base }: Pick<SeriesOptions, 'tree' | 'base'>,
  { baseCommit }: MailedSeries,
  ports: Pick<Ports, 'exec'>,
): Promise<{ readonly base: Commit; readonly why: string }> {
  if (base !== null) return { base: await resolveCommit(tree, base, ports), why: 'as --base says' }
  if (baseCommit !== null) {
    const named = await resolveCommit(tree, baseCommit, ports).catch(() => null)
    if (named !== null) return { base: named, why: 'as the series says' }
    return {
      base: await resolveCommit(tree, 'HEAD', ports),
      why: `what is checked out: the series is for ${baseCommit.slice(0, 12)}, which is not here`,
    }
  }
  return { base: await resolveCommit(tree, 'HEAD', ports), why: 'what is checked out: the series names no base' }
}
