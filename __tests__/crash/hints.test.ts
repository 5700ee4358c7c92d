import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { OPENERS_AND_PROGRAMS } from '../../src/crash/openers/index.js'

const AROUND = /\(\?<?[!=](?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\)|\\b/g
/** The pattern without what a generator cannot follow: what it looks ahead to and back at, bounds of words, either case. */
const generable = (pattern: RegExp): RegExp => new RegExp(pattern.source.replace(AROUND, ''))

// Only lines that hold a hint are looked at: a pattern that fits others is never tried on them.
const patterns = [...new Set(OPENERS_AND_PROGRAMS.map(({ pattern }) => pattern.source))]

describe('every line that an opener’s pattern fits', () => {
  it.each(patterns)('holds one of its hints: %s', (source) => {
    const openers = OPENERS_AND_PROGRAMS.filter(({ pattern }) => pattern.source === source)
    const pattern = openers[0]?.pattern ?? /$^/
    const lines = fc.sample(fc.stringMatching(generable(pattern)), { numRuns: 50, seed: 11 }).filter((line) => pattern.test(line))
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.filter((line) => !openers.some(({ hint }) => line.includes(hint)))).toEqual([])
  })
})
