import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Choosing, chooseRecord, commitOf, type Situation } from '../../src/pipeline/choose-record.js'
import { type Graph, graphLineage, type Left, shelfOf } from './a-world.js'

const MAIN = 'refs/heads/main'
const TOPIC = 'refs/heads/topic'
/** a - b - c - d on main, t on topic from b, m the merge of a change into d. */
const GRAPH: Graph = { a: [], b: ['a'], c: ['b'], d: ['c'], t: ['b'], m: ['d', 't'] }

const left = (name: string, commit: string, changes: Partial<Left> = {}): Left => ({ name, commit, branch: MAIN, ...changes })
const change = (base: string | null): Situation => ({ kind: 'change', base, baseBranch: MAIN })
const push = (branch: string | null, commit: string): Situation => ({ kind: 'branch', branch, commit, defaultBranch: MAIN })

async function choice(situation: Situation, records: readonly Left[], more: Partial<Choosing> & { scopes?: readonly string[] } = {}) {
  const { scopes = [MAIN], ...given } = more
  const { found, why } = await chooseRecord({
    situation,
    shelf: shelfOf(records, scopes),
    lineage: graphLineage(GRAPH),
    canExcuse: () => true,
    ...given,
  })
  return { key: found?.key ?? null, why }
}

// Each row of the table in docs/results.md, by what stands in it.
const ROWS: readonly (readonly [event: string, comparedWith: string, shown: () => Promise<void>])[] = [
  [
    '`pull_request`, `pull_request_target`, `merge_group`',
    'the newest record of the *base commit*, red or green; has it none, that of its nearest first-parent ancestor that has one; else none',
    async () => {
      const records = [left('1', 'b', { accepted: true }), left('2', 'd', { accepted: true }), left('3', 'd'), left('4', 'b')]
      expect(await choice(change('d'), records)).toMatchObject({ key: '3' })
      expect(await choice(change('c'), records)).toMatchObject({ key: '4', why: expect.stringContaining('nearest ancestor') })
      expect(await choice(change('b'), records.slice(1, 3))).toMatchObject({ key: null })
    },
  ],
  [
    'any other event on a branch',
    "the *accepted* record: the newest of an ancestor on this branch that ended `passed` or was accepted by hand; a branch without one: the default branch's accepted record; else none",
    async () => {
      const onMain = [left('1', 'a', { accepted: true }), left('2', 'b'), left('3', 'c')]
      expect(await choice(push(MAIN, 'd'), onMain)).toMatchObject({ key: '1' })
      const records = [...onMain, left('4', 'b', { branch: TOPIC, accepted: true })]
      expect(await choice(push(TOPIC, 't'), records, { scopes: [TOPIC, MAIN] })).toMatchObject({ key: '4' })
      expect(await choice(push(TOPIC, 't'), onMain, { scopes: [TOPIC, MAIN] })).toMatchObject({ key: '1' })
      expect(await choice(push(TOPIC, 't'), onMain.slice(1), { scopes: [TOPIC, MAIN] })).toMatchObject({ key: null })
    },
  ],
  [
    'the command',
    '`--baseline` alone',
    async () => expect(await choice({ kind: 'command' }, [left('1', 'a', { accepted: true })])).toMatchObject({ key: null }),
  ],
]

test('docs/results.md prints the table that is held here', () => {
  const text = readFileSync(join(import.meta.dirname ?? __dirname, '../../docs/results.md'), 'utf8')
  const table = /\| run \| compared with \|\n\| --- \| --- \|\n((?:\|.*\|\n)+)/.exec(text)?.[1] ?? ''
  expect(table.trim().split('\n')).toEqual(ROWS.map(([event, comparedWith]) => `| ${event} | ${comparedWith} |`))
})

test.each(ROWS)('%s', async (_event, _comparedWith, shown) => shown())

describe('a change', () => {
  test('with a base commit that is not known, or a history too shallow: the newest record of the base branch stands in', async () => {
    const records = [left('1', 'a'), left('2', 'b')]
    const shallow = graphLineage(GRAPH, new Set(['m']))
    expect(await choice(change(null), records)).toMatchObject({ key: '2', why: expect.stringContaining('stands in') })
    expect(await choice(change('d'), records, { lineage: shallow })).toMatchObject({ key: '2', why: expect.stringContaining('stands in') })
    // The base commit itself needs no history.
    expect(await choice(change('d'), [...records, left('3', 'd'), left('4', 'c')], { lineage: shallow })).toMatchObject({ key: '3' })
  })

  test("another branch's record never stands in for the base branch's", async () => {
    const situation: Situation = { kind: 'change', base: null, baseBranch: TOPIC }
    expect(await choice(situation, [left('1', 'a')], { scopes: [TOPIC, MAIN] })).toMatchObject({ key: null })
  })

  test('the nearest ancestor counts, on whichever branch its record was made', async () => {
    const records = [left('far', 'a', { branch: TOPIC }), left('near', 'c')]
    expect(await choice(change('d'), records, { scopes: [TOPIC, MAIN] })).toMatchObject({ key: 'near' })
  })

  test('of any graph, cut anywhere: the newest record of the nearest first-parent ancestor, or the base branch stands in', async () => {
    const letters = [...'abcdefghijklmnopqrstuvwxyz']
    const arbitrary = fc.record({
      // Each commit's parents are among those before it.
      parents: fc.array(fc.tuple(fc.nat(25), fc.option(fc.nat(25), { nil: null })), { minLength: 1, maxLength: 26 }),
      records: fc.array(fc.tuple(fc.nat(25), fc.constantFrom(MAIN, TOPIC)), { maxLength: 8 }),
      base: fc.nat(25),
      known: fc.option(fc.uniqueArray(fc.nat(25)), { nil: null }),
    })
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ parents, records, base, known }) => {
        const names = letters.slice(0, parents.length)
        const at = (index: number) => names[index % names.length] ?? 'a'
        const graph: Graph = Object.fromEntries(
          parents.map(([first, second], index) => [
            at(index),
            index === 0 ? [] : [at(first % index), ...(second === null ? [] : [at(second % index)])],
          ]),
        )
        const leftBehind = records.map(([commit, branch], index) => left(String(index), at(commit), { branch }))
        const set = known === null ? null : new Set(known.map(at))
        const situation: Situation = { kind: 'change', base: at(base), baseBranch: TOPIC }
        const { found } = await chooseRecord({
          situation,
          shelf: shelfOf(leftBehind, [TOPIC, MAIN]),
          lineage: graphLineage(graph, set),
          canExcuse: () => true,
        })
        // By the words of the table alone.
        let commit: string | undefined = at(base)
        let expected: string | null = null
        for (; commit !== undefined; commit = set === null || set.has(commit) ? graph[commit]?.[0] : undefined) {
          const own = leftBehind.filter((record) => record.commit === commit)
          if (commit !== at(base) && set !== null && !set.has(commit)) break
          if (own.length > 0) {
            expected = commit
            break
          }
        }
        if (expected !== null) expect(found && commitOf(found.record)).toBe(expected)
        else if (set === null) expect(found).toBeNull()
        else expect(found?.key ?? null).toBe(leftBehind.findLast(({ branch }) => branch === TOPIC)?.name ?? null)
      }),
    )
  })
})

describe('a branch', () => {
  test('that was rewritten: not what is no ancestor, but the accepted record that one was compared with', async () => {
    const records = [left('1', 'a', { accepted: true }), left('2', 'gone', { accepted: true, comparedWith: '1' })]
    expect(await choice(push(MAIN, 'd'), records)).toMatchObject({ key: '1' })
  })

  test('in a shallow checkout: the newest accepted record, and it says so', async () => {
    const records = [left('1', 'a', { accepted: true }), left('2', 'b', { accepted: true })]
    const lineage = graphLineage(GRAPH, new Set(['d']))
    expect(await choice(push(MAIN, 'd'), records, { lineage })).toMatchObject({ key: '2', why: expect.stringContaining('too shallow') })
  })

  test('whose newest accepted record is never an excuse: an earlier one that can be, else that one', async () => {
    const records = [left('1', 'a', { accepted: true }), left('2', 'd', { accepted: true, comparedWith: '1' })]
    const canExcuse = ({ runId }: { readonly runId: string }) => runId !== '2'
    expect(await choice(push(MAIN, 'd'), records, { canExcuse })).toMatchObject({ key: '1' })
    expect(await choice(push(MAIN, 'd'), records.slice(1), { canExcuse })).toMatchObject({ key: '2' })
  })

  test("a tag is compared with the default branch's accepted record", async () => {
    expect(await choice(push(null, 'd'), [left('1', 'a', { accepted: true })])).toMatchObject({ key: '1' })
  })
})
