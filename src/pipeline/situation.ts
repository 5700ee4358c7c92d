import type { PullRequest } from '../domain/origin.js'
import type { Ports } from '../ports/index.js'
import type { Lineage, Situation } from './choose-record.js'

type Environment = Readonly<Record<string, string | undefined>>

/** What the workflow says of the event. */
interface EventPayload {
  readonly defaultBranch: string | null
  /** The branch a change goes to, without `refs/heads/`. */
  readonly baseBranch: string | null
  /** Where the base branch stood. */
  readonly baseCommit: string | null
  /** The change's own newest commit. */
  readonly headCommit: string | null
}

/** What git says of what is checked out. */
export interface CheckedOut {
  /** Null outside git. */
  readonly commit: string | null
  readonly parents: readonly string[]
  /** True where tracked files differ from the commit. */
  readonly isDirty: boolean
}

type Git = (...words: readonly string[]) => Promise<{ readonly code: number | null; readonly stdout: string }>

/** First-parent ancestors asked for, at most. */
const MOST_ANCESTORS = 300
const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/

/** git in a directory that may belong to another user, as in a container; what cannot be run answers nothing. */
export function gitIn(directory: string, { exec }: Pick<Ports, 'exec'>): Git {
  return async (...words) => {
    try {
      return await exec.run(['git', '-c', `safe.directory=${directory}`, '-C', directory, ...words], { timeoutSeconds: 60 })
    } catch {
      return { code: null, stdout: '' }
    }
  }
}

/** What is checked out: its commit, that commit's parents (its object names them in a shallow checkout too), and whether it is clean. */
export async function readCheckout(git: Git): Promise<CheckedOut> {
  const object = await git('cat-file', '-p', 'HEAD')
  const head = await git('rev-parse', 'HEAD')
  const commit = head.stdout.trim()
  if (object.code !== 0 || head.code !== 0 || !COMMIT.test(commit)) return { commit: null, parents: [], isDirty: false }
  const [header = ''] = object.stdout.split('\n\n', 1)
  const parents = header.split('\n').flatMap((line) => (line.startsWith('parent ') ? [line.slice('parent '.length)] : []))
  const status = await git('status', '--porcelain', '--untracked-files=no')
  return { commit, parents, isDirty: status.code !== 0 || status.stdout.trim() !== '' }
}

/** What the run is, for the choice of the record it is compared with. */
export async function readSituation(env: Environment, checkedOut: CheckedOut, git: Git, files: Ports['files']): Promise<Situation> {
  const event = env.GITHUB_EVENT_NAME ?? ''
  const payload = await readPayload(env, files)
  const { commit } = checkedOut
  if (isChange(event)) {
    const name = payload.baseBranch ?? env.GITHUB_BASE_REF ?? ''
    const baseBranch = name === '' ? null : `refs/heads/${name}`
    return { kind: 'change', base: await baseCommit(env, payload, checkedOut, git), baseBranch }
  }
  const ref = env.GITHUB_REF ?? ''
  const defaultBranch = payload.defaultBranch === null ? null : `refs/heads/${payload.defaultBranch}`
  const branch = ref.startsWith('refs/heads/') ? ref : null
  return { kind: 'branch', commit: commit ?? env.GITHUB_SHA ?? null, branch, defaultBranch }
}

/** True for an event whose run is about a change on its way into a branch. */
export function isChange(event: string): boolean {
  return event === 'pull_request' || event === 'pull_request_target' || event === 'merge_group'
}

/** The first parent of the merge commit that GitHub made, else the merge base; null where the history does not tell. */
async function baseCommit(env: Environment, payload: EventPayload, { commit, parents }: CheckedOut, git: Git): Promise<string | null> {
  const isQueue = env.GITHUB_EVENT_NAME === 'merge_group'
  const [first] = parents
  if (commit !== null && first !== undefined && isGitHubsMerge(env, payload, commit, parents)) return first
  // A merge group lies right upon it, however its commits were made.
  if (isQueue) return payload.baseCommit
  if (commit === null || payload.baseCommit === null) return null
  const { code, stdout } = await git('merge-base', commit, payload.baseCommit)
  const base = stdout.trim()
  return code === 0 && COMMIT.test(base) ? base : null
}

/** A change can have merge commits of its own: GitHub's merges the change's head into the base, or is what the event ran on. */
function isGitHubsMerge(env: Environment, { headCommit }: EventPayload, commit: string, parents: readonly string[]): boolean {
  if (parents.length !== 2) return false
  const isRunOn = commit === env.GITHUB_SHA
  if (env.GITHUB_EVENT_NAME === 'merge_group') return isRunOn || commit === headCommit
  return parents[1] === headCommit || (isRunOn && /^refs\/pull\/\d+\/merge$/.test(env.GITHUB_REF ?? ''))
}

async function readPayload(env: Environment, files: Ports['files']): Promise<EventPayload> {
  const nothing: EventPayload = { defaultBranch: null, baseBranch: null, baseCommit: null, headCommit: null }
  if (!env.GITHUB_EVENT_PATH) return nothing
  try {
    const event: unknown = JSON.parse(await files.readText(env.GITHUB_EVENT_PATH))
    const text = (...path: readonly string[]) => textAt(event, path)
    const commit = (...path: readonly string[]) => {
      const found = text(...path)
      // It reaches a command line: only what is one may pass.
      return found !== null && COMMIT.test(found) ? found : null
    }
    return {
      defaultBranch: text('repository', 'default_branch'),
      baseBranch: text('pull_request', 'base', 'ref') ?? text('merge_group', 'base_ref')?.replace(/^refs\/heads\//, '') ?? null,
      baseCommit: commit('pull_request', 'base', 'sha') ?? commit('merge_group', 'base_sha'),
      headCommit: commit('pull_request', 'head', 'sha') ?? commit('merge_group', 'head_sha'),
    }
  } catch {
    return nothing
  }
}

/** The pull request the event is about; null where it is about none. */
export async function readPullRequest(env: Environment, files: Ports['files']): Promise<PullRequest | null> {
  if (!env.GITHUB_EVENT_PATH) return null
  try {
    const event: unknown = JSON.parse(await files.readText(env.GITHUB_EVENT_PATH))
    const number = valueAt(event, ['pull_request', 'number'])
    if (typeof number !== 'number' || !Number.isInteger(number) || number < 1) return null
    const text = (...path: readonly string[]) => textAt(event, ['pull_request', ...path])?.slice(0, 500) ?? null
    return {
      number,
      title: text('title') ?? '',
      address: text('html_url'),
      branch: text('head', 'ref') ?? '',
      into: text('base', 'ref') ?? '',
    }
  } catch {
    return null
  }
}

function textAt(value: unknown, path: readonly string[]): string | null {
  const found = valueAt(value, path)
  return typeof found === 'string' && found !== '' ? found : null
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  const [key, ...rest] = path
  if (key === undefined) return value
  if (value === null || typeof value !== 'object') return undefined
  return valueAt((value as Readonly<Record<string, unknown>>)[key], rest)
}

/** The history of a checkout, as far as it goes. */
export function gitLineage(git: Git): Lineage {
  const isShallow = async () => (await git('rev-parse', '--is-shallow-repository')).stdout.trim() !== 'false'
  return {
    async firstParents(commit) {
      const { code, stdout } = await git('rev-list', '--first-parent', `--max-count=${MOST_ANCESTORS + 1}`, commit)
      if (code !== 0) return { commits: [], complete: false }
      const commits = stdout
        .split('\n')
        .filter((line) => COMMIT.test(line))
        .slice(1)
      return { commits, complete: commits.length < MOST_ANCESTORS && !(await isShallow()) }
    },
    async isAncestor(commit, of) {
      if (commit === of) return 'yes'
      const { code } = await git('merge-base', '--is-ancestor', commit, of)
      if (code === 0) return 'yes'
      if (code === null || (await isShallow())) return 'unknown'
      // 1: it is none. 128: there is no such commit in the whole history: a branch that was rewritten.
      return 'no'
    },
  }
}
