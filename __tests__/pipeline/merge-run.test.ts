import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { Selection } from '../../src/domain/plan.js'
import type { RunRecord } from '../../src/domain/record.js'
import { type Merged, mergeRuns } from '../../src/pipeline/merge-run.js'
import { planIdentity, testsOfShard } from '../../src/plan/shards/index.js'
import type { Ports } from '../../src/ports/index.js'
import { createClock } from '../../src/ports/real/clock.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'
import { aShard, promise } from '../results/shards/shard-world.js'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vmtest-merge-run-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function leave(name: string, entries: Readonly<Record<string, unknown>>): string {
  const directory = join(root, name)
  mkdirSync(directory)
  for (const [file, content] of Object.entries(entries))
    writeFileSync(join(directory, file), typeof content === 'string' ? content : JSON.stringify(content))
  return directory
}

/** What lies on the disk from a shard's start on, before it has a record. */
function begun(shard: number): Readonly<Record<string, unknown>> {
  const selection: Selection = { sections: [...promise.sections], tests: [...testsOfShard(promise, shard)] }
  const own = { plan: planIdentity(promise), own: shard, promise, attempt: 1 }
  return { 'plan.json': aShard({ shard }).plan, 'selection.json': selection, 'shards.json': own }
}

async function merge(paths: readonly string[]): Promise<Merged & { readonly notes: readonly string[] }> {
  const notes: string[] = []
  const github = { available: () => false, changedFiles: async () => null }
  const ports = { files: createFiles(), clock: createClock(), exec: createExec(), github } as unknown as Ports
  const options = { paths, output: join(root, 'whole'), plan: null, baseline: null, failOn: null, artifactName: null, toolVersion: '1' }
  return { ...(await mergeRuns({ ...options, onNote: (note) => void notes.push(note) }, ports)), notes }
}

const ofShard = (record: RunRecord, shard: number) =>
  testsOfShard(promise, shard).map((id) => record.tests.find(({ section, name }) => section === id.section && name === id.name)?.status)

test('a shard that was killed before it had a record: its tests are not reached, the whole could not be tested, and it is named', async () => {
  const paths = [
    leave('one', { 'run.json': aShard({ shard: 1 }) }),
    leave('two', { 'run.json': aShard({ shard: 2 }) }),
    leave('three', begun(3)),
  ]
  const { report, exitCode } = await merge(paths)
  expect([report.record.conclusion.kind, exitCode]).toEqual(['could-not-test', 69])
  expect(report.record.conclusion.reason).toContain('shard 3/3 was cancelled')
  expect(ofShard(report.record, 3)).toEqual(['notreached', 'notreached'])
  expect(ofShard(report.record, 1)).toEqual(['pass', 'pass'])
  expect(JSON.parse(readFileSync(join(root, 'whole/run.json'), 'utf8')).conclusion.kind).toBe('could-not-test')
})

test.each([
  ['cut', (text: string) => text.slice(0, text.length / 2)],
  ['empty', () => ''],
  ['of another form', () => '{"version":2}'],
])('a record that is %s: its shard is told by what lies beside it, and a failure elsewhere stays one', async (_what, damage) => {
  const failing = aShard({ shard: 1, attempts: { 'g/001': [{ status: 'fail' }] } })
  const damaged = { ...begun(3), 'run.json': damage(JSON.stringify(aShard({ shard: 3 }))) }
  const { report, exitCode, notes } = await merge([
    leave('one', { 'run.json': failing }),
    leave('two', { 'run.json': aShard({ shard: 2 }) }),
    leave('three', damaged),
  ])
  expect([report.record.conclusion.kind, exitCode]).toEqual(['failed', 1])
  expect(report.record.conclusion.untested).toContain('shard 3/3 could not test')
  expect(ofShard(report.record, 3)).toEqual(['notreached', 'notreached'])
  expect(notes.join()).toContain('shard 3/3: its record is damaged')
})

test('a directory that says nothing leaves its shard missing', async () => {
  const paths = [
    leave('one', { 'run.json': aShard({ shard: 1 }) }),
    leave('two', { 'run.json': aShard({ shard: 2 }) }),
    leave('three', { 'plan.json': '{' }),
  ]
  const { report, exitCode } = await merge(paths)
  expect(exitCode).toBe(69)
  expect(report.record.conclusion.reason).toContain('shard 3/3 left no record')
})
