/** What one commit is for the search. */
export type Verdict = 'good' | 'bad' | 'skip'

/** What one step found, with its reason in a phrase. */
export interface StepOutcome {
  readonly verdict: Verdict | 'cancelled'
  readonly reason: string
}

/**
 * What a run's exit code (`exitCode` in src/domain/verdict.ts) says of the kernel it ran: `failed` covers a failure, a crash and a timeout alike.
 * A commit that could not be tested is skipped, never taken for good or bad. `--fail-on never` must not be in force.
 */
export function outcomeOfRun(exitCode: number): StepOutcome {
  switch (exitCode) {
    case 0:
      return { verdict: 'good', reason: 'passed' }
    case 1:
      return { verdict: 'bad', reason: 'failed' }
    case 65:
      return { verdict: 'skip', reason: 'the VM does not build' }
    case 130:
      return { verdict: 'cancelled', reason: 'cancelled' }
    default:
      return { verdict: 'skip', reason: 'could not test' }
  }
}

/** Where `git bisect` stands after a commit was marked. */
export type SearchState =
  | { readonly kind: 'continue' }
  | { readonly kind: 'found'; readonly commit: string }
  /** Only skipped commits are left: the culprit is one of these. */
  | { readonly kind: 'inconclusive'; readonly commits: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: string }

/**
 * Reads what `git bisect start|good|bad|skip` printed in the C locale (builtin/bisect.c, bisect.c of git).
 * @param exitCode 0 while it goes on or is done, 2 where only skipped commits are left, others where it refuses
 */
export function readSearchState(printed: { readonly exitCode: number; readonly stdout: string; readonly stderr: string }): SearchState {
  const { exitCode, stdout, stderr } = printed
  const found = /^([0-9a-f]{40,64}) is the first (?:bad|new) commit$/m.exec(stdout)?.[1]
  if (found !== undefined) return { kind: 'found', commit: found }
  if (/^There are only 'skip'ped commits left to test\./m.test(stdout)) {
    return { kind: 'inconclusive', commits: [...stdout.matchAll(/^([0-9a-f]{40,64})$/gm)].map((match) => match[1] ?? '') }
  }
  if (exitCode === 0) return { kind: 'continue' }
  const reason = [stderr, stdout].map((text) => text.trim()).find((text) => text !== '')
  return { kind: 'refused', reason: reason ?? `git bisect ended with exit code ${exitCode}` }
}
