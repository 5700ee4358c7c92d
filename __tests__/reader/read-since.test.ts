import { expect, test } from '@jest/globals'
import { readSince } from '../../src/reader/index.js'

test('a run whose results were read after it says what ended it, and no longer that they were not read', () => {
  const unread = 'The results were not read to their end: '
  const next = '. `vmtest report DIRECTORY` reads them.'
  expect(readSince(`${unread}the run was interrupted${next}`)).toBe('The run was interrupted before its results were read.')
  expect(readSince(`${unread}the run's time was over${next}`)).toBe("The run's time was over before its results were read.")
  for (const other of ['The disk is full: 3 MiB are free at /x. Free some.', unread, '']) expect(readSince(other)).toBe(other)
})
