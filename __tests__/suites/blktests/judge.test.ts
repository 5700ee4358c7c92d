import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { traitsOf } from '../../../src/suites/blktests/catalogue.js'
import { blktests } from '../../../src/suites/blktests/index.js'
import { treeFiles } from '../tree-files.js'

const result = (status: string, rest = '') => `date\t2026-11-29 05:00:41\nruntime\t0.5s\nexit_status\t0\nstatus\t${status}\n${rest}`

async function judge(tree: Readonly<Record<string, string>>, exitStatus: number | null = 0, name = 'loop/001') {
  const judged = await blktests.judge(treeFiles(tree), { directory: '/b', section: 'nodev', tests: [name], exitStatus, source: null })
  return { ...judged.tests[0]?.attempts[0], doubts: judged.doubts }
}

const root = '/b/results/blktests'
const trace = (...lines: string[]) => ({ [`${root}/vmtest-trace`]: lines.map((line) => `${line}\n`).join('') })

describe('what blktests itself takes for passed', () => {
  test('an exit status that its check loses is a failure', async () => {
    const tree = {
      [`${root}/nodev/loop/001`]: result('pass'),
      ...trace('start\tloop/001', 'exit\tloop/001\t3\tnodev/loop/001', 'end\tloop/001\t0'),
    }
    expect(await judge(tree)).toMatchObject({ status: 'fail', message: 'exit status 3' })
  })

  test('a failure counts though check ends with 0, as it did for all from 2026-04 to 2026-07', async () => {
    expect(await judge({ [`${root}/nodev/loop/001`]: result('fail', 'reason\texit\n') }, 0)).toMatchObject({ status: 'fail' })
  })

  test('of two conditions the one that failed counts', async () => {
    const tree = {
      [`${root}/nodev_tr_loop/nvme/002`]: result('pass'),
      [`${root}/nodev_tr_tcp/nvme/002`]: result('fail', 'reason\toutput\n'),
    }
    expect(await judge(tree, 1, 'nvme/002')).toMatchObject({
      status: 'fail',
      message: 'nodev_tr_tcp: its output is not the expected one',
      subtests: [{ status: 'pass' }, { status: 'fail' }],
    })
  })

  test('a test that ended its shell, also behind a pass', async () => {
    const tree = { [`${root}/nodev/loop/001`]: result('pass'), ...trace('start\tloop/001', 'exit\tloop/001\t0\tnodev/loop/001') }
    expect(await judge(tree)).toMatchObject({ status: 'fail', message: expect.stringContaining('ended the shell') })
    expect(await judge(tree, null)).toMatchObject({ status: 'pass' })
  })

  test('a test of a device where there is none declined; one that left nothing else did not', async () => {
    expect(await judge(trace('start\tloop/001', 'devices\tloop/001\t0', 'end\tloop/001\t0'))).toMatchObject({ status: 'notrun' })
    expect(await judge(trace('start\tloop/001', 'end\tloop/001\t0'))).toMatchObject({ status: 'fail' })
  })

  test('a status of none of its words, and witnesses beside a pass', async () => {
    expect(await judge({ [`${root}/nodev/loop/001`]: result('great') })).toMatchObject({ status: 'fail' })
    expect(await judge({ [`${root}/nodev/loop/001`]: result('pass'), [`${root}/nodev/loop/001.dmesg`]: 'BUG' })).toMatchObject({
      status: 'fail',
    })
  })

  test('check ending as it does not by itself is a doubt', async () => {
    expect((await judge({ [`${root}/nodev/loop/001`]: result('pass') }, 1)).doubts).toHaveLength(1)
    expect((await judge({ [`${root}/nodev/loop/001`]: result('fail') }, 1)).doubts).toHaveLength(0)
  })
})

test('with less of what there was the verdict is no better', async () => {
  const whole: Readonly<Record<string, string>> = {
    '/b/check.stdout': 'loop/001 (a)   \nloop/001 (a)    [failed]\n    runtime    ...  0.5s\n',
    [`${root}/nodev/loop/001`]: result('fail', 'reason\toutput\n'),
    [`${root}/nodev/loop/001.out.bad`]: 'x\n',
    ...trace('start\tloop/001', 'exit\tloop/001\t0\tnodev/loop/001', 'end\tloop/001\t1'),
  }
  await fc.assert(
    fc.asyncProperty(fc.subarray(Object.keys(whole)), fc.integer({ min: 0, max: 200 }), async (kept, cut) => {
      const tree = Object.fromEntries(kept.map((path, index) => [path, (whole[path] ?? '').slice(0, index === 0 ? cut : undefined)]))
      expect((await judge(tree, 1)).status ?? 'notreached').not.toMatch(/pass|notrun/)
    }),
  )
})

test('a test’s text says when it runs, without being run', () => {
  expect(traitsOf('#!/bin/bash\nDESCRIPTION="x"\nQUICK=1\ntest_device() {\n:\n}\n')).toEqual({
    line: 2,
    quick: true,
    timed: false,
    device: true,
  })
})

test('meta, and what nvme-loop is not for, are in no group’s reach', () => {
  const reaches = (collection: string, group: string, name: string) =>
    blktests.choice.reaches(collection, { group, section: { name, settings: {} }, collections: new Set() })
  expect([reaches('meta', 'all', 'nodev'), reaches('meta', 'meta', 'nodev'), reaches('loop', 'all', 'nodev')]).toEqual([false, true, true])
  expect([reaches('loop', 'all', 'nvme-loop'), reaches('nvme', 'all', 'nvme-loop')]).toEqual([false, true])
})
