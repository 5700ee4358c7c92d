import { expect, test } from '@jest/globals'
import { describeError, UserError } from '../../src/domain/errors.js'

test('an error is described with its causes, and no control character of a program gets through', () => {
  const error = new UserError('cannot build:\n\u001b[31mred\u0000\u0001', 'Try again.', { cause: new Error('no\u0007 disk') })
  expect(describeError(error)).toBe('cannot build:\n\ufffd[31mred\ufffd\ufffd (no\ufffd disk)')
  expect(describeError('text\u0000')).toBe('text\ufffd')
})

test('a word of twenty thousand characters is named, not printed', () => {
  const { message } = new UserError(`no test matches \`${'*'.repeat(20_000)}\`, line 3.`, 'Mend it.')
  expect(message).toBe(`no test matches \`${'*'.repeat(99)}…${'*'.repeat(18)}\`, (20003 characters) line 3.`)
  const path = `/${'directory/'.repeat(90)}`
  expect(new UserError(`${path} is not there.`, 'Make it.').message).toBe(`${path} is not there.`)
})
