import type { Exec } from '../exec.js'
import type { Files } from '../files.js'
import type { GitHubApi } from '../services.js'
import { createCacheEntries } from './github-caches.js'
import { type RestDependencies, repositoryApi } from './github-rest.js'

export interface GitHubApiDependencies extends RestDependencies {
  readonly exec: Pick<Exec, 'run'>
  readonly files: Pick<Files, 'readText'>
}

/** What the event says about the pull request. */
interface PullRequest {
  readonly number: number
  readonly baseSha: string
  readonly headSha: string
}

const SHA = /^[0-9a-f]{40}([0-9a-f]{24})?$/
const PAGE_SIZE = 100
/** GitHub lists at most 3000 files of a pull request. */
const MAX_PAGES = 30

/**
 * The pull request's changed files: from git where the history is there (no token, no network), else from the REST API.
 * Null wherever it cannot be known: then nothing is narrowed down.
 */
export function createGitHubApi(dependencies: GitHubApiDependencies): GitHubApi {
  const { env } = dependencies
  return {
    available: () => Boolean(env.GITHUB_EVENT_PATH),
    caches: createCacheEntries(dependencies),
    async changedFiles() {
      const pull = await readPullRequest(dependencies)
      if (pull === null) return null
      return (await filesFromGit(dependencies, pull)) ?? (await filesFromApi(dependencies, pull))
    },
  }
}

async function readPullRequest({ env, files }: GitHubApiDependencies): Promise<PullRequest | null> {
  const path = env.GITHUB_EVENT_PATH
  if (!path) return null
  try {
    const event = JSON.parse(await files.readText(path)) as {
      pull_request?: { number?: unknown; base?: { sha?: unknown }; head?: { sha?: unknown } }
    }
    const number = event.pull_request?.number
    const baseSha = event.pull_request?.base?.sha
    const headSha = event.pull_request?.head?.sha
    // The shas reach a command line: only what is one may pass.
    if (typeof number !== 'number' || !Number.isSafeInteger(number)) return null
    if (typeof baseSha !== 'string' || typeof headSha !== 'string' || !SHA.test(baseSha) || !SHA.test(headSha)) return null
    return { number, baseSha, headSha }
  } catch {
    return null
  }
}

async function filesFromGit({ env, exec }: GitHubApiDependencies, pull: PullRequest): Promise<readonly string[] | null> {
  const cwd = env.GITHUB_WORKSPACE
  if (!cwd) return null
  // The workspace may belong to another user in a container; without the exception git refuses to read it.
  const git = ['git', '-c', `safe.directory=${cwd}`, '-C', cwd]
  // A pull request's checkout is the merge commit; its head may not be there under its own name.
  for (const head of [pull.headSha, 'HEAD']) {
    try {
      const argv = [...git, 'diff', '--name-only', '--no-renames', '-z', `${pull.baseSha}...${head}`, '--']
      const result = await exec.run(argv, { timeoutSeconds: 60 })
      if (result.code === 0) return result.stdout.split('\0').filter((name) => name !== '')
    } catch {
      return null
    }
  }
  return null
}

async function filesFromApi(dependencies: GitHubApiDependencies, pull: PullRequest): Promise<readonly string[] | null> {
  const ask = repositoryApi(dependencies)
  if (ask === null) return null
  const names: string[] = []
  for (let page = 1; page <= MAX_PAGES; page++) {
    try {
      const response = await ask('GET', `/pulls/${pull.number}/files?per_page=${PAGE_SIZE}&page=${page}`)
      const files: unknown = response.ok ? await response.json() : null
      if (!Array.isArray(files)) return null
      names.push(...files.flatMap(changedNames))
      if (files.length < PAGE_SIZE) return names
    } catch {
      return null
    }
  }
  // More than the API lists: part of the answer would pass for all of it.
  return null
}

/** A rename touches both names. */
function changedNames(file: { filename?: unknown; previous_filename?: unknown } | null): string[] {
  return [file?.filename, file?.previous_filename].filter((name): name is string => typeof name === 'string')
}
