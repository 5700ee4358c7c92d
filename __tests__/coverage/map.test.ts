import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { packBits, readBits, unpackBits } from '../../src/coverage/bits.js'
import { chooseTests, mergeCoverage, parseDiff } from '../../src/coverage/index.js'
import { type Coverage, coverageSchema } from '../../src/domain/coverage.js'

const ABOUT = { tool: 'gcov', directories: ['fs'], base: null, commit: 'beef', isDirty: false, executable: 9, executed: 3, notCompiled: [] }

/** What a machine's part of a run may have: any of these functions and lines, in their order, with any counts. */
const part: fc.Arbitrary<Coverage> = fc
  .record({
    functions: fc.subarray(['alpha', 'beta', 'gamma', 'delta']),
    lines: fc.subarray([1, 2, 3, 12, 13]),
    tests: fc.uniqueArray(fc.record({ name: fc.constantFrom('t/1', 't/2', 't/3'), bits: fc.nat(255) }), { selector: ({ name }) => name }),
    count: fc.nat(5),
  })
  .map(({ functions, lines, tests, count }) => ({
    ...ABOUT,
    withoutCounters: [],
    functions: functions
      .map((name) => ({ file: 'fs/a.c', name, start: 10 * (1 + ['alpha', 'beta', 'gamma', 'delta'].indexOf(name)), end: 99 }))
      .sort((a, b) => a.start - b.start),
    changed: lines.map((line) => ({ file: 'fs/a.c', line, text: `line ${line}`, count: line === 3 ? null : count, branches: [count, 1] })),
    touched: functions.length > 0 ? [0] : [],
    tests: tests.map(({ name, bits }) => ({
      ...{ suite: 'smoke', section: 'plain', name },
      functions: bitsOf(bits, functions.length),
      lines: bitsOf(bits, lines.length),
    })),
  }))

const bitsOf = (bits: number, length: number) =>
  packBits(
    [...Array(length).keys()].filter((index) => (bits >> index) & 1),
    length,
  )

/** What each test reached, by name. */
const reached = ({ tests, functions, changed }: Coverage) =>
  Object.fromEntries(
    tests.map((each) => [
      each.name,
      [
        unpackBits(each.functions, functions.length).map((index) => functions[index]?.name),
        unpackBits(each.lines, changed.length).map((index) => changed[index]?.line),
      ],
    ]),
  )

describe('the parts of a shared run', () => {
  test('merge in any grouping to the same', () => {
    fc.assert(
      fc.property(part, part, part, (a, b, c) => {
        expect(mergeCoverage(mergeCoverage(a, b), c)).toEqual(mergeCoverage(a, mergeCoverage(b, c)))
      }),
    )
  })

  test('lose nothing a test reached, and invent nothing', () => {
    fc.assert(
      fc.property(part, part, (a, b) => {
        const merged = mergeCoverage(a, b)
        expect(coverageSchema.parse(merged)).toEqual(merged)
        const [ours, left, right] = [reached(merged), reached(a), reached(b)]
        for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
          const both = [0, 1].map((at) => [...new Set([...(left[name]?.[at] ?? []), ...(right[name]?.[at] ?? [])])].sort())
          expect([0, 1].map((at) => [...(ours[name]?.[at] ?? [])].sort())).toEqual(both)
        }
      }),
    )
  })

  test('bits are read as they were written', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(99)), (indexes) => {
        const text = packBits(indexes, 100)
        expect(unpackBits(text, 100)).toEqual([...indexes].sort((a, b) => a - b))
        expect([...Array(100).keys()].filter((index) => readBits(text)(index))).toEqual([...indexes].sort((a, b) => a - b))
      }),
    )
  })
})

describe('the tests a map chooses', () => {
  const functions = [
    { file: 'fs/a.c', name: 'opens', start: 10, end: 20 },
    { file: 'fs/a.c', name: 'closes', start: 30, end: 40 },
    { file: 'fs/b.c', name: 'unheard', start: 1, end: 9 },
  ]
  const tests = [
    ['t/open', [0]],
    ['t/both', [0, 1]],
    ['t/none', []],
  ] as const
  const map: Coverage = {
    ...ABOUT,
    ...{ withoutCounters: [], changed: [], touched: [], functions },
    tests: tests.map(([name, set]) => ({ suite: 'smoke', section: 'plain', name, functions: packBits(set, 3), lines: '' })),
  }
  const diff = (file: string, ...hunks: readonly string[]) =>
    parseDiff(`diff --git a/${file} b/${file}\n--- a/${file}\n+++ b/${file}\n${hunks.join('')}`)
  const names = (changes: ReturnType<typeof diff>) => chooseTests(map, changes).tests.map(({ name }) => name)

  test.each([
    ['a line of a function', ['@@ -12 +12 @@ opens()\n-a\n+b\n'], ['t/open', 't/both']],
    ['a line put into one', ['@@ -32,0 +33 @@ closes()\n+b\n'], ['t/both']],
    ['lines taken away over two', [`@@ -18,14 +17,0 @@ opens()\n${'-x\n'.repeat(14)}`], ['t/open', 't/both']],
    ['a comment between functions', ['@@ -25,0 +26 @@ opens()\n+/* why */\n'], []],
    ['a structure between functions: all of the file', ['@@ -25,0 +26 @@ opens()\n+int state;\n'], ['t/open', 't/both']],
    [
      'a new function: those of its callers',
      ['@@ -25,0 +26,4 @@ opens()\n+static int\n+fresh(int a)\n+{\n+}\n', '@@ -32,0 +37 @@ closes()\n+\tfresh(1);\n'],
      ['t/both'],
    ],
    ['a new function nobody calls', ['@@ -25,0 +26,3 @@ opens()\n+static int fresh(int a)\n+{\n+}\n'], ['t/open', 't/both']],
  ])('%s', (_, hunks, expected) => {
    expect(names(diff('fs/a.c', ...hunks))).toEqual(expected)
  })

  test('a changed function no test reaches is said, and a file the map does not know', () => {
    expect(chooseTests(map, diff('fs/b.c', '@@ -3 +3 @@\n-a\n+b\n'))).toMatchObject({
      tests: [],
      unreached: ['unheard (fs/b.c)'],
      unknownFiles: [],
    })
    expect(chooseTests(map, diff('mm/c.c', '@@ -3 +3 @@\n-a\n+b\n'))).toMatchObject({ tests: [], unreached: [], unknownFiles: ['mm/c.c'] })
  })
})
