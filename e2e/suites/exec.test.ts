import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { RunRecord } from '../../src/domain/record.js'

// One command in a real guest, as a user types it: without a suite, without a section.
const LIMIT = 600_000
const checkout = process.env.VMTEST_CHECKOUT ?? process.cwd()

let directory: string
beforeAll(() => {
  directory = mkdtempSync('/var/tmp/vmtest-exec-')
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function execute(script: string, ...words: readonly string[]) {
  const argv = ['exec', '--bundle', 'offline', '--accelerator', 'tcg', ...words, '--', 'sh', '-c', script]
  const { status, stdout, stderr } = spawnSync(join(checkout, 'vmtest'), argv, { cwd: directory, encoding: 'buffer', timeout: LIMIT })
  return { status, stdout: stdout.toString('latin1'), stderr: stderr.toString('latin1') }
}

test(
  'what it prints, byte by byte on one stream, and its exit status are ours; a record when asked',
  () => {
    const run = execute(String.raw`printf 'a\000\377b'; echo 'not a test' >&2; id -u; exit 7`, '--output', join(directory, 'run'))
    expect(run).toMatchObject({ status: 7, stdout: 'a\0\u00ffbnot a test\n0\n' })
    const record = JSON.parse(readFileSync(join(directory, 'run/run.json'), 'utf8')) as RunRecord
    expect(record.tests.map(({ status, attempts }) => [status, attempts[0]?.message])).toEqual([['fail', 'exit status 7']])
  },
  LIMIT,
)

test(
  'a command that a signal ended exits with 128 and its number',
  () => expect(execute('kill -TERM $$')).toMatchObject({ status: 143 }),
  LIMIT,
)

test(
  'a kernel that panics is neither: 69, and its title on stderr',
  () => {
    const run = execute('echo before; sleep 2; echo c >/proc/sysrq-trigger; sleep 60; exit 0')
    expect(run).toMatchObject({ status: 69, stdout: 'before\n', stderr: expect.stringMatching(/panic/i) })
  },
  LIMIT,
)
