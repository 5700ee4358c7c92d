import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { convertJUnitToCTRFReport } from 'junit-to-ctrf'
import { parse } from 'junit2json'
import { createArtifactStore } from '../../src/ports/real/artifact.js'
import { Job, type StepResult } from '../runner/job.js'
import { Services } from '../services/services.js'
import { CHECKOUT, KernelRepository, Machine } from './kernel-repository.js'

/** What every step of this file is given: one quick test under emulation, so that the accelerator is the same everywhere. */
const QUICK = {
  flake: '.',
  suite: 'smoke',
  sections: 'ext4',
  tests: 'generic/001',
  accelerator: 'tcg',
  'nix-extra-conf': 'sandbox-paths = /bin /usr /lib /lib64',
}
/** Kept between runs: the downloaded kernel package. */
const KEPT = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kernel-vmtest')

let services: Services
let repository: KernelRepository
let machine: Machine
let run = 0

beforeAll(async () => {
  services = await Services.start()
  repository = await KernelRepository.create(KEPT)
})
afterAll(async () => {
  repository.remove()
  await services.stop()
})
// Every test has a machine nobody has used; only the services remember.
beforeEach(async () => {
  machine = await Machine.create()
  services.faults.clear()
})
afterEach(() => machine.remove())

async function newJob(further: Record<string, string> = {}): Promise<Job> {
  run++
  const env = { ...services.environment({ runId: `run-${run}` }), ...machine.env, GITHUB_RUN_ID: String(run), ...further }
  return Job.create({
    workspace: repository.directory,
    temp: `${repository.directory}-temp`,
    node: machine.inside(repository.directory, process.execPath),
    env,
  })
}

/** Holds what a step came to against what it should; where they differ, its log says why. */
function expectOutcome(step: StepResult, expected: Readonly<Record<string, string>>): void {
  const { conclusion: whole, ...outputs } = expected
  const found = Object.fromEntries(Object.keys(outputs).map((name) => [name, output(step, name)]))
  const differs = step.conclusion !== whole || Object.entries(outputs).some(([name, value]) => found[name] !== value)
  if (differs) process.stderr.write(`${step.log}\n`)
  expect({ conclusion: step.conclusion, ...found }).toEqual(expected)
}

const output = (step: StepResult, name: string) => step.outputs.get(name) ?? ''
const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile())
}

/** Downloads an artifact of a run as a later job would, and compares every file with where it came from. */
async function expectSameBytes(step: StepResult, runId: string): Promise<string[]> {
  const artifact = services.artifacts.artifacts.find((one) => one.runId === runId && one.finalised)
  if (artifact === undefined) throw new Error(`no artifact of ${runId}`)
  expect(output(step, 'artifact-id')).toBe(String(artifact.id))
  const before = { ...process.env }
  const target = join(machine.directory, 'downloaded')
  const quiet = jest.spyOn(process.stdout, 'write').mockReturnValue(true)
  try {
    Object.assign(process.env, services.environment({ runId }), { GITHUB_WORKSPACE: repository.directory })
    expect(await createArtifactStore(process.env).download(artifact.name, target)).toBe(target)
  } finally {
    quiet.mockRestore()
    process.env = before
  }
  const names = filesBelow(target).map((path) => relative(target, path))
  for (const name of names) expect([name, sha256(join(target, name))]).toEqual([name, sha256(join(output(step, 'results'), name))])
  return names
}

/** The same counts from two readers of JUnit that are not ours. */
async function countsOf(junit: string) {
  const report = await convertJUnitToCTRFReport(junit)
  const suites = await parse(readFileSync(junit, 'utf8'))
  const cases = (suites !== null && suites !== undefined && 'testsuite' in suites ? (suites.testsuite ?? []) : []).flatMap(
    (s) => s.testcase ?? [],
  )
  const failed = cases.filter((one) => (one.failure?.length ?? 0) + (one.error?.length ?? 0) > 0).length
  const skipped = cases.filter((one) => one.skipped !== undefined).length
  const own = { tests: cases.length, failed, skipped, passed: cases.length - failed - skipped }
  const { tests, failed: ctrfFailed, skipped: ctrfSkipped, passed } = report?.results.summary ?? {}
  expect({ tests, failed: ctrfFailed, skipped: ctrfSkipped, passed }).toEqual(own)
  return own
}

describe('the committed action on emulated services', () => {
  test('a first run builds, tests, publishes and saves the store', async () => {
    const job = await newJob()
    const step = await job.uses(CHECKOUT, QUICK)
    expectOutcome(step, { conclusion: 'success', passed: '1', failed: '0', accelerator: 'tcg', 'cache-hit': 'false' })
    expect(step.summary).toContain('Passed')
    expect(step.annotations.filter(({ level }) => level === 'error')).toEqual([])
    expect(await countsOf(output(step, 'junit'))).toEqual({ tests: 1, failed: 0, skipped: 0, passed: 1 })
    const names = await expectSameBytes(step, `run-${run}`)
    expect(names).toEqual(expect.arrayContaining(['run.json', 'junit.xml']))
    expect(services.cache.entries.filter((entry) => entry.finalised).map((entry) => entry.key)).toEqual(
      expect.arrayContaining([expect.stringContaining('vmtest-layer-v2'), expect.stringContaining('vmtest-index-v2')]),
    )
    const [post] = await job.finish()
    expect(post?.conclusion).toBe('success')
    await job.remove()
  })

  test('the next run of the same tree boots without evaluating or building anything', async () => {
    repository.commit('an empty commit: the same tree')
    const job = await newJob()
    const step = await job.uses(CHECKOUT, QUICK)
    expectOutcome(step, { conclusion: 'success', passed: '1', 'cache-hit': 'true' })
    expect(step.log).toContain('nothing to evaluate or build')
    expect(step.log).not.toMatch(/^building /m)
    const [post] = await job.finish()
    expect(post?.conclusion).toBe('success')
    await job.remove()
  })

  test('a failing test turns the step red, and post runs all the same', async () => {
    const golden = join(repository.directory, 'nix/suites/smoke/tests/generic/001.out')
    writeFileSync(golden, `${readFileSync(golden, 'utf8')}a line the test never prints\n`)
    repository.commit('break generic/001')
    const job = await newJob()
    const step = await job.uses(CHECKOUT, QUICK)
    expectOutcome(step, { conclusion: 'failure', passed: '0', failed: '1' })
    expect(await countsOf(output(step, 'junit'))).toEqual({ tests: 1, failed: 1, skipped: 0, passed: 0 })
    expect(step.annotations).toEqual(expect.arrayContaining([expect.objectContaining({ message: expect.stringContaining('generic/001') })]))
    expect(step.summary).toContain('generic/001')
    await expectSameBytes(step, `run-${run}`)
    expect((await job.finish()).map(({ conclusion }) => conclusion)).toEqual(['success'])
    await job.remove()
  })

  test('with fail-on: never it does not', async () => {
    const job = await newJob()
    const step = await job.uses(CHECKOUT, { ...QUICK, tests: 'generic/001 generic/002', 'fail-on': 'never' })
    expectOutcome(step, { conclusion: 'success', passed: '1', failed: '1' })
    await job.finish()
    await job.remove()
  })

  test('a main that is killed loses nothing: post publishes what is there', async () => {
    const job = await newJob()
    const step = await job.start(CHECKOUT, QUICK)
    await step.saw('ready after')
    step.process.kill()
    expect((await step.result).conclusion).toBe('failure')
    const [post] = await job.finish()
    expect(post?.conclusion).toBe('success')
    const artifact = services.artifacts.artifacts.find((one) => one.runId === `run-${run}` && one.finalised)
    expect(artifact?.sizeBytes).toBeGreaterThan(0)
    expect(post?.summary).not.toBe('')
    await job.remove()
  })

  test('a cancelled step ends by itself, in time, with what it has', async () => {
    const job = await newJob()
    const step = await job.start(CHECKOUT, QUICK)
    await step.saw('ready after')
    const asked = performance.now()
    job.cancel(step)
    const result = await step.result
    expect((performance.now() - asked) / 1000).toBeLessThan(60)
    expect(result.end.ended).not.toBe('SIGKILL')
    await job.finish()
    expect(services.artifacts.artifacts.some((one) => one.runId === `run-${run}` && one.finalised)).toBe(true)
    await job.remove()
  })
})

describe('what is refused before anything slow', () => {
  test('two mistakes in one message, with the allowed values', async () => {
    const job = await newJob()
    const step = await job.uses(CHECKOUT, { ...QUICK, accelerator: 'hvf', 'fail-on': 'sometimes' })
    expect(step.conclusion).toBe('failure')
    const errors = step.annotations.filter(({ level }) => level === 'error')
    expect(errors).toHaveLength(1)
    for (const word of ['accelerator', 'hvf', 'auto', 'kvm', 'tcg', 'fail-on', 'sometimes', 'new', 'any', 'never'])
      expect(errors[0]?.message).toContain(word)
    expect(step.seconds).toBeLessThan(10)
    await job.remove()
  })

  test('a flake without the attribute: one error that names it', async () => {
    const job = await newJob()
    const step = await job.uses(CHECKOUT, { ...QUICK, attribute: 'vmtst' })
    expect([step.conclusion, output(step, 'conclusion')]).not.toContain('passed')
    expect(step.annotations.some(({ level, message }) => level === 'error' && message.includes('vmtst'))).toBe(true)
    await job.remove()
  })
})

describe('services that fail', () => {
  test('a cache and an artifact service that are down make no step red; the results stay in the workspace', async () => {
    services.faults.plant('GetCacheEntryDownloadURL', { kind: 'status', status: 403 })
    services.faults.plant('CreateCacheEntry', { kind: 'status', status: 403 })
    services.faults.plant('CreateArtifact', { kind: 'status', status: 403 })
    const job = await newJob()
    const step = await job.uses(CHECKOUT, { ...QUICK, tests: 'generic/001 generic/002', 'fail-on': 'never', 'timeout-minutes': '10' })
    expectOutcome(step, { conclusion: 'success', 'artifact-id': '' })
    expect(existsSync(output(step, 'record'))).toBe(true)
    await job.finish()
    await job.remove()
  })
})
