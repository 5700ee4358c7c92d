import { describe, expect, test } from '@jest/globals'
import { guardedBy } from '../../src/coverage/conditions.js'
import { parseGcov } from '../../src/coverage/gcov-output.js'
import { changedLines, lcovText, newLines, parseDiff, stateOf, unrunRanges } from '../../src/coverage/index.js'
import { changedSources, fixture, SOURCE, tallyOf, wholeFile } from './fixture.js'
import { readLcov } from './read-lcov.js'

describe("lines of a program, by gcc's own counters", () => {
  test('each is what the program did with it', () => {
    const lines = changedLines(wholeFile(), tallyOf('nothing.gcov', 'first.gcov'))
    expect(lines.filter((line) => stateOf(line) !== 'no-code').map((line) => `${line.line} ${stateOf(line)}`)).toEqual([
      '3 run',
      '5 never-true',
      '6 not-run',
      '10 run',
      '13 never-true',
      // A constant return has no line: the branches of its condition tell.
      '14 not-run',
      '15 run',
      '16 never-true',
      '17 not-run',
      '18 never-true',
      '19 not-run',
      '20 never-false',
      '21 run',
      '22 run',
      '24 never-false',
      '25 run',
      '26 not-run',
      '27 run',
      '30 not-run',
      '32 not-run',
      '33 not-run',
      '34 not-run',
      '37 run',
      '40 run',
      '41 run',
      '42 run',
    ])
  })

  test('another input goes the other way, and the sum of both has each', () => {
    const states = (...names: string[]) => {
      const lines = changedLines(wholeFile(), tallyOf('nothing.gcov', ...names))
      return Object.fromEntries(lines.map((line) => [line.line, stateOf(line)]))
    }
    // `check(7, 7)` says that they are equal.
    expect(states('second.gcov')).toMatchObject({ 5: 'never-false', 6: 'run', 16: 'never-false', 17: 'run', 18: 'not-run', 21: 'not-run' })
    expect(states('first.gcov', 'second.gcov')).toMatchObject({ 5: 'run', 6: 'run', 16: 'run', 17: 'run', 18: 'never-true' })
  })

  test('the change alone, in ranges that are one thing to look at', () => {
    const lines = changedLines(changedSources(), tallyOf('nothing.gcov', 'first.gcov'))
    expect(lines.map(({ line }) => line)).toEqual([13, 14, 20, 21, 22, 23])
    expect(unrunRanges(lines)).toEqual([{ file: 'fs/reach.c', first: 14, last: 14 }])
    const nothing = changedLines(changedSources(), tallyOf('nothing.gcov'))
    expect(unrunRanges(nothing)).toEqual([
      { file: 'fs/reach.c', first: 13, last: 14 },
      { file: 'fs/reach.c', first: 20, last: 22 },
    ])
  })

  test('what is no JSON of gcov, or has other types, is passed over', () => {
    expect(
      parseGcov('nonsense\n{"files": 3}\n{"files": [{"file": 1}, null, {"file": "a.c", "lines": [{"line_number": -1, "count": 2}]}]}'),
    ).toEqual([{ source: 'a.c', functions: [], lines: [] }])
    expect(parseGcov(fixture('first.gcov').slice(0, 1000))).toEqual([])
  })
})

describe('a diff of git', () => {
  test('new lines, new files and files that are gone', () => {
    const changes = parseDiff(fixture('change.diff'))
    expect(changes.map(({ file, oldFile, hunks }) => [file, oldFile, hunks.length])).toEqual([
      ['fs/a b.c', null, 1],
      [null, 'fs/gone.c', 1],
      ['fs/reach.c', 'fs/reach.c', 2],
    ])
    expect(changes.map(newLines)).toEqual([[1, 2, 3, 4], [], [13, 14, 20, 21, 22, 23]])
  })

  test('lines that look like headers are lines', () => {
    const text = 'diff --git a/x.c b/x.c\n--- a/x.c\n+++ b/x.c\n@@ -1,1 +1,2 @@\n--- a/y.c\n+++ b/y.c\n+@@ -1 +1 @@\n'
    expect(parseDiff(text)).toEqual([
      { file: 'x.c', oldFile: 'x.c', hunks: [{ oldStart: 1, oldCount: 1, newStart: 1, added: ['++ b/y.c', '@@ -1 +1 @@'] }] },
    ])
  })
})

describe('what a condition guards', () => {
  test.each([
    ['a statement in the next line', ['if (a)', '  b();', 'c();'], { conditionEnd: 1, bodyStart: 2, bodyEnd: 2 }],
    ['a block', ['if (a) {', '  b();', '  c("}");', '}', 'd();'], { conditionEnd: 1, bodyStart: 2, bodyEnd: 4 }],
    ['a condition of two lines', ['if (a &&', '    b(")"))', '  return -1;', 'c();'], { conditionEnd: 2, bodyStart: 3, bodyEnd: 3 }],
    ['its own line', ['if (a) return 1;', 'b();'], { conditionEnd: 1, bodyStart: 1, bodyEnd: 1 }],
    [
      'a statement of two lines behind a comment',
      ['if (a) /* ; */', '  b(c,', '    d);', 'e();'],
      { conditionEnd: 1, bodyStart: 2, bodyEnd: 3 },
    ],
    ['an else: what follows says nothing', ['if (a)', '  b();', 'else', '  c();'], null],
    ['a loop', ['if (a)', '  for (;;)', '    b();'], null],
    ['no condition', ['iffy(a);', 'b();'], null],
    ['an end that does not come', ['if (a', '  b'], null],
  ])('%s', (_, lines, expected) => {
    expect(guardedBy(lines, 1)).toEqual(expected)
  })
})

describe('the trace file', () => {
  test('is read back as it was', () => {
    const tally = tallyOf('nothing.gcov', 'first.gcov')
    const text = lcovText(tally)
    expect(lcovText(readLcov(text))).toBe(text)
    expect(text).toContain('SF:fs/reach.c\n')
    expect(text).toContain('BRDA:13,0,0,3\nBRDA:13,0,1,0\n')
    expect(text).toContain('BRDA:32,0,0,-\n')
    const lines = [...(tally.files.get('fs/reach.c')?.lines.values() ?? [])]
    expect(text).toContain(`LF:${lines.length}\nLH:${lines.filter(({ count }) => count > 0).length}\n`)
    expect(SOURCE.length).toBe(43)
  })
})
