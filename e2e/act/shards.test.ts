import { cpSync, mkdirSync, readdirSync, readFileSync, truncateSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { prepareOfflineFlake } from '../../src/bundle/offline.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'
import { CHECKOUT, Machine } from '../action/kernel-repository.js'
import { downloaded } from '../services/downloaded.js'
import { Services } from '../services/services.js'
import { type Renderings, readerView, readRenderings } from '../shards/reader-view.js'
import { SECTIONS, TESTS, writeTwoSections } from '../shards/two-sections.js'
import type { ActRun } from './act-workflow.js'
import { findAct } from './find-act.js'
import { SharedWorkflow } from './shared-workflow.js'

// The reusable workflow itself. Guests only say what became of a test, so that it takes a minute; with VMTEST_ACT_GUESTS=1 they are real ones of
// the smoke suite under emulation (a quarter of an hour). "Re-run failed jobs" act does not have: the second attempt is a run of its own with
// the same number, whose jobs that had succeeded only hand on what they said, as GitHub does it.
const REAL = process.env.VMTEST_ACT_GUESTS === '1'
const LIMIT = REAL ? 3_600_000 : 600_000
const act = findAct()
if (act.kind === 'missing') process.stderr.write(`act: skipped: ${act.reason}\n`)
const described = act.kind === 'found' ? describe : describe.skip

let services: Services
let world: SharedWorkflow
let machine: Machine | null = null
let inputs: Record<string, string> = { tests: TESTS.join(' '), sections: SECTIONS.join(' '), accelerator: 'tcg', vms: '1' }

async function makeRealGuests(): Promise<void> {
  machine = await Machine.create()
  mkdirSync(machine.env.HOME ?? '', { recursive: true })
  const cacheDirectory = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kernel-vmtest')
  const flake = await prepareOfflineFlake({ checkout: CHECKOUT, cacheDirectory }, { exec: createExec(), files: createFiles() })
  cpSync(flake, world.repository, { recursive: true })
  inputs = { ...inputs, suite: 'smoke', flake: '.', 'nix-extra-conf': 'sandbox-paths = /bin /usr /lib /lib64' }
}

async function makeFakeGuests(): Promise<void> {
  const bundle = join(world.directory, 'bundle')
  await writeTwoSections(bundle, world.directory, { 'generic/002': 'fail', 'generic/003': 'notrun' })
  inputs = { ...inputs, bundle, memory: '512' }
}

const run = (runId: string, call: 'shared' | 'one' = 'shared', attempt = 1): Promise<ActRun> =>
  world.run(call, { ...services.environment({ runId }), GITHUB_RUN_ATTEMPT: String(attempt) }, machine ?? undefined)

/** What a job's steps said, the last of each name. */
function outputs({ lines }: ActRun, job: string): Readonly<Record<string, string>> {
  const own = lines.filter(({ command, jobID }) => command === 'set-output' && jobID === job)
  return Object.fromEntries(own.map(({ name = '', arg = '' }) => [name, arg]))
}

const results = ({ lines }: ActRun, job: string): readonly (string | undefined)[] =>
  lines.filter(({ jobID, jobResult }) => jobID === job && jobResult !== undefined).map(({ jobResult }) => jobResult)

async function renderings(runId: string, name: string | undefined): Promise<Renderings> {
  const directory = join(world.directory, 'downloaded', name ?? 'nothing')
  mkdirSync(directory, { recursive: true })
  const found = await downloaded(services, runId, name ?? '', directory)
  if (found === null) throw new Error(`the artifact ${name} cannot be had`)
  return readRenderings(found)
}

/** Until a condition holds, or the run has ended. */
async function when<T>(running: Promise<ActRun>, look: () => T | undefined): Promise<T> {
  let over = false
  void running.then(() => {
    over = true
  })
  for (;;) {
    const found = look()
    if (found !== undefined) return found
    if (over) throw new Error(`act ended before:\n${(await running).messages}`)
    await sleep(20)
  }
}

/** The process of a shard's step on these services: by its environment, so that no other is meant. */
function stepOf(shard: string): number | undefined {
  const marks = [`ACTIONS_RESULTS_URL=${services.origin}/`, `INPUT_SHARD=${shard}`]
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      try {
        const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
        return marks.every((mark) => variables.includes(mark)) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('/dist/main.js')
      } catch {
        return false
      }
    })
}

const artifactOf = (runId: string, shard: number) =>
  services.artifacts.artifacts.find(
    (artifact) => artifact.runId === runId && artifact.finalised && artifact.name.endsWith(`-shard-${shard}-of-4-attempt-1`),
  )

described('the reusable workflow under act', () => {
  beforeAll(async () => {
    services = await Services.start()
    world = SharedWorkflow.create(act.kind === 'found' ? act.path : '')
    await (REAL ? makeRealGuests() : makeFakeGuests())
  }, LIMIT)
  let last: ActRun | null = null
  afterEach(() => {
    const state = expect.getState()
    if (last !== null && state.assertionCalls > state.numPassingAsserts) process.stderr.write(`${last.messages}\n`)
  })
  afterAll(async () => {
    world?.remove()
    machine?.remove()
    await services?.stop()
  })

  test(
    'four shards of two sections give the verdict, the JUnit file and the page of one job',
    async () => {
      world.commit({ ...inputs, shards: '4' })
      last = await run('whole')
      const verdict = outputs(last, 'verdict')
      expect(verdict.conclusion).toBe(REAL ? 'passed' : 'failed')
      expect(results(last, 'test')).toHaveLength(4)
      const whole = await renderings('whole', verdict['artifact-name'])
      const one = await run('one', 'one')
      expect(outputs(one, 'one').conclusion).toBe(verdict.conclusion)
      expect(readerView(whole)).toEqual(readerView(await renderings('one', 'one')))
      const names = whole.record.tests.map(({ section, name }) => `${section} ${name}`)
      expect(names).toEqual(SECTIONS.flatMap((section) => TESTS.map((name) => `${section} ${name}`)))
    },
    LIMIT,
  )

  test(
    'a shard that was killed, an artifact that is cut and one that came twice: never green, and each by its name',
    async () => {
      world.commit({ ...inputs, tests: REAL ? TESTS.join(' ') : 'generic/001 generic/003 generic/004', shards: '4' })
      const running = run('damaged')
      const killed = when(running, () => stepOf('1/4')).then((pid) => process.kill(pid, 'SIGKILL'))
      const cut = when(running, () => artifactOf('damaged', 2)).then(({ blob, sizeBytes }) =>
        truncateSync(services.blobs.file(blob), Math.floor(sizeBytes / 2)),
      )
      const twice = when(running, () => artifactOf('damaged', 3)).then((artifact) =>
        services.artifacts.artifacts.push({ ...artifact, id: 1000, name: `${artifact.name}-2` }),
      )
      await Promise.all([killed, cut, twice])
      last = await running
      const { conclusion, reason } = outputs(last, 'verdict')
      expect(last.code).not.toBe(0)
      expect(conclusion).toBe('could-not-test')
      expect(reason).toMatch(/shard 1\/4 [^;]*; shard 2\/4 could not test: its artifact [^;]*; shard 3\/4 came more than once/)
      expect(results(last, 'verdict')).toEqual(['failure'])
    },
    LIMIT,
  )

  test(
    'the re-run of one job alone makes it whole',
    async () => {
      const again = { ...inputs, tests: REAL ? TESTS.join(' ') : 'generic/001 generic/003 generic/004', shards: '4' }
      world.commit(again)
      const running = run('again')
      await when(running, () => stepOf('3/4')).then((pid) => process.kill(pid, 'SIGKILL'))
      last = await running
      expect([last.code === 0, outputs(last, 'verdict').conclusion]).toEqual([false, 'could-not-test'])
      expect(outputs(last, 'verdict').reason).toContain('shard 3/4')
      const { plan = '', matrix = '' } = outputs(last, 'plan')
      const { include } = JSON.parse(matrix) as { include: { shard: string }[] }
      const lost = include.filter(({ shard }) => shard === '3/4')
      const handedOn = (values: object) => ({ 'runs-on': 'ubuntu-latest', steps: [{ run: 'true' }], outputs: values })
      world.again(again, (jobs) =>
        Object.assign(jobs, {
          build: handedOn({ plan }),
          plan: { needs: 'build', ...handedOn({ plan, matrix: JSON.stringify({ include: lost }) }) },
        }),
      )
      last = await run('again', 'shared', 2)
      expect(results(last, 'test')).toHaveLength(1)
      expect([last.code, outputs(last, 'verdict').conclusion]).toEqual([0, 'passed'])
      const { record } = await renderings('again', outputs(last, 'verdict')['artifact-name'])
      expect(record.tests.filter(({ status }) => status === 'notreached')).toEqual([])
      expect(record.tests).toHaveLength(SECTIONS.length * again.tests.split(' ').length)
    },
    LIMIT,
  )

  test(
    'a `test` job that a condition skips: could not test',
    async () => {
      world.commit({ ...inputs, shards: '4' }, (jobs) => Object.assign(jobs.test ?? {}, { if: 'false' }))
      last = await run('skipped')
      const { conclusion, reason } = outputs(last, 'verdict')
      expect(last.code).not.toBe(0)
      expect([conclusion, results(last, 'verdict')]).toEqual(['could-not-test', ['failure']])
      expect(reason).toContain('job `test` ended as skipped')
    },
    LIMIT,
  )
})
