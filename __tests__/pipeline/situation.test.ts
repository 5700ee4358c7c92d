import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { gitIn, gitLineage, readCheckout, readSituation } from '../../src/pipeline/situation.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'

// Real git: a branch of three commits, a change from its second one, and the merge GitHub makes of it.
const ports = { exec: createExec(), files: createFiles() }
const identity = { GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@example.org', GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@example.org' }
const env = { ...process.env, ...identity, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }

let directory: string
const commits = { first: '', second: '', third: '', change: '', merge: '', ownMerge: '' }
const at = (name: string) => join(directory, name)
const gitAt = (where: string, ...words: readonly string[]) => execFileSync('git', ['-C', where, ...words], { encoding: 'utf8', env }).trim()

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'vmtest-situation-'))
  mkdirSync(at('origin'))
  const git = (...words: readonly string[]) => gitAt(at('origin'), ...words)
  git('init', '-q', '-b', 'main')
  git('config', 'uploadpack.allowAnySHA1InWant', 'true')
  const commit = (text: string) => {
    writeFileSync(join(at('origin'), 'file'), text)
    git('add', 'file')
    git('commit', '-q', '-m', text)
    return git('rev-parse', 'HEAD')
  }
  commits.first = commit('1')
  commits.second = commit('2')
  commits.third = commit('3')
  git('checkout', '-q', '-b', 'topic', commits.second)
  commits.change = commit('change')
  const tree = git('rev-parse', 'HEAD^{tree}')
  commits.merge = git('commit-tree', tree, '-p', commits.third, '-p', commits.change, '-m', 'merge')
  // A merge commit of the change's own, as its head.
  commits.ownMerge = git('commit-tree', tree, '-p', commits.change, '-p', commits.first, '-m', 'own merge')
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function checkOut(commit: string, depth: number): string {
  const path = mkdtempSync(at('checkout-'))
  gitAt(path, 'init', '-q')
  gitAt(
    path,
    'fetch',
    '-q',
    ...(depth === 0 ? [] : [`--depth=${depth}`]),
    `file://${at('origin')}`,
    commit,
    ...(depth === 0 ? ['main'] : []),
  )
  gitAt(path, 'checkout', '-q', '--detach', commit)
  return path
}

async function situationOf(path: string, event: string, head: string, sha: string) {
  const eventPath = join(path, '.git', 'event.json')
  const pull = { base: { ref: 'main', sha: commits.third }, head: { sha: head } }
  writeFileSync(eventPath, JSON.stringify({ repository: { default_branch: 'main' }, pull_request: pull }))
  const git = gitIn(path, ports)
  const variables = { GITHUB_EVENT_NAME: event, GITHUB_EVENT_PATH: eventPath, GITHUB_SHA: sha, GITHUB_REF: 'refs/pull/7/merge' }
  return readSituation(variables, await readCheckout(git), git, ports.files)
}

describe('the base commit of a change', () => {
  test('is the first parent of the merge commit that GitHub made, in a shallow checkout too', async () => {
    const path = checkOut(commits.merge, 1)
    expect(await situationOf(path, 'pull_request', commits.change, commits.merge)).toEqual({
      ...{ kind: 'change', base: commits.third, baseBranch: 'refs/heads/main' },
    })
  })

  test('is the merge base where the change itself is checked out, also where its head is a merge commit', async () => {
    const plain = await situationOf(checkOut(commits.change, 0), 'pull_request_target', commits.change, commits.third)
    expect(plain).toMatchObject({ base: commits.second })
    const merged = await situationOf(checkOut(commits.ownMerge, 0), 'pull_request_target', commits.ownMerge, commits.third)
    expect(merged).toMatchObject({ base: commits.second })
  })

  test('is not known where the history is too shallow, or there is no git', async () => {
    expect(await situationOf(checkOut(commits.change, 1), 'pull_request_target', commits.change, commits.third)).toMatchObject({
      base: null,
    })
    mkdirSync(join(at('none'), '.git'), { recursive: true })
    expect(await situationOf(at('none'), 'pull_request', commits.change, commits.merge)).toMatchObject({ base: null })
  })
})

describe('the lineage', () => {
  test('of a whole history is complete', async () => {
    const lineage = gitLineage(gitIn(checkOut(commits.change, 0), ports))
    expect(await lineage.firstParents(commits.change)).toEqual({ commits: [commits.second, commits.first], complete: true })
    expect(await lineage.isAncestor(commits.first, commits.change)).toBe('yes')
    expect(await lineage.isAncestor(commits.third, commits.change)).toBe('no')
    expect(await lineage.isAncestor('f'.repeat(40), commits.change)).toBe('no')
  })

  test('of a shallow one is not', async () => {
    const lineage = gitLineage(gitIn(checkOut(commits.change, 1), ports))
    expect(await lineage.firstParents(commits.change)).toEqual({ commits: [], complete: false })
    expect(await lineage.isAncestor(commits.first, commits.change)).toBe('unknown')
  })
})

test('a tree with changes is told from a clean one', async () => {
  const path = checkOut(commits.change, 1)
  expect(await readCheckout(gitIn(path, ports))).toEqual({ commit: commits.change, parents: [commits.second], isDirty: false })
  writeFileSync(join(path, 'file'), 'other')
  expect(await readCheckout(gitIn(path, ports))).toMatchObject({ isDirty: true })
})
