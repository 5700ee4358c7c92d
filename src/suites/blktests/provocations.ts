import type { Provocation } from '../../domain/kernel-report.js'
import type { TestName } from '../../domain/test.js'
import { IO_ERROR } from '../io-error.js'
import type { TestText } from '../suite.js'
import { groupOf } from './test-name.js'

/** blktests' tests of itself: what fails and skips there does so on purpose. `check` runs it by name alone. */
export const META = 'meta'

/** Takes a device away, or its connection, and mounts a file system: each by what stands in the test. A comment is none of it. */
const REMOVES = /\/device\/(?:delete|state)\b|\bmount_clear_sock\b/
const MOUNTS = /\bmount\b|_mkfs_and_mount\b|\bmount_clear_sock\b/

const WHY = 'it takes the device away from under a mounted file system'

const OF_META: Provocation = {
  isOf: (test) => groupOf(test) === META,
  kinds: ['bug'],
  why: 'it writes the text of a report into the kernel log',
}

/** Tests of blktests 613b837, where their text is not at hand. */
const isListed = (test: TestName) => test === 'block/032' || test === 'nbd/003'

/** Without the tree's texts. */
export const blktestsProvocations: readonly Provocation[] = [OF_META, { ...IO_ERROR, isOf: isListed, why: WHY }]

/** What the tests of the tree provoke: a device that goes away under a file system shuts it down, which blktests' own check does not look at. */
export function blktestsProvocationsOf(tests: readonly TestText[]): readonly Provocation[] {
  const removers = new Set(
    tests.flatMap(({ name, text }) => {
      const code = text?.replace(/^[ \t]*#.*$/gm, '') ?? ''
      return REMOVES.test(code) && MOUNTS.test(code) ? [name] : []
    }),
  )
  const read = new Set(tests.filter(({ text }) => text !== null).map(({ name }) => name))
  return [OF_META, { ...IO_ERROR, isOf: (test) => removers.has(test) || (!read.has(test) && isListed(test)), why: WHY }]
}
