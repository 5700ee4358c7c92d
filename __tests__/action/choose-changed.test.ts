import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type Changed, withChanged } from '../../src/action/choose-changed.js'
import { parseInputs } from '../../src/inputs/parse.js'
import type { Ports } from '../../src/ports/index.js'
import { createClock } from '../../src/ports/real/clock.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'
import { root } from '../cli/command.js'

let tree: string
let said: string[]
const git = (...words: readonly string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...words], { cwd: tree, encoding: 'utf8' }).trim()
const commit = (path: string) => {
  mkdirSync(join(tree, path, '..'), { recursive: true })
  writeFileSync(join(tree, path), 'int a;\n')
  git('add', '-A')
  git('commit', '-qm', path)
  return git('rev-parse', 'HEAD')
}

beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'vmtest-changed-'))
  said = []
  git('init', '-q', '-b', 'master')
})
afterEach(() => rmSync(tree, { recursive: true, force: true }))

/** A step in the tree on an event, which says what GitHub says of one. */
async function chosen(changed: Changed, event: string, payload: object = {}, given: Readonly<Record<string, string>> = {}) {
  const path = join(tree, '..', `${tree.split('/').at(-1)}-event.json`)
  writeFileSync(path, JSON.stringify(payload))
  const env = { GITHUB_EVENT_NAME: event, GITHUB_EVENT_PATH: path }
  const say = (line: string) => said.push(line)
  const runner = { env, info: say, warning: say, getInput: () => '' }
  const ports = { clock: createClock(), exec: createExec(), files: createFiles(), runner } as unknown as Ports
  const places = { workingDirectory: tree, projectDirectory: tree, checkout: root, temporaryDirectory: tree } as never
  const inputs = parseInputs('action', { bundle: 'offline', suite: 'smoke', ...given })
  return { before: inputs, after: await withChanged(inputs, changed, places, ports).finally(() => rmSync(path)) }
}
const pullRequest = (base: string) => ({ pull_request: { base: { ref: 'master', sha: base }, head: { sha: git('rev-parse', 'HEAD') } } })

describe('the input `changed`', () => {
  test('chooses by the rules, against the commit a pull request is based on', async () => {
    const base = commit('fs/ext4/a.c')
    commit('fs/xfs/b.c')
    const { after } = await chosen('rules', 'pull_request', pullRequest(base))
    expect(after.selection.sections.length).toBeGreaterThan(0)
    expect(after.selection.sections.filter((name) => !name.startsWith('xfs'))).toEqual([])
    expect(said.join('\n')).toContain(`1 changed file since ${base}`)
  })

  test('hands the same commit to the choice by the map', async () => {
    const base = commit('fs/a.c')
    commit('fs/b.c')
    for (const mode of ['first', 'only'] as const) {
      const { before, after } = await chosen(mode, 'pull_request', pullRequest(base))
      expect(after).toEqual({ ...before, changedTests: { mode, upstream: base } })
    }
  })

  test('of the merge commit that GitHub made takes the first parent', async () => {
    commit('fs/a.c')
    git('checkout', '-qb', 'topic')
    const head = commit('fs/xfs/b.c')
    git('checkout', '-q', 'master')
    const base = commit('fs/ext4/c.c')
    git('merge', '-q', '--no-ff', '-m', 'merge', 'topic')
    const { after } = await chosen('only', 'pull_request', { pull_request: { base: { ref: 'master', sha: base }, head: { sha: head } } })
    expect(after.changedTests).toEqual({ mode: 'only', upstream: base })
  })

  test.each(['push', 'schedule', 'workflow_dispatch'])('on %s everything runs, and the log says so', async (event) => {
    commit('fs/a.c')
    const { before, after } = await chosen('rules', event)
    expect(after).toEqual(before)
    expect(said).toEqual([`changed: ${event} is about no change on its way into a branch: everything that was asked for runs`])
  })

  test('where the base is not in the checkout everything runs, with a warning that says what brings it', async () => {
    commit('fs/a.c')
    const { before, after } = await chosen('only', 'merge_group', {
      merge_group: { base_sha: '1'.repeat(40), base_ref: 'refs/heads/master' },
    })
    expect(after).toEqual(before)
    expect(said).toEqual([
      'The checkout does not have the commit 111111111111 that the change is based on (`fetch-depth: 0` brings it): everything that was asked for runs.',
    ])
  })

  test('`no` asks git nothing', async () => {
    const { before, after } = await chosen('no', 'pull_request')
    expect([after, said]).toEqual([before, []])
  })
})
