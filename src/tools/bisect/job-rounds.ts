import * as z from 'zod'
import { UserError } from '../../domain/errors.js'
import type { Ports } from '../../ports/index.js'
import type { StepOutcome, Verdict } from './decide.js'
import { type NextRound, nextRound, type Span, type Trial } from './rounds.js'
import { readEnds } from './span.js'
import { type Commit, commitLine } from './worktree.js'

const commitSchema = z.object({ hash: z.string().regex(/^[0-9a-f]{40,64}$/), subject: z.string() })

export const searchSchema = z.object({
  version: z.literal(1).describe('Format of this file.'),
  good: commitSchema.describe('Where the tests pass.'),
  bad: commitSchema.describe('Where they do not.'),
  runners: z.number().int().positive().describe('Commits that a round tests at once.'),
  commits: z
    .array(commitSchema.extend({ parents: z.array(z.string()), message: z.string() }))
    .describe('What may be the culprit, parents before children; parents are those among them.'),
})
/** A search over jobs of a workflow, as it travels from the job that reads the history to every other one. */
export type Search = z.infer<typeof searchSchema>

/** What jobs left of each commit they tried. Absent: nothing came of it. */
export type Outcomes = ReadonlyMap<string, StepOutcome>

/** What is to be done next in a search. */
export type SearchStep = NextRound | { readonly kind: 'ends'; readonly picks: readonly Trial[] }

/**
 * Reads what lies between two revisions.
 * @throws UserError where a revision is unknown, or there is nothing between them
 */
export async function beginSearch(
  options: {
    readonly tree: string
    readonly good: string
    readonly bad: string
    readonly paths: readonly string[]
    readonly runners: number
  },
  ports: Pick<Ports, 'exec'>,
): Promise<Search> {
  const { tree, runners } = options
  const {
    good,
    bad,
    span: { commits, parents },
  } = await readEnds(options, ports)
  const messages = await readMessages(tree, commits, ports)
  const known = commits.map((hash) => ({ hash, subject: '', message: '', ...messages.get(hash), parents: [...(parents.get(hash) ?? [])] }))
  return { version: 1, good, bad, runners, commits: known }
}

const FIELD = '\u0000'

async function readMessages(
  tree: string,
  commits: readonly string[],
  { exec }: Pick<Ports, 'exec'>,
): Promise<ReadonlyMap<string, Pick<Search['commits'][number], 'subject' | 'message'>>> {
  const format = '--format=%H%x00%s%x00Author: %an <%ae>%nDate:   %ad%n%n%B%x00'
  const argv = ['env', 'LC_ALL=C', 'git', '-C', tree, 'log', '--no-walk=unsorted', '--no-color', format, '--stdin']
  const { code, stdout, stderr } = await exec.run(argv, { input: `${commits.join('\n')}\n` })
  if (code !== 0) throw new UserError(`git cannot read the commits between the two ends: ${stderr.trim()}`, 'See what git says.')
  const fields = stdout.split(FIELD)
  const read = Array.from({ length: Math.floor(fields.length / 3) }, (_, index) => {
    const [hash = '', subject = '', message = ''] = fields.slice(3 * index, 3 * index + 3)
    return [hash.trim(), { subject, message: message.trimEnd() }] as const
  })
  return new Map(read)
}

/**
 * What is to be tried next, after so many rounds: gone through once more from the beginning, with the rules of `vmtest bisect --jobs`, so that no
 * state has to be handed on. A commit that a job was to try and left nothing of is skipped.
 * @throws UserError where an end is not what it was said to be
 */
export function nextStep(search: Search, outcomes: Outcomes, rounds: number): SearchStep {
  const { good, bad, runners } = search
  if (rounds === 0) return { kind: 'ends', picks: [bad, good].map(({ hash }) => ({ commit: hash, substitutes: [] })) }
  checkEnd('bad', bad, outcomes)
  checkEnd('good', good, outcomes)
  const span: Span = {
    commits: search.commits.map(({ hash }) => hash),
    parents: new Map(search.commits.map(({ hash, parents }) => [hash, parents])),
  }
  const known = new Map<string, Verdict>()
  for (let round = 1; ; round += 1) {
    const next = nextRound(span, known, runners)
    if (next.kind !== 'round' || round === rounds) return next
    for (const pick of next.picks) for (const [commit, verdict] of triedOf(pick, outcomes)) known.set(commit, verdict)
  }
}

/** A runner's commits up to the one it had a verdict on. */
function triedOf({ commit, substitutes }: Trial, outcomes: Outcomes): readonly (readonly [string, Verdict])[] {
  const tried: (readonly [string, Verdict])[] = []
  for (const each of [commit, ...substitutes]) {
    const verdict = outcomes.get(each)?.verdict
    if (verdict === 'good' || verdict === 'bad') return [...tried, [each, verdict]]
    if (verdict === undefined && each !== commit) return tried
    tried.push([each, 'skip'])
  }
  return tried
}

/** @throws UserError */
function checkEnd(word: 'good' | 'bad', end: Commit, outcomes: Outcomes): void {
  const { verdict, reason } = outcomes.get(end.hash) ?? { verdict: 'skip', reason: 'its job left no record' }
  if (verdict === word) return
  const isTested = verdict === 'good' || verdict === 'bad'
  throw new UserError(
    `The ${word} end, ${commitLine(end)}, is not ${word}: ${reason}. There is nothing to search for.`,
    isTested
      ? `Give another \`${word}\`, or a test that ${word === 'bad' ? 'fails' : 'passes'} there; a flaky one cannot be bisected.`
      : `See the job that tried it, or give another \`${word}\`.`,
    { kind: isTested ? 'usage' : 'could-not-test' },
  )
}
