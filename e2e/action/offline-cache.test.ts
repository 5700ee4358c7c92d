import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { prepareOfflineFlake } from '../../src/bundle/offline.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'
import { Job, type StepResult } from '../runner/job.js'
import { Services } from '../services/services.js'
import { CHECKOUT, Machine } from './kernel-repository.js'
import { Recorder } from './recorder.js'

/** `bundle: offline`: a repository without a flake, two machines of the same image, one cache between them. */
const WITH = { bundle: 'offline', suite: 'smoke', sections: 'ext4', tests: 'generic/001', accelerator: 'tcg' }
/** Kept between runs: the downloaded kernel package. */
const KEPT = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kernel-vmtest')
const EVALUATES_OR_BUILDS = /^(?:nix .*\b(?:build|eval|develop|run|flake)\b|nix-build|nix-instantiate|nix-shell|gcc|make|apt-get)\b/

let services: Services
let directory: string
let recorder: Recorder
const home = () => join(directory, 'home')
const cache = () => join(directory, 'cache')

beforeAll(async () => {
  services = await Services.start()
  directory = mkdtempSync(join(tmpdir(), 'vmtest-offline-cache-'))
  recorder = new Recorder(join(directory, 'recorder'))
  await prepareOfflineFlake({ checkout: CHECKOUT, cacheDirectory: KEPT }, { exec: createExec(), files: createFiles() })
})
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true })
  await services.stop()
})

interface OnMachine {
  readonly step: StepResult
  readonly calls: readonly string[]
  /** From the start of the step until the guest boots. */
  readonly bootingSeconds: number
}

/** One job on a machine with an empty store and an empty home, as a hosted runner is. */
async function onFreshMachine(run: number): Promise<OnMachine> {
  const machine = await Machine.create()
  const workspace = join(directory, 'workspace')
  for (const path of [home(), cache(), workspace]) rmSync(path, { recursive: true, force: true })
  for (const path of [home(), cache(), workspace]) mkdirSync(path)
  // The first machine's download, spared; the second has to do without the package.
  if (run === 1) cpSync(join(KEPT, 'kernels'), join(cache(), 'kernel-vmtest/kernels'), { recursive: true })
  recorder.forget()
  const job = await Job.create({
    workspace,
    temp: join(directory, 'temp'),
    node: machine.inside(workspace, ...recorder.command, process.execPath),
    env: { ...services.environment({ runId: `run-${run}` }), HOME: home(), XDG_CACHE_HOME: cache(), GITHUB_RUN_ID: String(run) },
  })
  try {
    const started = performance.now()
    const running = await job.start(CHECKOUT, WITH)
    await running.saw('ready after').catch(() => undefined)
    const readySeconds = (performance.now() - started) / 1000
    const step = await running.result
    const calls = recorder.calls
    await job.finish()
    if (step.conclusion !== 'success') process.stderr.write(`${step.log}\n`)
    const bootSeconds = Number(/ready after ([\d.]+) s/.exec(step.log)?.[1])
    return { step, calls, bootingSeconds: readySeconds - bootSeconds }
  } finally {
    await job.remove()
    machine.remove()
  }
}

test('the bundle of the machine’s own programs comes back from the cache: nothing is evaluated, built or downloaded', async () => {
  const first = await onFreshMachine(1)
  expect([first.step.conclusion, first.step.outputs.get('cache-hit'), first.step.outputs.get('passed')]).toEqual(['success', 'false', '1'])
  // The recording works: what must not be seen the second time is seen the first.
  expect(first.calls.filter((call) => /^nix build /.test(call))).toHaveLength(1)
  const saved = services.cache.entries.filter((entry) => entry.finalised).map((entry) => entry.key)
  for (const part of ['kernel', 'suite', 'tools']) expect(saved).toContainEqual(expect.stringContaining(`-${part}-`))

  const second = await onFreshMachine(2)
  expect([second.step.conclusion, second.step.outputs.get('cache-hit'), second.step.outputs.get('passed')]).toEqual([
    'success',
    'true',
    '1',
  ])
  expect(second.step.log).toContain('is in the cache: nothing to evaluate or build')
  expect(second.step.log).not.toMatch(/^building /m)
  expect(second.calls.filter((call) => EVALUATES_OR_BUILDS.test(call))).toEqual([])
  expect(second.calls).toContainEqual(expect.stringMatching(/^nix-store .*--check-validity/))
  expect(existsSync(join(cache(), 'kernel-vmtest/kernels'))).toBe(false)
  // What the first run's builders took, by Nix's own log.
  expect(second.step.summary).toMatch(/Caches spared \d/)
  expect(Number.isFinite(second.bootingSeconds)).toBe(true)
  process.stdout.write(
    `from the start of the step until the guest boots: ${first.bootingSeconds.toFixed(1)} s without, ${second.bootingSeconds.toFixed(1)} s with the cache (wanted: under 10 s)\n`,
  )
})
