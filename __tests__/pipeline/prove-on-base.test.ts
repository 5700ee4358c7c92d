import { expect, test } from '@jest/globals'
import { testKey } from '../../src/domain/test-key.js'
import { lastingBundlePath, withProof } from '../../src/pipeline/prove-on-base.js'
import { aRecord, aTest } from '../report/builder.js'

const STORE_PATH = '/nix/store/48ghbdh3k5m5pj6yl86kf3milm8f1rnj-vmtest-bundle'
const kernel = { image: '/src/linux/arch/x86/boot/bzImage' }

test.each([
  ['a store path', STORE_PATH, null, STORE_PATH],
  ['a store path whose kernel was replaced', STORE_PATH, kernel, null],
  ['a directory anywhere else', '/home/dev/bundle', null, null],
  ['something inside a store path', `${STORE_PATH}/bundle`, null, null],
])('a record remembers of its bundle: %s', (_what, bundlePath, override, expected) => {
  expect(lastingBundlePath({ bundlePath }, { kernel: override })).toBe(expected)
})

test('a kernel that counts is none to compare with', () => {
  const coverage = { tree: '/build', objects: '/build/o', notes: '/store/notes', directories: ['fs/xfs'], gcov: 'gcov' }
  expect(lastingBundlePath({ bundlePath: STORE_PATH, coverage }, { kernel: null })).toBeNull()
})

test('what the base said goes to its own test, in its own section', () => {
  const verdict = { status: 'fail', revision: null, kernelRelease: null, bundlePath: STORE_PATH, attempts: [] } as const
  const tests = [aTest('g/001'), aTest('g/001', { section: 'ext4' })]
  const proof = {
    verdicts: new Map([[testKey({ suite: 'fstests', section: 'ext4', name: 'g/001' }), { ...verdict, attempts: [] }]]),
    problems: ['it could not'],
  }
  const record = withProof(aRecord(tests, { problems: ['before'] }), proof)
  expect(record.tests.map(({ onBase }) => onBase?.status)).toEqual([undefined, 'fail'])
  expect(record.problems).toEqual(['before', 'it could not'])
})
