import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { sectionKey, testKey } from '../../src/domain/test-key.js'

test('a key is the JSON of its parts, whatever they hold', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('generic/001', 'a"b', 'back\\slash', 'two\nlines', ''))
  fc.assert(
    fc.property(text, text, text, (suite, section, name) => {
      expect(testKey({ suite: suite as 'fstests', section, name })).toBe(JSON.stringify([suite, section, name]))
      expect(sectionKey({ suite: suite as 'fstests', section })).toBe(JSON.stringify([suite, section]))
    }),
    { numRuns: 1000 },
  )
})
