import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { parse } from 'junit2json'
import { elementsOf, parseXml } from '../../__tests__/report/xml-reader.js'
import type { RunRecord } from '../../src/domain/record.js'

// Three suites in one run of real guests: the smoke suite, an installed kselftest whose programs are each falsely green for run_kselftest.sh in one
// of the known ways (VMTEST_KSELFTEST names a real one to run beside it), and scripts, one of which panics and one hangs.
const LIMIT = 1_200_000
const checkout = process.env.VMTEST_CHECKOUT ?? process.cwd()

/** Programs as shell, each with what it must come to. */
const KSELFTEST: Readonly<Record<string, readonly [script: string, status: string]>> = {
  fails_inside: ['echo 1..2; echo ok 1 a; echo not ok 2 b', 'fail'],
  plan_short: ['echo 1..3; echo ok 1 a', 'fail'],
  results_lost: ['echo 1..1; echo "PASS: 0"; echo "# Totals: pass:1 fail:0 xfail:0 xpass:0 skip:0 error:0"', 'fail'],
  behind_text: ['echo "Diff too high..not ok 1 a"', 'fail'],
  bails_out: ['echo "Bail out! nothing works"', 'fail'],
  expected_to_fail: ['exit 2', 'fail'],
  exits_124: ['exit 124', 'fail'],
  all_skipped: ['echo 1..2; echo "ok 1 # SKIP a"; echo "ok 2 b # skip"', 'notrun'],
  declines: ['echo no device; exit 4', 'notrun'],
  no_newline: ['printf "ok 1 a"', 'pass'],
  leaves_child: ['sleep 1000 & echo ok 1 a', 'pass'],
  reads_input: ['read -r line; test -z "$line"', 'pass'],
  silent: [':', 'pass'],
}
const SCRIPTS: Readonly<Record<string, readonly [script: string, status: string]>> = {
  'all-skipped': ['echo 1..2; echo "ok 1 # SKIP a"; echo "ok 2 b # SKIP"', 'notrun'],
  'deep/after': ['echo 1..1; echo ok 1 a', 'pass'],
  declines: ['echo no device; exit 4', 'notrun'],
  'drops every result': ['rm -rf /results/*; echo ok 1 a', 'fail'],
  hangs: ['sleep 1000', 'timeout'],
  'leaves a child': ['(sleep 2; echo not ok 1 late) & setsid sh -c "sleep 2; echo not ok 2 later; sleep 1000" & echo ok 1 a', 'pass'],
  'no-utf-8': ['printf "\\377\\n1..1\\nnot ok 1 \\300\\n"', 'fail'],
  panics: ['echo c >/proc/sysrq-trigger; sleep 60', 'crashed'],
  segfaults: ['kill -SEGV $$', 'fail'],
}

let directory: string
let record: RunRecord
let junit: string
let log: string

function put(path: string, text: string, mode = 0o755) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  chmodSync(path, mode)
}

beforeAll(() => {
  directory = mkdtempSync('/var/tmp/vmtest-suites-')
  for (const [name, [script]] of Object.entries(KSELFTEST)) put(join(directory, 'kselftest/planted', name), `#!/bin/sh\n${script}\n`)
  put(join(directory, 'kselftest/planted/settings'), 'timeout=5\n', 0o644)
  put(
    join(directory, 'kselftest/kselftest-list.txt'),
    Object.keys(KSELFTEST)
      .map((name) => `planted:${name}\n`)
      .join(''),
    0o644,
  )
  for (const [name, [script]] of Object.entries(SCRIPTS)) put(join(directory, 'scripts', name), `#!/bin/sh\n${script}\n`)
  put(join(directory, 'scripts/settings'), 'timeout=1\n', 0o644)
  const output = join(directory, 'run')
  const words = ['--bundle', 'offline', '--suite', 'smoke kselftest scripts', '--accelerator', 'tcg', '--vms', '1', '--output', output]
  const trees = ['--kselftest', join(directory, 'kselftest'), '--scripts', join(directory, 'scripts')]
  const tests = ['-s', 'smoke:ext4', '-g', 'kselftest:all', '-g', 'scripts:all', 'smoke:generic/001', 'smoke:selftest/003']
  const run = spawnSync(join(checkout, 'vmtest'), ['run', ...words, ...trees, ...tests], { encoding: 'utf8', timeout: LIMIT })
  log = `${run.stdout}${run.stderr}`
  if (run.status !== 1) throw new Error(`vmtest run: exit status ${run.status}\n${log}`)
  record = JSON.parse(readFileSync(join(output, 'run.json'), 'utf8')) as RunRecord
  junit = readFileSync(join(output, 'junit.xml'), 'utf8')
}, LIMIT)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const statuses = (suite: string) =>
  Object.fromEntries(record.tests.filter((one) => one.suite === suite).map(({ name, status }) => [name, status]))

test('nothing that kselftest takes for ok is green here that is not', () => {
  expect(statuses('kselftest')).toEqual(
    Object.fromEntries(Object.entries(KSELFTEST).map(([name, [, status]]) => [`planted:${name}`, status])),
  )
})

test('a script that panics costs itself alone; one that hangs is ended, and its guest goes on', () => {
  expect(statuses('scripts')).toEqual(Object.fromEntries(Object.entries(SCRIPTS).map(([name, [, status]]) => [name, status])))
  const attempt = record.tests.find(({ name }) => name === 'panics')?.attempts[0]
  expect(attempt).toMatchObject({ exit: { kind: 'panic' }, reports: [expect.objectContaining({ test: 'panics' })] })
})

test('a failure of each suite is named, in one record', () => {
  expect(statuses('smoke')).toMatchObject({ 'generic/001': 'pass' })
  for (const name of ['planted:fails_inside', 'segfaults']) expect(log).toContain(name)
  expect(record.conclusion.kind).toBe('failed')
})

test('a regression of each suite is new against a record in which it passed', () => {
  const broken = { smoke: 'generic/001', kselftest: 'planted:fails_inside', scripts: 'segfaults' }
  // The tests as they are, and before: the smoke suite's passes in this run, so that its record is made to fail.
  const isBroken = ({ suite, name }: RunRecord['tests'][number]) => broken[suite as keyof typeof broken] === name
  const now = record.tests.map((each) => (isBroken(each) ? withStatus(each, 'fail') : each))
  const before = record.tests.map((each) => (isBroken(each) ? withStatus(each, 'pass') : each))
  const put = (name: string, tests: RunRecord['tests'], commit: string) => {
    const path = join(directory, name, 'run.json')
    mkdirSync(dirname(path), { recursive: true })
    // Of another kernel: a record of the same images is no excuse.
    const images = record.images === undefined ? {} : { images: { ...record.images, kernel: commit } }
    writeFileSync(path, JSON.stringify({ ...record, ...images, runId: name, tests, revisions: { ...record.revisions, kernel: commit } }))
    return path
  }
  put('now', now, 'b'.repeat(40))
  const baseline = put('before', before, 'a'.repeat(40))
  const told = spawnSync(join(checkout, 'vmtest'), ['report', join(directory, 'now'), '--baseline', baseline, '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  expect(told.status).toBe(1)
  const { compared } = JSON.parse(told.stdout) as { compared?: unknown }
  expect(compared).toBeDefined()
  const text = spawnSync(join(checkout, 'vmtest'), ['report', join(directory, 'now'), '--baseline', baseline], { encoding: 'utf8' }).stdout
  expect(text).toMatch(/3 new failures: .*smoke\.ext4 generic\/001.*kselftest\.default planted:fails_inside.*scripts\.default segfaults/s)
})

function withStatus(test: RunRecord['tests'][number], status: 'pass' | 'fail'): RunRecord['tests'][number] {
  return { ...test, status, attempts: test.attempts.map((attempt) => ({ ...attempt, status, reports: [] })) }
}

test('JUnit counts the same in two readers as the record does', async () => {
  const failed = record.tests.filter(({ status }) => ['fail', 'crashed', 'timeout'].includes(status)).length
  const ours = elementsOf(parseXml(junit), 'testcase')
  const theirs = await parse(junit)
  const cases = (theirs && 'testsuite' in theirs ? theirs.testsuite : [])?.flatMap(({ testcase }) => testcase ?? []) ?? []
  expect([ours.length, cases.length]).toEqual([record.tests.length, record.tests.length])
  const bad = ours.filter(({ children }) => children.some(({ name }) => name === 'failure' || name === 'error')).length
  const badOfTheirs = cases.filter((one) => one.failure !== undefined || one.error !== undefined).length
  expect([bad, badOfTheirs]).toEqual([failed, failed])
})
