// Runs of one person in one directory, at once: the command itself, with guests that only say what became of a test.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { RunRecord } from '../../src/domain/record.js'
import { parseHistory } from '../../src/results/index.js'
import { FakeMachine } from './fake-machine.js'

const TESTS = ['generic/001', 'generic/002', 'generic/003']
/** More than a person starts, and all in one second. */
const RUNS = 6

let machine: FakeMachine
beforeAll(async () => {
  machine = await FakeMachine.create()
  machine.writeBundle({ tests: TESTS, fates: { 'generic/002': 'fail' } })
}, 60_000)
afterAll(() => machine.remove())

describe('runs side by side in one directory', () => {
  test('each have a directory of their own, and the history has them all', async () => {
    const project = join(machine.directory, 'project')
    mkdirSync(project)
    const options = ['--bundle', machine.bundle, '--kernel-tree', 'none', '--accelerator', 'tcg', '--vms', '1', '--memory', '512']
    const names = Array.from({ length: RUNS }, (_, index) => TESTS[index % TESTS.length] ?? '')
    const ended = await Promise.all(names.map((name) => machine.vmtest(project, ['run', name, ...options])))
    for (const [index, { status, stdout, stderr }] of ended.entries())
      if (status !== (names[index] === 'generic/002' ? 1 : 0)) throw new Error(`run ${index} ended with ${status}:\n${stderr}\n${stdout}`)
    const runs = readdirSync(join(project, '.vmtest/runs')).filter((name) => name !== 'latest')
    expect(runs).toHaveLength(RUNS)
    const records = runs.map((name) => JSON.parse(readFileSync(join(project, '.vmtest/runs', name, 'run.json'), 'utf8')) as RunRecord)
    const ran = records.flatMap(({ tests }) => tests.map(({ name }) => name))
    expect(ran.sort()).toEqual([...names].sort())
    const { history, problem } = parseHistory(readFileSync(join(project, '.vmtest/history.json'), 'utf8'))
    expect(problem).toBeNull()
    expect(history.runs.map(({ id }) => id).sort()).toEqual(records.map(({ runId }) => runId).sort())
    expect(history.tests.map(({ name, samples }) => [name, samples.map(([, status]) => status)]).sort()).toEqual(
      TESTS.map((name) => [name, Array(RUNS / TESTS.length).fill(name === 'generic/002' ? 'fail' : 'pass')]),
    )
  }, 120_000)
})
