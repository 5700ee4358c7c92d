import { expect, test } from '@jest/globals'
import { describeError, UserError } from '../../src/domain/errors.js'

test('an error is described with its causes, and no control character of a program gets through', () => {
  const error = new UserError('cannot build:\n\u001b[31mred\u0000\u0001', 'Try again.', { cause: new Error('no\u0007 disk') })
  expect(describeError(error)).toBe('cannot build:\n\ufffd[31mred\ufffd\ufffd (no\ufffd disk)')
  expect(describeError('text\u0000')).toBe('text\ufffd')
})
