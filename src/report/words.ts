import type { TestStatus } from '../domain/test.js'

/** What a test came to, as people say it. */
export const STATUS_WORDS: Readonly<Record<TestStatus, string>> = {
  pass: 'passed',
  fail: 'failed',
  crashed: 'crashed',
  timeout: 'timed out',
  notrun: 'not run',
  expunged: 'excluded',
  notreached: 'not reached',
}
