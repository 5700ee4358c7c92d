import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { UserError } from '../../../src/domain/errors.js'
import { createExec } from '../../../src/ports/real/exec.js'
import { createFiles } from '../../../src/ports/real/files.js'
import type { StepOutcome } from '../../../src/tools/bisect/decide.js'
import { bisectInParallel, type ParallelOptions } from '../../../src/tools/bisect/parallel.js'
import { History } from './history.js'

const ports = { exec: createExec(), files: createFiles() }
const COMMITS = 65
const UNBUILDABLE = [20, 45]

let history: History
beforeEach(() => {
  history = new History()
})
afterEach(() => history.remove())

/** A good commit and 64 after it; from `bug` on fs/xfs/state says broken, and two do not build. */
function longHistory(bug: number): void {
  const state = (number: number) => (UNBUILDABLE.includes(number) ? 'unbuildable' : number >= bug ? 'broken' : 'fine')
  history.commit(
    Array.from({ length: COMMITS }, (_, index) => ({
      subject: `xfs: change ${index + 1}`,
      files: { 'fs/xfs/state': `${state(index + 1)}\n`, 'fs/xfs/number': `${index + 1}\n` },
    })),
  )
}

async function readState({ source }: { readonly source: string }): Promise<StepOutcome> {
  const state = readFileSync(join(source, 'fs/xfs/state'), 'utf8').trim()
  if (state === 'unbuildable') return { verdict: 'skip', reason: 'does not build' }
  return state === 'broken' ? { verdict: 'bad', reason: 'failed' } : { verdict: 'good', reason: 'passed' }
}

function search(changes: Partial<ParallelOptions> = {}) {
  const options: ParallelOptions = {
    tree: history.tree,
    worktreePaths: [1, 2, 3, 4].map((runner) => join(history.root, `work/source-${runner}`)),
    ...{ good: history.commits[0] ?? '', bad: 'HEAD', paths: [], verifyEnds: true },
    signal: new AbortController().signal,
    tryCommit: readState,
    onStep: () => undefined,
    onNote: () => undefined,
    onResult: async () => undefined,
    ...changes,
  }
  return bisectInParallel(options, ports)
}

test.each([2, 33, 47, 65])(
  'among 64 commits four runners find the bug in commit %i in three rounds, past two that do not build',
  async (bug) => {
    longHistory(bug)
    const before = history.state()
    const { ending, rounds, steps, log } = await search()
    expect(ending).toMatchObject({ kind: 'found', culprit: { hash: history.commits[bug - 1], subject: `xfs: change ${bug}` } })
    expect(rounds).toBeLessThanOrEqual(3)
    // Both ends, and in each round at most four that could be tested.
    expect(steps.filter(({ outcome }) => outcome.verdict !== 'skip').length).toBeLessThanOrEqual(2 + 3 * 4)
    expect(log).toContain(`git bisect start '${history.commits.at(-1)}' '${history.commits[0]}'`)
    expect(history.state()).toBe(before)
    expect(existsSync(join(history.root, 'work/source-1'))).toBe(false)
  },
)

test('the result is told before the worktree is taken away, also where it was interrupted before the first commit', async () => {
  longHistory(30)
  const told: unknown[] = []
  const onResult = async ({ ending }: { readonly ending: { readonly kind: string } }) =>
    void told.push(ending.kind, existsSync(join(history.root, 'work/source-4')))
  await search({ onResult })
  expect(told).toEqual(['found', true])
  const controller = new AbortController()
  await search({ onResult, signal: controller.signal, onNote: () => controller.abort() })
  expect(told.slice(2)).toEqual(['cancelled', false])
})

test('a good end that fails is refused, and no worktree is left', async () => {
  longHistory(1)
  await expect(search()).rejects.toThrow(UserError)
  expect(history.git('worktree', 'list').trim().split('\n')).toHaveLength(1)
})

test('an interruption while git makes the second worktree leaves none', async () => {
  longHistory(30)
  const before = history.state()
  const controller = new AbortController()
  const onNote = (note: string) => note.includes('source-2') && controller.abort()
  const { ending, steps } = await search({ signal: controller.signal, onNote })
  expect([ending, steps]).toEqual([{ kind: 'cancelled' }, []])
  expect(history.state()).toBe(before)
})

test('an interruption ends it', async () => {
  longHistory(30)
  const controller = new AbortController()
  const { ending } = await search({
    signal: controller.signal,
    tryCommit: async (at) => {
      controller.abort()
      return readState(at)
    },
  })
  expect(ending).toEqual({ kind: 'cancelled' })
})
