import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { blktests } from '../../../src/suites/blktests/index.js'
import { treeFiles } from '../tree-files.js'

/**
 * Each way in which blktests' check (a608cb56, on Linux 6.12.117) was seen to be green over a test that failed or left no trace, and what it comes to here.
 * More of the verdict's own stand in judge.test.ts and captured.test.ts, of what a guest lacks in guest-needs.test.ts.
 */
const captured = join(import.meta.dirname ?? __dirname, '../../../../shared/suites-captured/blktests')
const isThere = existsSync(captured)
if (!isThere) console.warn(`skipped: there is no ${captured}`)
const described = isThere ? describe : describe.skip
const text = (path: string) => readFileSync(join(captured, path), 'utf8')

const root = '/b/results/blktests'
const result = (status: string, rest = '') => `date\t2026-11-29 05:00:41\nruntime\t0.5s\nexit_status\t0\nstatus\t${status}\n${rest}`
const trace = (...lines: string[]) => ({ [`${root}/vmtest-trace`]: lines.map((line) => `${line}\n`).join('') })

/** `STATUS NAME: WHY` of each test that has a verdict, and what speaks against check itself. */
async function judge(tree: Readonly<Record<string, string>>, tests: readonly string[], exitStatus: number | null = 0) {
  const judged = await blktests.judge(treeFiles(tree), { directory: '/b', section: 's', tests: [...tests], exitStatus, source: null })
  const verdicts = judged.tests.map(({ name, attempts: [attempt] }) => `${attempt?.status} ${name}: ${attempt?.message}`)
  return { verdicts, doubts: judged.doubts.map(({ reason }) => reason) }
}

describe('a test', () => {
  test.each(['exit', 'kmemleak', 'output', 'dmesg', 'of another day'])(
    'that failed (%s) has failed, though no file of it lies beside',
    async (reason) => {
      const { verdicts } = await judge({ [`${root}/nodev/loop/001`]: result('fail', `reason\t${reason}\n`) }, ['loop/001'], 1)
      expect(verdicts).toEqual([expect.stringMatching(/^fail loop\/001: /)])
    },
  )

  test('that ended before it ran has not passed by the result of an earlier run in the same place', async () => {
    // `requires` ends the shell over a kernel's name before check removes what it left last time.
    const old = { [`${root}/nodev/loop/010`]: result('pass') }
    expect(await judge({ ...old, ...trace('start\tloop/010', 'end\tloop/010\t1') }, ['loop/010'])).toEqual({
      verdicts: ['notreached loop/010: its exit status is lost'],
      doubts: [],
    })
    expect((await judge({ ...old, ...trace('start\tloop/010') }, ['loop/010'])).verdicts).toEqual([
      expect.stringMatching(/^fail loop\/010: it ended the shell/),
    ])
  })

  test('that was lost has not declined because its group declined a device', async () => {
    const stdout =
      'nvme/*** => vdb                                      [not run]\n    vdb is no nvme device\nnvme/002 (tr=loop) (discovery)  \n'
    const tree = { '/b/check.stdout': stdout, [`${root}/other/x`]: '' }
    expect((await judge(tree, ['nvme/002'])).verdicts).toEqual(['fail nvme/002: it started and left no result'])
    const traced = (...lines: string[]) =>
      judge({ ...tree, '/b/check.stdout': stdout.slice(0, stdout.indexOf('nvme/002')), ...trace(...lines) }, ['nvme/002'])
    expect((await traced('start\tnvme/002', 'end\tnvme/002\t1')).verdicts).toEqual([
      'fail nvme/002: it left no result, and its shell ended with 1',
    ])
    expect((await traced('start\tnvme/002', 'devices\tnvme/002\t0', 'end\tnvme/002\t0')).verdicts).toEqual([
      'notrun nvme/002: vdb is no nvme device',
    ])
  })
})

described('what check printed and left', () => {
  test.each([
    ['meta/003', 'results-meta/nodev/meta/003', 'nodev'],
    ['meta/004', 'round2/results-withdev/vde/meta/004', 'vde'],
  ])('%s, which ends with 1 and is `pass` there, has failed where its exit status was noted', async (name, file, place) => {
    expect(text(file)).toContain('exit_status\t0\n')
    const tree = {
      [`${root}/${place}/${name}`]: text(file),
      ...trace(`start\t${name}`, `exit\t${name}\t1\t${place}/${name}`, `end\t${name}\t0`),
    }
    expect((await judge(tree, [name])).verdicts).toEqual([`fail ${name}: exit status 1`])
  })

  test('a hang is cut off, and what ran before it counts', async () => {
    const tree = {
      '/b/check.stdout': text('round2/hang-quick.txt'),
      [`${root}/nodev/meta/001`]: text('results-meta/nodev/meta/001'),
      ...{ [`${root}/nodev/meta/097.out`]: 'Running meta/097\n', [`${root}/nodev/meta/097.runtime`]: '' },
      ...trace('start\tmeta/001', 'exit\tmeta/001\t0\tnodev/meta/001', 'end\tmeta/001\t0', 'start\tmeta/097'),
    }
    expect(await judge(tree, ['meta/001', 'meta/097'], null)).toEqual({
      verdicts: ['pass meta/001: null', 'notreached meta/097: it was running when the guest ended'],
      doubts: [],
    })
    const killed = await judge(tree, ['meta/001', 'meta/097'], 137)
    expect(killed.verdicts[1]).toMatch(/^fail meta\/097: it ended the shell/)
    expect(killed.doubts).toEqual(['check ended with exit status 137'])
  })

  test('a test that ends the shell, and one without its expected output, have failed; a second run’s values are no verdict', async () => {
    const tests = ['meta/001', 'meta/098', 'meta/099']
    const tree = {
      '/b/check.stdout': text('round2/planted.txt'),
      [`${root}/nodev/meta/001`]: text('round2/results-planted/nodev/meta/001'),
      [`${root}/nodev/meta/098.out`]: text('round2/results-planted/nodev/meta/098.out'),
      [`${root}/nodev/meta/099`]: text('round2/results-planted/nodev/meta/099'),
      ...trace(
        'start\tmeta/001',
        'exit\tmeta/001\t0\tnodev/meta/001',
        'end\tmeta/001\t0',
        'start\tmeta/098',
        'start\tmeta/099',
        'end\tmeta/099\t1',
      ),
    }
    expect((await judge(tree, tests, 1)).verdicts).toEqual([
      'pass meta/001: null',
      expect.stringMatching(/^fail meta\/098: it ended the shell that ran it, without a result/),
      'fail meta/099: its output is not the expected one',
    ])
    // `runtime  1.632s  ...` of the run before stands under the line without a status.
    expect((await judge({ '/b/check.stdout': text('round2/again.txt') }, ['loop/005'])).verdicts).toEqual([
      'notreached loop/005: check printed [passed], and its result file is lost',
    ])
  })

  test('a kernel’s name that ends a test over its own arithmetic is a failure, with its words', async () => {
    const stdout = text('round2/nodev.txt')
    const tree = { '/b/check.stdout': stdout, ...trace('start\tloop/010', 'end\tloop/010\t1') }
    expect((await judge(tree, ['loop/010', 'loop/011'], 1)).verdicts).toEqual([
      'fail loop/010: it left no result, and its shell ended with 1',
    ])
    const ended = { '/b/check.stdout': stdout, ...trace('start\tloop/010') }
    expect((await judge(ended, ['loop/010'], 1)).verdicts).toEqual([expect.stringContaining('value too great for base')])
  })

  test.each([
    ['device-only.txt', 1, ['check ended with exit status 1, and no test failed']],
    ['meta-dev.txt', 1, ['check ended with exit status 1, and no test failed']],
    ['unknown.txt', 0, []],
  ])('%s, which ran nothing, is no verdict on anything', async (file, exitStatus, doubts) => {
    const judged = await judge({ '/b/check.stdout': text(file) }, ['block/001', 'meta/002'], exitStatus)
    expect(judged).toEqual({ verdicts: [], doubts })
  })

  test('groups and tests that lack something have declined, with the reason that stands in the output alone', async () => {
    const name = 'nvme/002'
    const tree = {
      '/b/check.stdout': text('scsi-group.txt'),
      [`${root}/nodev_tr_loop/${name}`]: text(`results-scsi/nodev_tr_loop/${name}`),
    }
    expect((await judge(tree, ['md/001', name, 'zbd/001'])).verdicts).toEqual([
      'notrun md/001: command mdadm is not available',
      'notrun nvme/002: configfs is not mounted at /sys/kernel/config',
      'notrun zbd/001: kernel 6.12.117+deb12-cloud-amd64 config not found',
    ])
  })
})
