import { describe, expect, test } from '@jest/globals'
import { testFileName } from '../../src/domain/test-file.js'
import type { VmExit } from '../../src/domain/vm-run.js'
import { buildRecord } from '../../src/results/index.js'
import { aSection } from '../report/builder.js'
import { aBatch, aGuest, aVmRun, inputOf, panic, testTimeout } from '../results/fixtures.js'
import { treeFiles } from './tree-files.js'

/** What a passing test of each suite leaves below the results of its batch; a name that ends otherwise is the one after it. */
const PASSING: Readonly<Record<string, readonly [name: string, left: string | Readonly<Record<string, string>>]>> = {
  kselftest: ['mount:statmount', 'TAP version 13\n1..1\nok 1 a\n'],
  scripts: ['deep/one', '1..1\nok 1 a\n'],
  ltp: ['syscalls/fork05', 'fork05      1  TPASS  :  good\n'],
  kunit: ['example', 'KTAP version 1\n1..1\n    KTAP version 1\n    # Subtest: example\n    1..1\n    ok 1 a\nok 1 example\n'],
  blktests: [
    'loop/001',
    {
      'blktests/nodev/loop/001': 'date\t2026-11-29 05:00:41\nruntime\t0.5s\nexit_status\t0\nstatus\tpass\n',
      'blktests/vmtest-trace': 'start\tloop/001\nexit\tloop/001\t0\tnodev/loop/001\nend\tloop/001\t0\n',
    },
  ],
}

describe.each(Object.entries(PASSING))('a test of %s whose guest is lost', (suite, [name, left]) => {
  const own = { suite, section: 'default' }
  const later = `${name.slice(0, -1)}${suite === 'blktests' ? 2 : 'x'}`
  async function verdicts(died: { readonly exit: VmExit; readonly test: string } | null) {
    const ofProgram = `tests/${testFileName(name)}`
    const results = typeof left === 'string' ? { [`${ofProgram}.out`]: left, [`${ofProgram}.status`]: 'exit 0\n' } : left
    const tree = Object.fromEntries(Object.entries(results).map(([path, text]) => [`/run/guests/1/batches/1/results/${path}`, text]))
    const batch = aBatch(1, [name, later], { ...own, died, exitStatus: died === null ? 0 : null })
    const tests = [name, later].map((each) => ({ ...own, name: each }))
    const vmRun = aVmRun({ guests: [aGuest(1, { ...own, exit: died?.exit ?? { kind: 'poweroff' } })], batches: [batch] })
    const input = inputOf(vmRun, { sections: [{ ...aSection('default'), suite, settings: {} }], tests })
    const record = await buildRecord(treeFiles(tree), {
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
