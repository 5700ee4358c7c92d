import { describe, expect, test } from '@jest/globals'
import { testFileName } from '../../src/domain/test-file.js'
import type { VmExit } from '../../src/domain/vm-run.js'
import { buildRecord } from '../../src/results/index.js'
import { aSection } from '../report/builder.js'
import { aBatch, aGuest, aVmRun, inputOf, panic, testTimeout } from '../results/fixtures.js'
import { treeFiles } from './tree-files.js'

/** Of each suite whose tests the agent runs, what a test prints that passes. */
const PASSING: Readonly<Record<string, readonly [name: string, output: string]>> = {
  kselftest: ['mount:statmount', 'TAP version 13\n1..1\nok 1 a\n'],
  scripts: ['deep/one', '1..1\nok 1 a\n'],
  ltp: ['syscalls/fork05', 'fork05      1  TPASS  :  good\n'],
  kunit: ['example', 'KTAP version 1\n1..1\n    KTAP version 1\n    # Subtest: example\n    1..1\n    ok 1 a\nok 1 example\n'],
}

describe.each(Object.entries(PASSING))('a test of %s whose guest is lost', (suite, [name, output]) => {
  const own = { suite, section: 'default' }
  const later = `${name.slice(0, -1)}x`
  async function verdicts(died: { readonly exit: VmExit; readonly test: string } | null) {
    const place = `/run/guests/1/batches/1/results/tests/${testFileName(name)}`
    const batch = aBatch(1, [name, later], { ...own, died, exitStatus: died === null ? 0 : null })
    const tests = [name, later].map((each) => ({ ...own, name: each }))
    const vmRun = aVmRun({ guests: [aGuest(1, { ...own, exit: died?.exit ?? { kind: 'poweroff' } })], batches: [batch] })
    const input = inputOf(vmRun, { sections: [{ ...aSection('default'), suite, settings: {} }], tests })
    const record = await buildRecord(treeFiles({ [`${place}.out`]: output, [`${place}.status`]: 'exit 0\n' }), {
      ...input,
      plan: { ...input.plan, suites: [suite] },
      runDirectory: '/run',
    })
    return record.tests.map(({ status }) => status)
  }

  test('has passed where it was not', async () => {
    expect(await verdicts(null)).toEqual(['pass', 'notreached'])
  })

  test('has crashed where the kernel panicked under it, whatever it printed before', async () => {
    expect(await verdicts({ exit: panic, test: name })).toEqual(['crashed', 'notreached'])
  })

  test('ran out of time where it was ended for it', async () => {
    expect(await verdicts({ exit: testTimeout, test: name })).toEqual(['timeout', 'notreached'])
  })
})
