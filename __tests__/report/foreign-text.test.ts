import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { byteLength, cutMiddle, headBytes, shortLine, tailBytes, visible, visibleLine } from '../../src/report/foreign-text.js'
import { hostileText } from './hostile.js'

/** Characters that XML 1.0 allows, without those a reader cannot see. */
const ALLOWED = /^(?:[\n\t\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd]|[\ud800-\udbff][\udc00-\udfff])*$/

describe('visible', () => {
  test.each([
    ['plain\ttext\n', 'plain\ttext\n'],
    ['a\r\nb\rc', 'a\nb\\rc'],
    ['\u001b[31mred', '\\x1b[31mred'],
    ['\u0000', '\\x00'],
    ['\u202egnp', '\\u{202e}gnp'],
    ['caf\u00e9 \u6f22 \u{1f600}', 'caf\u00e9 \u6f22 \u{1f600}'],
    ['\ud800x', '\ufffdx'],
  ])('%j becomes %j', (text, expected) => {
    expect(visible(text)).toBe(expected)
  })

  test('holds only what XML allows and a reader sees, and is stable', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const shown = visible(text)
        expect(shown).toMatch(ALLOWED)
        expect(shown).not.toMatch(/[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/)
        expect(visible(shown)).toBe(shown)
      }),
      { numRuns: 500 },
    )
  })

  test('visibleLine has one line', () => {
    fc.assert(fc.property(hostileText, (text) => expect(visibleLine(text)).not.toMatch(/[\n\t]/)))
  })
})

describe('cutting', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 300 }).map(visible)

  test('beginnings and ends keep within the bytes and cut no character', () => {
    fc.assert(
      fc.property(text, fc.nat(200), (whole, maxBytes) => {
        const head = headBytes(whole, maxBytes)
        const tail = tailBytes(whole, maxBytes)
        expect(byteLength(head)).toBeLessThanOrEqual(maxBytes)
        expect(byteLength(tail)).toBeLessThanOrEqual(maxBytes)
        expect(whole.startsWith(head)).toBe(true)
        expect(whole.endsWith(tail)).toBe(true)
        expect(byteLength(head)).toBeGreaterThan(Math.min(maxBytes, byteLength(whole)) - 4)
      }),
    )
  })

  test('the middle is left out with a note that says how much and where the rest is', () => {
    const whole = `${'a'.repeat(5000)}${'z'.repeat(5000)}`
    const cut = cutMiddle(whole, 1000, 'see full.log')
    expect(byteLength(cut)).toBeLessThanOrEqual(1000)
    const note = /\[… (\d+) bytes left out; see full\.log …\]/.exec(cut)
    const kept = cut.replace(/\n\[.*\]\n/, '')
    expect(Number(note?.[1])).toBe(10_000 - kept.length)
    expect(cut.startsWith('aaaa') && cut.endsWith('zzzz')).toBe(true)
    expect(cutMiddle('short', 1000, 'x')).toBe('short')
  })

  test('any cut keeps within the bytes', () => {
    fc.assert(
      fc.property(text, fc.nat(300), (whole, maxBytes) =>
        expect(byteLength(cutMiddle(whole, maxBytes, 'see log'))).toBeLessThanOrEqual(maxBytes),
      ),
    )
    fc.assert(
      fc.property(hostileText, fc.integer({ min: 1, max: 50 }), (whole, characters) =>
        expect(shortLine(whole, characters).length).toBeLessThanOrEqual(characters),
      ),
    )
  })
})
