import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { testFileName } from '../../src/domain/test-file.js'

test.each([
  ['mount:run_nosymfollow.sh', 'mount%3Arun_nosymfollow.sh'],
  ['net/forwarding:a b', 'net%2Fforwarding%3Aa%20b'],
  ['100%', '100%25'],
  ['ü', '%C3%BC'],
])('%j is called %j', (name, file) => {
  expect(testFileName(name)).toBe(file)
})

test('every name is one that any file system holds, and different names stay different', () => {
  const name = fc.oneof(fc.string(), fc.string({ minLength: 150, maxLength: 400, unit: fc.constantFrom('a', '/', '%', 'ü') }))
  fc.assert(
    fc.property(name, name, (one, other) => {
      expect(testFileName(one)).toMatch(/^[A-Za-z0-9._%-]{0,235}$/)
      expect(testFileName(one) === testFileName(other)).toBe(one === other)
    }),
  )
})
