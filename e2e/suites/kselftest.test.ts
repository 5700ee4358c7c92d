import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { RunRecord, TestRecord } from '../../src/domain/record.js'

// Five targets of a real kselftest in a real guest, as the kernel's makefiles install them. VMTEST_KSELFTEST is a directory with `kselftest` and `kernel`,
// as .ci/kselftest makes it of Debian's linux-source-6.12 and its cloud kernel.
const LIMIT = 1_200_000
const checkout = process.env.VMTEST_CHECKOUT ?? process.cwd()
const lab = process.env.VMTEST_KSELFTEST ?? ''
if (lab === '') console.log('skipped: real kselftest targets run where VMTEST_KSELFTEST names them (.ci/kselftest DIRECTORY makes them)')
const describeLab = lab === '' ? test.skip : test

/** Of cgroup, those that take less than half a minute of an emulated processor. */
const QUICK = ['core', 'cpuset', 'freezer', 'hugetlb_memcg', 'kill', 'pids', 'zswap'].map((name) => `cgroup:test_${name}`)

let directory: string
let record: RunRecord
let log: string

beforeAll(() => {
  directory = mkdtempSync('/var/tmp/vmtest-kselftest-')
  if (lab === '') return
  const image = spawnSync('sh', ['-c', 'echo "$0"/boot/vmlinuz-*', join(lab, 'kernel')], { encoding: 'utf8' }).stdout.trim()
  const targets = ['timens', 'mount', 'proc', 'breakpoints'].flatMap((target) => ['-g', target])
  const words = ['--bundle', 'offline', '--kernel', image, '--modules', join(lab, 'kernel'), '--accelerator', 'tcg', '--vms', '1']
  const run = spawnSync(
    join(checkout, 'vmtest'),
    ['run', ...words, '--kselftest', join(lab, 'kselftest'), ...targets, ...QUICK, '--output', join(directory, 'run')],
    { encoding: 'utf8', timeout: LIMIT },
  )
  log = `${run.stdout}${run.stderr}`
  if (run.status !== 0 && run.status !== 1) throw new Error(`vmtest run: exit status ${run.status}\n${log}`)
  record = JSON.parse(readFileSync(join(directory, 'run/run.json'), 'utf8')) as RunRecord
}, LIMIT)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const outcome = (name: string): TestRecord => {
  const found = record.tests.find((each) => each.name === name)
  if (found === undefined) throw new Error(`${name} is not in the record:\n${log}`)
  return found
}

describeLab('every planned test of each target has a verdict', () => {
  const targets = new Set(record.tests.map(({ name }) => name.split(':')[0]))
  expect([...targets].sort()).toEqual(['breakpoints', 'cgroup', 'mount', 'proc', 'timens'])
  expect(record.tests.length).toBeGreaterThan(35)
  expect(record.tests.filter(({ status }) => ['notreached', 'crashed', 'timeout'].includes(status))).toEqual([])
  for (const name of ['timens:timens', 'timens:procfs', 'mount:run_nosymfollow.sh', 'proc:proc-uptime-001', 'cgroup:test_core']) {
    expect({ name, status: outcome(name).status }).toEqual({ name, status: 'pass' })
  }
})

describeLab('what stops or starves the machine runs only by name', () => {
  expect(record.tests.map(({ name, status }) => [name, status])).toContainEqual(['breakpoints:step_after_suspend_test', 'expunged'])
})

describeLab('a failed sub-test of a program that exits with 0 is a failure', () => {
  // Under emulation two of 110 fail, and its exit status is 0 all the same.
  const { status, attempts } = outcome('breakpoints:breakpoint_test')
  expect({ status, message: attempts[0]?.message }).toEqual({ status: 'fail', message: expect.stringMatching(/of 110 sub-tests failed/) })
  expect(record.conclusion).toMatchObject({ kind: 'failed', reason: expect.stringContaining('breakpoints:breakpoint_test (fail)') })
})

describeLab('no test passed whose output says `not ok`', () => {
  const wrong = record.tests.flatMap(({ name, status, attempts }) => {
    const path = attempts.at(-1)?.logs.output
    if (status !== 'pass' || path === undefined) return []
    const text = readFileSync(join(directory, 'run', path), 'utf8')
    const failed = text.split('\n').filter((line) => /\bnot ok \d/.test(line) && !/# (SKIP|TODO|XFAIL)/i.test(line))
    return failed.map((line) => `${name}: ${line}`)
  })
  expect(wrong).toEqual([])
})
