import type { RunRecord } from '../domain/record.js'

/** What a run is, as far as it decides which record it is compared with. */
export type Situation =
  /** The command: nothing but what it names. */
  | { readonly kind: 'command' }
  /** A change on its way into a branch: `pull_request`, `pull_request_target`, `merge_group`. */
  | {
      readonly kind: 'change'
      /** Where the change starts from: the first parent of the merge commit, else the merge base; null where neither is known. */
      readonly base: string | null
      /** `refs/heads/…`; null where it is not known. */
      readonly baseBranch: string | null
    }
  /** Any other event. */
  | {
      readonly kind: 'branch'
      /** The commit that is checked out; null outside git. */
      readonly commit: string | null
      /** `refs/heads/…`; null on a tag. */
      readonly branch: string | null
      readonly defaultBranch: string | null
    }

/** What the history at hand says of two commits. A shallow checkout does not know most of it. */
export interface Lineage {
  /** A commit's first-parent ancestors, nearest first, itself left out; `complete` is false where there may be more. */
  firstParents(commit: string): Promise<{ readonly commits: readonly string[]; readonly complete: boolean }>
  /** Whether the one is an ancestor of the other, or the same. */
  isAncestor(commit: string, of: string): Promise<'yes' | 'no' | 'unknown'>
}

/** A record that earlier runs left, and its entry. */
export interface Found {
  readonly record: RunRecord
  readonly key: string
}

/** The records that comparable runs on branches left, as a run may see them. */
export interface RecordShelf {
  /** The newest record of the first of these commits that has one, on whichever branch. */
  ofCommits(commits: readonly string[]): Promise<Found | null>
  /** The newest record, red or green: of the run's own branch, else of the base branch, else of the default branch. */
  newest(): Promise<Found | null>
  /** The newest accepted record of a branch. */
  accepted(branch: string): Promise<Found | null>
  /** The record of an entry that may be gone. */
  entry(key: string): Promise<Found | null>
}

/** The record to compare with, and why it is that one or none. */
export interface Choice {
  readonly found: Found | null
  /** A clause for the log: `the record of the base commit 0123456789ab`. */
  readonly why: string
}

export interface Choosing {
  readonly situation: Situation
  readonly lineage: Lineage
  readonly shelf: RecordShelf
  /** False for a record that is never an excuse for this run (`whyNoExcuse`). */
  readonly canExcuse: (record: RunRecord) => boolean
}

/** Commits asked for at once: the cache takes ten keys in a request. */
const COMMITS_AT_ONCE = 10
/** Earlier accepted records looked at where the newest will not do. */
const MOST_EARLIER = 20

/** Chooses the record a run is compared with: the table in docs/results.md. */
export async function chooseRecord(choosing: Choosing): Promise<Choice> {
  const { situation } = choosing
  switch (situation.kind) {
    case 'command':
      return { found: null, why: 'none is named' }
    case 'change':
      return ofBase(situation, choosing)
    case 'branch':
      return ofBranch(situation, choosing)
  }
}

const none = (why: string): Choice => ({ found: null, why })
const short = (commit: string): string => commit.slice(0, 12)

async function ofBase({ base, baseBranch }: Extract<Situation, { kind: 'change' }>, choosing: Choosing): Promise<Choice> {
  const { shelf, lineage } = choosing
  if (base === null) return standIn('the base commit is not known here', baseBranch, choosing)
  const own = await shelf.ofCommits([base])
  if (own !== null) return { found: own, why: `the newest record of the base commit ${short(base)}` }
  const { commits, complete } = await lineage.firstParents(base)
  for (let at = 0; at < commits.length; at += COMMITS_AT_ONCE) {
    const found = await nearest(commits.slice(at, at + COMMITS_AT_ONCE), shelf)
    if (found !== null) return { found, why: `the newest record of the nearest ancestor of the base commit ${short(base)} that has one` }
  }
  if (complete) return none(`neither the base commit ${short(base)} nor an ancestor of it has a record`)
  return standIn(
    `the base commit ${short(base)} has no record, and the history here ends before an ancestor that has one`,
    baseBranch,
    choosing,
  )
}

/** The first of some commits that has a record: a branch seen before others may answer for a later one of them. */
async function nearest(commits: readonly string[], shelf: RecordShelf): Promise<Found | null> {
  let found = await shelf.ofCommits(commits)
  for (let better = found; better !== null; ) {
    const before = commits.slice(0, Math.max(0, commits.indexOf(commitOf(better.record) ?? '')))
    better = before.length === 0 ? null : await shelf.ofCommits(before)
    found = better ?? found
  }
  return found
}

/** Where the history is too shallow, the base branch's newest record stands in. */
async function standIn(because: string, branch: string | null, { shelf }: Choosing): Promise<Choice> {
  const found = await shelf.newest()
  if (found === null || (branch !== null && found.record.workflow?.ref !== branch)) return none(`${because}; the base branch has no record`)
  return { found, why: `${because}: the base branch's newest record stands in` }
}

async function ofBranch(situation: Extract<Situation, { kind: 'branch' }>, choosing: Choosing): Promise<Choice> {
  const { branch, defaultBranch } = situation
  const own = branch === null ? [] : await acceptedOf(branch, situation.commit, choosing)
  const best = own.find(({ found }) => found !== null && choosing.canExcuse(found.record)) ?? own[0]
  if (best !== undefined) return best
  if (defaultBranch === null || defaultBranch === branch) return none('no record of this branch is accepted')
  const others = await acceptedOf(defaultBranch, null, choosing)
  const other = others.find(({ found }) => found !== null && choosing.canExcuse(found.record)) ?? others[0]
  if (other === undefined) return none('no record of this branch or of the default branch is accepted')
  return { ...other, why: `no record of this branch is accepted: the default branch's newest accepted record` }
}

/**
 * Accepted records of a branch that may be compared with, newest first: one that can be an excuse ends the list, since nothing before it
 * is asked for then. Each names the accepted record it was compared with itself.
 * @param head only those of its ancestors; null: all
 */
async function acceptedOf(branch: string, head: string | null, { shelf, lineage, canExcuse }: Choosing): Promise<readonly Choice[]> {
  const choices: Choice[] = []
  let found = await shelf.accepted(branch)
  for (let looked = 0; found !== null && looked < MOST_EARLIER; looked++) {
    const { record } = found
    if (record.workflow?.ref !== branch) break
    const commit = commitOf(record)
    const known = head === null ? 'yes' : commit === null ? 'unknown' : await lineage.isAncestor(commit, head)
    if (known !== 'no') {
      const which = 'the newest accepted record of this branch'
      choices.push({
        found,
        why: known === 'yes' ? which : `${which} (the history here is too shallow to tell whether it is of an ancestor)`,
      })
      if (canExcuse(record)) break
    }
    const earlier: string | undefined = record.compared?.key
    found = earlier === undefined ? null : await shelf.entry(earlier)
  }
  return choices
}

/** The commit a record is of, whether or not files differed from it; null where it is not known. */
export function commitOf({ commit }: Pick<RunRecord, 'commit'>): string | null {
  return commit?.replace(/-dirty$/, '') ?? null
}
