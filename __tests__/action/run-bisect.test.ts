import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { RunRecord } from '../../src/domain/record.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'
import { bisectInParallel } from '../../src/tools/bisect/parallel.js'
import { History } from '../tools/bisect/history.js'
import { JobSearch, playWorkflow } from './job-search.js'

const COMMITS = 65
const UNBUILDABLE = [20, 45]

let history: History
let search: JobSearch
beforeEach(() => {
  history = new History()
  history.commit(
    Array.from({ length: COMMITS }, (_, index) => ({ subject: `xfs: change ${index + 1}`, files: { 'fs/xfs/number': `${index + 1}\n` } })),
  )
  search = new JobSearch(history.tree)
})
afterEach(() => {
  history.remove()
  search.remove()
})

const numberOf = (commit: string) => history.commits.indexOf(commit) + 1
const good = () => ({ good: history.commits[0] ?? '', bad: 'HEAD', runners: '4' })

const fate =
  (bug: number) =>
  (commit: string): RunRecord['conclusion']['kind'] =>
    UNBUILDABLE.includes(numberOf(commit)) ? 'build-failed' : numberOf(commit) >= bug ? 'failed' : 'passed'

/** What `vmtest bisect --jobs 4` tries after the ends. */
async function onTheDesk(bug: number): Promise<{ readonly tried: readonly string[]; readonly rounds: number }> {
  const verdicts = { passed: 'good', failed: 'bad', 'build-failed': 'skip', 'could-not-test': 'skip', cancelled: 'cancelled' } as const
  const { steps, rounds } = await bisectInParallel(
    {
      ...{ tree: history.tree, good: good().good, bad: 'HEAD', paths: [], verifyEnds: true },
      worktreePaths: [1, 2, 3, 4].map((runner) => `${history.root}/work/source-${runner}`),
      signal: new AbortController().signal,
      tryCommit: async ({ commit }) => ({ verdict: verdicts[fate(bug)(commit.hash)], reason: '' }),
      onStep: () => undefined,
      onNote: () => undefined,
      onResult: async () => undefined,
    },
    { exec: createExec(), files: createFiles() },
  )
  return { tried: steps.slice(2).map(({ commit }) => commit.hash), rounds }
}

describe('a search over jobs', () => {
  test.each([2, 33, 47, 65])(
    'names commit %i of 64 after at most three rounds of four, past two that do not build, trying what the desk tries',
    async (bug) => {
      const { rounds, tried, end } = await playWorkflow(search, good(), fate(bug))
      const culprit = history.commits[bug - 1] ?? ''
      expect(end.failed).toEqual([])
      expect([end.outputs.get('conclusion'), end.outputs.get('commit')]).toEqual(['found', culprit])
      expect(end.outputs.get('reason')).toContain(`xfs: change ${bug}`)
      expect(rounds).toBeLessThanOrEqual(3)
      const desk = await onTheDesk(bug)
      expect([tried.slice(1).flat().sort(), rounds]).toEqual([[...desk.tried].sort(), desk.rounds])
      expect(end.summary).toContain(`commit ${culprit}`)
      expect(end.summary).toContain('it is failed')
      expect(end.outputs.get('artifact-name')).toMatch(new RegExp(`-round-\\d-${culprit.slice(0, 12)}-attempt-1$`))
    },
  )

  test('a job that is lost makes its commit neither good nor bad', async () => {
    let lost = 0
    const verdict = (commit: string) => (numberOf(commit) > 1 && numberOf(commit) < COMMITS && lost++ === 0 ? null : fate(33)(commit))
    const { end } = await playWorkflow(search, good(), verdict)
    expect([end.failed, end.outputs.get('commit')]).toEqual([[], history.commits[32]])
  })

  test('where every commit between does not build, they are listed', async () => {
    const { end } = await playWorkflow(search, { ...good(), good: 'HEAD~3' }, (commit) =>
      numberOf(commit) === COMMITS ? 'failed' : numberOf(commit) === COMMITS - 3 ? 'passed' : 'could-not-test',
    )
    expect(end.outputs.get('conclusion')).toBe('could-not-test')
    expect(end.failed.join()).toMatch(/Only commits that could not be tested are left: .*change 63; .*change 64; .*change 65/)
  })

  test.each([
    ['failed', 'The good end, [0-9a-f]{12} xfs: change 1, is not good'],
    ['build-failed', 'The good end, [0-9a-f]{12} xfs: change 1, is not good: it is build-failed'],
  ] as const)('a good end that is %s ends it', async (kind, message) => {
    const { tried, end } = await playWorkflow(search, good(), (commit) => (numberOf(commit) === 1 ? kind : 'failed'))
    expect(tried).toHaveLength(1)
    expect(end.failed.join()).toMatch(new RegExp(message))
  })

  test('rounds that were not held are no skips', async () => {
    const from = (await search.step(good())).outputs.get('search') ?? ''
    const { include } = JSON.parse((await search.step({ from, round: '0' })).outputs.get('matrix') ?? '') as {
      include: readonly { readonly commit: string; readonly artifact: string }[]
    }
    for (const { commit, artifact } of include) search.leave(`${artifact}-attempt-1`, fate(33)(commit))
    expect((await search.step({ from })).failed.join()).toContain('it takes further rounds')
  })

  test('records of one attempt that do not agree are not believed, and a later attempt is', async () => {
    const from = (await search.step(good())).outputs.get('search') ?? ''
    const { include } = JSON.parse((await search.step({ from, round: '0' })).outputs.get('matrix') ?? '') as {
      include: readonly { readonly commit: string; readonly artifact: string }[]
    }
    const [bad, first] = include
    search.leave(`${bad?.artifact}-attempt-1`, 'failed')
    search.leave(`${first?.artifact}-attempt-1`, 'passed')
    search.leave(`${first?.artifact}-attempt-1-2`, 'failed')
    expect((await search.step({ from, round: '1' })).failed.join()).toContain('two records of one attempt do not agree')
    search.leave(`${first?.artifact}-attempt-2`, 'passed')
    expect((await search.step({ from, round: '1' })).outputs.get('count')).toBe('4')
  })

  test.each([
    [{ bad: 'HEAD' }, 'There is no `good`'],
    [{ good: 'HEAD', bad: 'HEAD' }, 'are one commit'],
    [{ good: 'v9.9', bad: 'HEAD' }, '`v9.9` is no commit'],
    [{ good: 'HEAD~3', runners: 'many' }, '`runners` is `many`'],
    [{ from: 'no-such', round: '1' }, 'The artifact no-such of this run cannot be had'],
  ])('refuses %j', async (inputs, message) => {
    expect((await search.step(inputs)).failed.join()).toContain(message)
  })
})
