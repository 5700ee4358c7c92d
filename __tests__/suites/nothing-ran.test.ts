import { describe, expect, test } from '@jest/globals'
import { testFileName } from '../../src/domain/test-file.js'
import { buildRecord } from '../../src/results/index.js'
import { aSection } from '../report/builder.js'
import { aBatch, aGuest, aVmRun, inputOf } from '../results/fixtures.js'
import { treeFiles } from './tree-files.js'

/** A test of each suite, what it leaves where it declines, and what is there where nothing ran and all ended with 0. */
const LEFT: Readonly<Record<string, readonly [name: string, declined: string, nothing: string]>> = {
  ltp: ['syscalls/acct02', 'exit 32\na.c:1: TCONF: not this kernel\n', 'exit 0\n'],
  kunit: [
    'example',
    'exit 0\nKTAP version 1\n1..1\n    KTAP version 1\n    # Subtest: example\n    1..1\n    ok 1 a # SKIP \nok 1 example\n',
    'exit 125\nvmtest: not tested: the kernel did not take it\n',
  ],
  // What check itself prints: of a group that declines, and of names it does not know.
  blktests: ['md/001', 'md/***       [not run]\n    command mdadm is not available\n', './check: no group or test named md/001\n'],
}

describe.each(Object.entries(LEFT))('a run of %s', (suite, [name, declined, nothing]) => {
  const own = { suite, section: 'default' }
  async function conclusionOn(left: string) {
    const [status = '', ...output] = left.split('\n')
    const stem = `results/tests/${testFileName(name)}`
    const found =
      suite === 'blktests' ? { 'check.stdout': left } : { [`${stem}.status`]: `${status}\n`, [`${stem}.out`]: output.join('\n') }
    const tree = Object.fromEntries(Object.entries(found).map(([path, text]) => [`/run/guests/1/batches/1/${path}`, text]))
    const vmRun = aVmRun({ guests: [aGuest(1, own)], batches: [aBatch(1, [name], own)] })
    const input = inputOf(vmRun, { sections: [{ ...aSection('default'), suite, settings: {} }], tests: [{ ...own, name }] })
    const record = await buildRecord(treeFiles(tree), { ...input, plan: { ...input.plan, suites: [suite] } })
    return [record.tests[0]?.status, record.conclusion.kind, record.conclusion.reason]
  }

  test('in which every test declined has tested nothing', async () => {
    expect(await conclusionOn(declined)).toEqual(['notrun', 'could-not-test', expect.stringContaining('nothing was tested')])
  })

  test('in which nothing ran, and all ended with 0, has not passed', async () => {
    const [status, kind] = await conclusionOn(nothing)
    expect([status, kind]).toEqual(suite === 'ltp' ? ['fail', 'failed'] : ['notreached', 'could-not-test'])
  })
})
