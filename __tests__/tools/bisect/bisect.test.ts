import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createExec } from '../../../src/ports/real/exec.js'
import { createFiles } from '../../../src/ports/real/files.js'
import { type BisectOptions, bisect } from '../../../src/tools/bisect/bisect.js'
import type { StepOutcome } from '../../../src/tools/bisect/decide.js'
import { History } from './history.js'

const ports = { exec: createExec(), files: createFiles() }

const numbers = Array.from({ length: 16 }, (_, index) => index + 1)

let history: History
beforeEach(() => {
  history = new History()
})
afterEach(() => history.remove())

/** 16 commits; from `bug` on fs/xfs/state says broken; those of `unbuildable` do not build. */
function sixteen(bug: number, unbuildable: readonly number[] = []): void {
  const state = (number: number) => (unbuildable.includes(number) ? 'unbuildable' : number >= bug ? 'broken' : 'fine')
  history.commit(
    numbers.map((number) => ({
      subject: `xfs: change ${number}`,
      files: { 'fs/xfs/state': `${state(number)}\n`, 'fs/xfs/number': `${number}\n`, 'fs/same': 'never changed\n' },
    })),
  )
}

/** Builds and tests by reading what is checked out. */
async function readState({ source }: { readonly source: string }): Promise<StepOutcome> {
  const state = readFileSync(join(source, 'fs/xfs/state'), 'utf8').trim()
  if (state === 'unbuildable') return { verdict: 'skip', reason: 'does not build' }
  return state === 'broken' ? { verdict: 'bad', reason: 'failed' } : { verdict: 'good', reason: 'passed' }
}

function search(changes: Partial<BisectOptions> = {}) {
  const options: BisectOptions = {
    tree: history.tree,
    worktreePath: join(history.root, 'work/source'),
    builtCommits: [],
    good: history.commits[0] ?? '',
    bad: 'HEAD',
    paths: [],
    verifyEnds: true,
    signal: new AbortController().signal,
    tryCommit: readState,
    onStep: () => undefined,
    onNote: () => undefined,
    onResult: async () => undefined,
    ...changes,
  }
  return bisect(options, ports)
}

test('the result is told before the worktree is taken away, also where it was interrupted before the first commit', async () => {
  sixteen(7)
  const told: unknown[] = []
  const onResult = async ({ ending }: { readonly ending: { readonly kind: string } }) =>
    void told.push(ending.kind, existsSync(join(history.root, 'work/source')))
  await search({ onResult })
  expect(told).toEqual(['found', true])
  const controller = new AbortController()
  await search({ onResult, signal: controller.signal, onNote: () => controller.abort() })
  expect(told.slice(2)).toEqual(['cancelled', false])
})

test('an interruption while git makes the worktree leaves none', async () => {
  sixteen(7)
  const before = history.state()
  const controller = new AbortController()
  const { ending, steps } = await search({ signal: controller.signal, onNote: () => controller.abort() })
  expect([ending, steps]).toEqual([{ kind: 'cancelled' }, []])
  expect(history.state()).toBe(before)
})

describe('among 16 commits', () => {
  test.each([2, 7, 11, 16])('the bug planted in commit %i is found', async (bug) => {
    sixteen(bug)
    const { ending, steps, log } = await search()
    expect(ending).toMatchObject({
      kind: 'found',
      culprit: { hash: history.commits[bug - 1], subject: `xfs: change ${bug}` },
      description: expect.stringContaining('fs/xfs/state'),
    })
    // Both ends and a search by halves, no commit twice.
    expect(steps.length).toBeLessThanOrEqual(2 + 4)
    expect(new Set(steps.map(({ commit }) => commit.hash)).size).toBe(steps.length)
    expect(log).toContain(`# first bad commit: [${history.commits[bug - 1]}]`)
  })

  test('commits that do not build are skipped, and it is found beside them', async () => {
    sixteen(11, [8, 9])
    const { ending, steps } = await search()
    expect(ending).toMatchObject({ kind: 'found', culprit: { hash: history.commits[10] } })
    expect(steps.some(({ outcome }) => outcome.verdict === 'skip')).toBe(true)
  })

  test('where the culprit hides among skipped commits, those are the answer', async () => {
    sixteen(11, [9, 10])
    const { ending } = await search()
    if (ending.kind !== 'inconclusive') throw new Error(`it should be inconclusive, not ${ending.kind}`)
    expect(ending.candidates.map(({ hash }) => hash).sort()).toEqual(history.commits.slice(8, 11).sort())
  })

  test('only commits that touch a path are tried', async () => {
    sixteen(11)
    history.commit(numbers.map((number) => ({ subject: `ext4: change ${number}`, files: { 'fs/ext4/number': `${number}\n` } })))
    const { ending, steps } = await search({ paths: ['fs/xfs'], verifyEnds: false })
    expect(ending).toMatchObject({ kind: 'found', culprit: { hash: history.commits[10] } })
    expect(steps.every(({ commit }) => commit.subject.startsWith('xfs:'))).toBe(true)
  })
})

describe('objects kept from before', () => {
  const modified = (source: string, path: string) => statSync(join(source, path)).mtimeMs

  test('stay newer than what they are made of; only what differs from the commit built last is newer than they', async () => {
    sixteen(7)
    let times: readonly number[] = []
    await search({
      builtCommits: [history.commits[4] ?? ''],
      bad: history.commits[15] ?? '',
      tryCommit: async (at) => {
        if (at.number === 1) times = ['fs/xfs/state', 'fs/xfs/number', 'fs/same'].map((path) => modified(at.source, path))
        return readState(at)
      },
    })
    expect(times.map((time) => time === 0)).toEqual([false, false, true])
  })

  test('of a build that was cut short are older than all it had read', async () => {
    sixteen(7)
    // The first commit tried is the whole one itself: without the detour nothing would be newer than the objects.
    let times: readonly number[] = []
    await search({
      builtCommits: [history.commits[15] ?? '', history.commits[9] ?? ''],
      tryCommit: async (at) => {
        if (at.number === 1) times = ['fs/xfs/number', 'fs/xfs/state', 'fs/same'].map((path) => modified(at.source, path))
        return readState(at)
      },
    })
    // The number differs between the two; both are broken.
    expect(times.map((time) => time === 0)).toEqual([false, true, true])
  })

  test('of a commit that is gone change nothing', async () => {
    sixteen(7)
    expect((await search({ builtCommits: ['0'.repeat(40)] })).ending.kind).toBe('found')
  })
})

describe('the user’s tree', () => {
  test('stays as it is: branch, refs, dirty and new files, worktrees, and a bisection of their own', async () => {
    sixteen(7)
    history.git('bisect', 'start', 'HEAD', history.commits[3] ?? '')
    history.write('fs/xfs/state', 'an edit\n')
    history.write('new', 'not in git\n')
    const before = [
      history.git('bisect', 'log'),
      history.git('status', '--porcelain'),
      history.git('for-each-ref'),
      history.git('worktree', 'list'),
    ]
    await search({ bad: 'main' })
    expect([
      history.git('bisect', 'log'),
      history.git('status', '--porcelain'),
      history.git('for-each-ref'),
      history.git('worktree', 'list'),
    ]).toEqual(before)
    expect(readFileSync(join(history.tree, 'fs/xfs/state'), 'utf8')).toBe('an edit\n')
    expect(existsSync(join(history.root, 'work/source'))).toBe(false)
  })

  test.each(['returns cancelled', 'returns a verdict all the same', 'throws'])(
    'stays as it is after Ctrl-C in a step that %s',
    async (how) => {
      sixteen(7)
      const before = history.state()
      const controller = new AbortController()
      let tried = 0
      const cancelled = search({
        signal: controller.signal,
        tryCommit: async (at) => {
          if (++tried < 4) return readState(at)
          controller.abort('SIGINT')
          if (how === 'throws') throw new Error('torn down')
          return how === 'returns cancelled' ? { verdict: 'cancelled', reason: 'cancelled' } : { verdict: 'bad', reason: 'failed' }
        },
      })
      if (how === 'throws') await expect(cancelled).rejects.toThrow('torn down')
      else expect(await cancelled).toMatchObject({ ending: { kind: 'cancelled' }, steps: { length: 4 } })
      expect(tried).toBe(4)
      expect(history.state()).toBe(before)
      expect(existsSync(join(history.root, 'work/source'))).toBe(false)
    },
  )
})

describe('what cannot be searched', () => {
  test('is an end that is not what it was said to be', async () => {
    sixteen(7)
    const [first, , , , , , , eighth] = history.commits
    await expect(search({ good: eighth ?? '' })).rejects.toThrow(/^The good end, .* is not good: failed\./)
    await expect(search({ bad: history.commits[4] ?? '' })).rejects.toThrow(/^The bad end, .* is not bad: passed\./)
    await expect(search({ bad: first ?? '' })).rejects.toThrow('are one commit')
  })

  test('is an end that cannot be tested: could-not-test, not a verdict', async () => {
    sixteen(7, [16])
    await expect(search()).rejects.toMatchObject({ kind: 'could-not-test' })
  })

  test('is an unknown revision, one that looks like an option, or ends the wrong way round', async () => {
    sixteen(7)
    await expect(search({ good: 'v0' })).rejects.toThrow('`v0` is no commit')
    await expect(search({ good: '--all' })).rejects.toThrow('`--all` is no commit')
    await expect(search({ good: 'HEAD', bad: history.commits[3] ?? '', verifyEnds: false })).rejects.toThrow('is older than the good one')
    expect(existsSync(join(history.root, 'work/source'))).toBe(false)
  })

  test('is a tree whose worktree is there: the way to remove it is said, and it is left alone', async () => {
    sixteen(7)
    const path = join(history.root, 'work/source')
    mkdirSync(path, { recursive: true })
    await expect(search()).rejects.toMatchObject({ nextStep: expect.stringContaining(`worktree remove --force ${path}`) })
    expect(existsSync(path)).toBe(true)
  })
})

test('a worktree of a search that was killed, removed without git, is in nobody’s way', async () => {
  sixteen(7)
  const path = join(history.root, 'work/source')
  history.git('worktree', 'add', '--quiet', '--detach', path, 'HEAD')
  rmSync(path, { recursive: true })
  expect((await search()).ending).toMatchObject({ kind: 'found', culprit: { hash: history.commits[6] } })
})
