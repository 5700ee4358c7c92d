import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createProgressParser, gatherEvidence, readFstestsResults } from '../../../src/suites/fstests/index.js'
import { diskFiles } from '../tree-files.js'
import { LoopMachine, whyNotHere } from './loop-machine.js'
import type { Finished } from './smoke-tree.js'

const why = whyNotHere('ext4')
const here = why === null ? describe : describe.skip

// Also expunges one, and asks for one that does not exist.
const args = ['-R', 'xunit', 'generic/003', 'generic/010', 'generic/025', 'generic/099', 'selftest/00[1234]', 'xfs/001', '-e', 'xfs/001']

here(`check on loop devices${why === null ? '' : ` (skipped: ${why})`}`, () => {
  let machine: LoopMachine
  let run: Finished
  const result = (name: string): string => readFileSync(join(machine.results, name), 'utf8')

  beforeAll(() => {
    const made = LoopMachine.tryMake('ext4')
    if (made === null) throw new Error('the loop devices went away')
    machine = made
    run = machine.check(args)
    writeFileSync(join(machine.directory, 'check.stdout'), run.stdout)
  }, 120_000)
  afterAll(() => machine.close())

  test('prints fstests’ lines', () => {
    const [unknown, ...lines] = run.stdout.split('\n')
    expect(unknown).toBe('generic/099 - unknown test, ignored')
    expect(lines.slice(0, 5)).toEqual([
      'FSTYP         -- ext4',
      expect.stringMatching(/^PLATFORM {6}-- Linux\/\S+ \S+ \d\S* .+/),
      expect.stringMatching(/^MKFS_OPTIONS {2}-- \/dev\/loop\d+$/),
      expect.stringMatching(/^MOUNT_OPTIONS -- \/dev\/loop\d+ \S+\/scratch$/),
      '',
    ])
    expect(lines).toContainEqual(expect.stringMatching(/^generic\/003 {9} \d+s$/))
    expect(lines).toContainEqual(expect.stringMatching(/^generic\/025 {9}\[not run\] ext4 does not share blocks/))
    expect(lines).toContainEqual(expect.stringMatching(/^selftest\/002 {8}- output mismatch \(see \S+\/selftest\/002\.out\.bad\)$/))
    expect(lines).toContainEqual(expect.stringMatching(/^selftest\/003 {8}\[failed, exit status 1\]- output mismatch/))
    expect(lines).toContain('selftest/004        [not run] deliberate _notrun')
    expect(lines).toContain('xfs/001             [expunged]')
    expect(lines.slice(-6)).toEqual([
      'Ran: generic/003 generic/010 generic/025 selftest/001 selftest/002 selftest/003 selftest/004',
      'Not run: generic/025 selftest/004',
      'Failures: selftest/002 selftest/003',
      'Failed 2 of 7 tests',
      `Xunit report: ${machine.results}/result.xml`,
      '',
    ])
    expect(run.code).toBe(1)
  })

  test('is understood by the reader of fstests’ results, whose sources agree', async () => {
    const { verdicts, disagreements, problems } = readFstestsResults(await gatherEvidence(diskFiles, machine.directory))
    expect(verdicts.map(({ name, attempts }) => [name, attempts.map(({ status }) => status).join()])).toEqual([
      ['generic/003', 'pass'],
      ['generic/010', 'pass'],
      ['generic/025', 'notrun'],
      ['selftest/001', 'pass'],
      ['selftest/002', 'fail'],
      ['selftest/003', 'fail'],
      ['selftest/004', 'notrun'],
      ['xfs/001', 'expunged'],
    ])
    expect(disagreements).toEqual([])
    expect(problems).toEqual(['check did not know `generic/099` and left it out.'])
    expect(verdicts.find(({ name }) => name === 'selftest/002')?.attempts[0]?.diff).toContain('+This line is not in the golden output')
  })

  test('is understood while it runs', () => {
    const parser = createProgressParser()
    const progress = [...parser.feed(run.stdout), ...parser.end()]
    expect(progress.filter(({ kind }) => kind === 'end').map((one) => [one.name, 'status' in one && one.status])).toEqual(
      expect.arrayContaining([
        ['generic/003', 'pass'],
        ['generic/025', 'notrun'],
        ['selftest/002', 'fail'],
      ]),
    )
  })

  test('leaves fstests’ files', () => {
    expect(readdirSync(join(machine.results, 'selftest')).sort()).toEqual(
      ['001.full', '002.full', '002.out.bad', '003.full', '003.out.bad', '004.full', '004.notrun'].sort(),
    )
    expect(result('selftest/002.out.bad')).toBe('QA output created by 002\nThis line is not in the golden output\n')
    expect(result('selftest/004.notrun')).toBe('deliberate _notrun\n')
    expect(result('check.log')).toMatch(/^\nKernel version: \S+\n.+\nRan: generic\/003 [\s\S]*\nFailed 2 of 7 tests\n$/)
    expect(result('check.time')).toMatch(/^generic\/003 \d+\ngeneric\/010 \d+\nselftest\/001 \d+\n$/)
    expect(existsSync(join(machine.results, 'result.xml.new'))).toBe(false)
  })

  test('is red on nothing but a typo', () => {
    const again = machine.check(['generic/099'])
    expect(again.stdout).toContain('Passed all 0 tests')
    expect(again.code).toBe(1)
  })

  test('shows the known times, and forgets the last run’s files', () => {
    const again = machine.check(['selftest/001', 'selftest/004'])
    expect(again.stdout).toMatch(/^selftest\/001 {4}\ds \.\.\. {2}\ds$/m)
    expect(again.stdout).toContain('Passed all 2 tests')
    expect(again.code).toBe(0)
  })
})
