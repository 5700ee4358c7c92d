import { expect, test } from '@jest/globals'
import { parseInputs, type RawInputs } from '../../src/inputs/parse.js'
import { comparableKey, comparableWords, jobFacts } from '../../src/plan/comparable.js'

const env = { GITHUB_WORKFLOW_REF: 'o/linux/.github/workflows/t.yml@refs/heads/main', GITHUB_JOB: 'fstests', GITHUB_ACTION: '__self' }
const base: RawInputs = { bundle: '/work/result', groups: 'quick', matrix: '{"compiler": "gcc", "debug": "kasan"}' }
const keyOf = (raw: RawInputs, changes: Record<string, string> = {}, directory = '/work') =>
  comparableKey(comparableWords(parseInputs('action', { ...base, ...raw }), jobFacts({ ...env, ...changes }), directory))

test.each<[string, RawInputs, Record<string, string>]>([
  ['another selection', { groups: 'auto', tests: 'generic/001', sections: 'xfs' }, {}],
  ['another branch', {}, { GITHUB_WORKFLOW_REF: 'o/linux/.github/workflows/t.yml@refs/pull/7/merge' }],
  ['a matrix in another order', { matrix: '{"debug":"kasan","compiler":"gcc"}' }, {}],
])('comparable: %s', (_what, raw, changes) => {
  expect(keyOf(raw, changes)).toBe(keyOf({}))
})

test('comparable: another work directory', () => {
  expect(keyOf({ bundle: '/elsewhere/result' }, {}, '/elsewhere')).toBe(keyOf({}))
})

test.each<[string, RawInputs, Record<string, string>]>([
  ['another job of the matrix', { matrix: '{"compiler": "clang", "debug": "kasan"}' }, {}],
  ['no matrix', { matrix: 'null' }, {}],
  ['another job', {}, { GITHUB_JOB: 'other' }],
  ['another workflow', {}, { GITHUB_WORKFLOW_REF: 'o/linux/.github/workflows/u.yml@refs/heads/main' }],
  ['another bundle', { bundle: '/work/other' }, {}],
  ['a flake', { bundle: '', flake: '.' }, {}],
  ['another kernel', { kernel: 'kasan/bzImage' }, {}],
  ['a kernel tree', { 'kernel-tree': 'linux' }, {}],
  ['another configuration', { 'kernel-tree': 'linux', kconfig: 'kasan' }, {}],
  ['another local.config', { 'local-config': 'b.config' }, {}],
  ['another fstests tree', { fstests: 'xfstests-dev' }, {}],
  ['another accelerator', { accelerator: 'tcg' }, {}],
])('not comparable: %s', (_what, raw, changes) => {
  expect(keyOf(raw, changes)).not.toBe(keyOf({}))
})
