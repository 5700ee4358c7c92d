import { UserError } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'
import { code, fenced } from '../report/summary/markdown.js'
import type { Search, SearchStep } from '../tools/bisect/job-rounds.js'
import { type Commit, commitLine } from '../tools/bisect/worktree.js'
import type { TriedCommit } from './bisect-outcomes.js'

export interface Ending {
  readonly search: Search
  readonly tried: ReadonlyMap<string, TriedCommit>
  readonly step: SearchStep
}

/** Commits listed of what is left. */
const MOST_LISTED = 50

/** The last job's words: the culprit with its message and its record, and every commit that was tried. @throws UserError where there is none */
export async function announceEnding(ending: Ending, { runner }: Pick<Ports, 'runner'>): Promise<void> {
  const { search, tried, step } = ending
  if (step.kind !== 'found') {
    const left = step.kind === 'inconclusive' ? step.commits.map((hash) => commitOf(search, hash)) : []
    await runner.writeSummary(`## Not found\n\n${listed(left)}${triedTable(ending)}`)
    throw step.kind === 'inconclusive' ? onlySkipped(left) : outOfRounds(tried)
  }
  const culprit = search.commits.find(({ hash }) => hash === step.commit)
  const run = tried.get(step.commit)
  if (culprit === undefined || run === undefined) throw new Error(`the culprit ${step.commit} is of no trial`)
  const record = `${code(run.outcome.reason)} Logs, record and page: artifact ${code(run.artifact)}`
  const rounds = Math.max(0, ...[...tried.values()].map(({ round }) => round))
  await runner.writeSummary(
    `## The first bad commit is ${code(commitLine(culprit))}\n\n${record}\n\n${fenced(`commit ${culprit.hash}\n${culprit.message}`, 'text')}\n${triedTable(ending)}`,
  )
  runner.untrusted(
    `The first bad commit is ${commitLine(culprit)}, found in ${rounds === 1 ? '1 round' : `${rounds} rounds`}\n\n${culprit.message}`,
  )
  runner.untrusted(`${run.outcome.reason}; logs, record and page: artifact ${run.artifact}`)
  runner.setOutput('conclusion', 'found')
  runner.setOutput('commit', culprit.hash)
  runner.setOutput('reason', `The first bad commit is ${commitLine(culprit)}`)
  runner.setOutput('artifact-name', run.artifact)
}

function onlySkipped(left: readonly Commit[]): UserError {
  const names = left.slice(0, MOST_LISTED).map(commitLine).join('; ')
  return new UserError(`Only commits that could not be tested are left: it is one of these: ${names}.`, 'See why they do not build.', {
    kind: 'could-not-test',
  })
}

function outOfRounds(tried: Ending['tried']): UserError {
  return new UserError(
    `${tried.size} commits were tried, and it takes further rounds.`,
    'Call it again with the newest commit that was good and the oldest that was bad (the summary lists them), or with more `runners`.',
    { kind: 'could-not-test' },
  )
}

function triedTable({ search, tried }: Ending): string {
  const rows = [...tried]
    .sort(([, left], [, right]) => left.round - right.round)
    .map(([hash, { round, outcome, artifact }]) => {
      const { verdict, reason } = outcome
      return `| ${round === 0 ? 'ends' : round} | ${code(commitLine(commitOf(search, hash)))} | ${verdict} | ${code(reason)} | ${code(artifact)} |\n`
    })
  return `\n| round | commit | it is | because | artifact |\n| --- | --- | --- | --- | --- |\n${rows.join('')}\n`
}

function listed(commits: readonly Commit[]): string {
  return commits
    .slice(0, MOST_LISTED)
    .map((commit) => `- ${code(commitLine(commit))}\n`)
    .join('')
}

function commitOf(search: Search, hash: string): Commit {
  return search.commits.find((commit) => commit.hash === hash) ?? (hash === search.good.hash ? search.good : search.bad)
}
