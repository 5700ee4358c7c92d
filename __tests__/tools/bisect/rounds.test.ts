import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Verdict } from '../../../src/tools/bisect/decide.js'
import { nextRound, type Span } from '../../../src/tools/bisect/rounds.js'

/** A straight line of commits, named by number from 1. */
function line(count: number): Span {
  const commits = Array.from({ length: count }, (_, index) => String(index + 1))
  return { commits, parents: new Map(commits.map((commit, index) => [commit, index === 0 ? [] : [String(index)]])) }
}

/** Plays a search to its end. @param verdictOf what a commit would say */
function play(span: Span, runners: number, verdictOf: (commit: string) => Verdict) {
  const outcomes = new Map<string, Verdict>()
  for (let rounds = 0; ; rounds += 1) {
    const next = nextRound(span, outcomes, runners)
    if (next.kind !== 'round') return { next, rounds, tried: outcomes.size }
    expect(next.picks.length).toBeLessThanOrEqual(runners)
    for (const { commit, substitutes } of next.picks) {
      for (const each of [commit, ...substitutes]) {
        expect(outcomes.has(each)).toBe(false)
        outcomes.set(each, verdictOf(each))
        if (verdictOf(each) !== 'skip') break
      }
    }
  }
}

describe('nextRound', () => {
  test('64 commits, four runners, two commits that do not build: at most three rounds, wherever they are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 64 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 63 }), { minLength: 2, maxLength: 2 }),
        (first, skipped) => {
          const unbuildable = skipped.filter((commit) => commit !== first && commit !== first - 1)
          const { next, rounds } = play(line(64), 4, (commit) =>
            unbuildable.includes(Number(commit)) ? 'skip' : Number(commit) >= first ? 'bad' : 'good',
          )
          expect(next).toEqual({ kind: 'found', commit: String(first) })
          expect(rounds).toBeLessThanOrEqual(3)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('one runner halves: six rounds for 64', () => {
    expect(play(line(64), 1, (commit) => (Number(commit) >= 40 ? 'bad' : 'good'))).toMatchObject({ rounds: 6, next: { commit: '40' } })
  })

  test('where only what does not build is left, the culprit is one of these', () => {
    const { next } = play(line(16), 4, (commit) => (['7', '8'].includes(commit) ? 'skip' : Number(commit) >= 8 ? 'bad' : 'good'))
    expect(next).toEqual({ kind: 'inconclusive', commits: ['7', '8', '9'] })
  })

  test('any history with merges: the commit is found that is bad and whose parents are not', () => {
    const graph = fc.integer({ min: 2, max: 40 }).chain((count) =>
      fc
        .tuple(
          ...Array.from({ length: count }, (_, index) =>
            fc.uniqueArray(fc.integer({ min: 0, max: Math.max(0, index - 1) }), { maxLength: 2 }),
          ),
        )
        .map((edges) => {
          const commits = edges.map((_, index) => String(index))
          // The last one is the bad end: everything leads to it.
          const parents = new Map(edges.map((own, index) => [String(index), index === 0 ? [] : own.map(String)]))
          const used = new Set([...parents.values()].flat())
          const loose = commits.slice(0, -1).filter((commit) => !used.has(commit))
          parents.set(String(count - 1), [...new Set([...(parents.get(String(count - 1)) ?? []), ...loose])])
          return { commits, parents }
        }),
    )
    fc.assert(
      fc.property(graph, fc.nat(), fc.integer({ min: 1, max: 5 }), (span, seed, runners) => {
        const culprit = String(seed % span.commits.length)
        const isBad = (commit: string): boolean => commit === culprit || (span.parents.get(commit) ?? []).some(isBad)
        const { next } = play(span, runners, (commit) => (isBad(commit) ? 'bad' : 'good'))
        expect(next).toEqual({ kind: 'found', commit: culprit })
      }),
      { numRuns: 200 },
    )
  })
})
