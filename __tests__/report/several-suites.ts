import { aRecord, aSection, aTest } from './builder.js'

const own = { suite: 'smoke', section: 'xfs' }
const tests = [
  aTest('generic/001', { section: 'xfs' }),
  aTest('generic/002', { section: 'xfs', status: 'fail' }),
  aTest('generic/001', { ...own, status: 'fail' }),
]
const plain = aRecord(tests)

/** Of two suites that share a section's name and a test's. */
export const severalSuites = aRecord(tests, {
  plan: { ...plain.plan, suites: ['fstests', 'smoke'], trees: { fstests: '/src/xfstests' }, reproduce: 'vmtest run @TESTS@' },
  sections: [aSection('xfs'), aSection('xfs', { suite: 'smoke' })],
})
