import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { capDiff, unifiedDiff } from '../../src/suites/unified-diff.js'

const names = { before: 'a', after: 'b' }
const lines = fc.array(fc.constantFrom('x', 'y', 'z', ''), { maxLength: 30 }).map((list) => list.map((line) => `${line}\n`).join(''))

/** Applies a unified diff as patch(1) does, by the hunks' own line numbers. */
function apply(before: string, diff: string): string {
  const source = before.split('\n').slice(0, -1)
  const result: string[] = []
  let at = 0
  for (const line of diff.split('\n').slice(2)) {
    const hunk = /^@@ -(\d+)(?:,(\d+))? \+/.exec(line)
    if (hunk !== null) {
      const start = Number(hunk[1]) - (hunk[2] === '0' ? 0 : 1)
      result.push(...source.slice(at, start))
      at = start
    } else if (line.startsWith('+')) result.push(line.slice(1))
    else {
      expect(source[at]).toBe(line.slice(1))
      if (line.startsWith(' ')) result.push(line.slice(1))
      at += 1
    }
  }
  return [...result, ...source.slice(at)].map((line) => `${line}\n`).join('')
}

describe('unifiedDiff', () => {
  test('turns the one text into the other', () => {
    fc.assert(fc.property(lines, lines, (before, after) => expect(apply(before, unifiedDiff(before, after, names))).toBe(after)))
  })

  test('is empty for equal texts, and fast for long ones that have nothing in common', () => {
    expect(unifiedDiff('x\n', 'x\n', names)).toBe('')
    const long = (char: string) => `${char}\n`.repeat(50_000)
    expect(unifiedDiff(long('x'), long('y'), names).split('\n')).toHaveLength(100_003)
  })

  test('shows two changed lines of a long output as two', () => {
    const lines = Array.from({ length: 3000 }, (_, index) => `line ${index}`)
    const changed = lines.map((line, index) => (index === 10 || index === 2900 ? `${line}, changed` : line))
    const diff = unifiedDiff(`${lines.join('\n')}\n`, `${changed.join('\n')}\n`, names).split('\n')
    expect(diff.filter((line) => /^[-+]line/.test(line))).toEqual(['-line 10', '+line 10, changed', '-line 2900', '+line 2900, changed'])
    expect(diff.length).toBeLessThan(25)
  })

  test('does not mind whether a text ends in a newline', () => {
    expect(unifiedDiff('x', 'x\n', names)).toBe('')
    expect(unifiedDiff('x', 'y', names).split('\n').slice(2)).toEqual(['@@ -1,1 +1,1 @@', '-x', '+y'])
    expect(unifiedDiff('', 'y\n', names).split('\n').slice(2)).toEqual(['@@ -0,0 +1,1 @@', '+y'])
  })

  test('is cut by lines and by characters, saying where the rest is', () => {
    expect(capDiff('short', 'x')).toBe('short')
    expect(capDiff('a\n'.repeat(1000), 'r/001.out.bad')).toMatch(/^(a\n){399}a\n… cut: 1001 lines in all, see r\/001\.out\.bad$/)
    expect(capDiff('a'.repeat(100_000), null).length).toBeLessThan(66_000)
  })
})
