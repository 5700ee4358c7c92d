import { mkdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { KernelRepository, Machine } from '../action/kernel-repository.js'
import { downloaded } from '../services/downloaded.js'
import { Services } from '../services/services.js'
import { ACTION, type ActRun, commitWorkflow, plantAction, runAct } from './act-workflow.js'
import { findAct } from './find-act.js'

const act = findAct()
if (act.kind === 'missing') process.stderr.write(`act: skipped: ${act.reason}\n`)
const described = act.kind === 'found' ? describe : describe.skip

const KEPT = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kernel-vmtest')
const QUICK = {
  suite: 'smoke',
  flake: '.',
  sections: 'ext4',
  tests: 'generic/001',
  accelerator: 'tcg',
  'nix-extra-conf': 'sandbox-paths = /bin /usr /lib /lib64',
}

let services: Services
let repository: KernelRepository
let machine: Machine

/** Commits a workflow and lets act run it on this machine, with our services in its environment. */
async function runWorkflow(inputs: Readonly<Record<string, string>>, runId: string): Promise<ActRun> {
  if (act.kind === 'missing') throw new Error(act.reason)
  commitWorkflow(repository, { inputs, outputs: ['conclusion', 'passed', 'failed', 'accelerator', 'artifact-id'] }, `workflow for ${runId}`)
  return runAct(act.path, { machine, directory: repository.directory, env: services.environment({ runId }) })
}

described('the committed action under act', () => {
  beforeAll(async () => {
    services = await Services.start()
    repository = await KernelRepository.create(KEPT)
    machine = await Machine.create()
    mkdirSync(machine.env.HOME ?? '', { recursive: true })
    plantAction(repository)
  })
  afterAll(async () => {
    machine.remove()
    repository.remove()
    await services.stop()
  })

  test('a workflow runs it, main and post, with outputs, summary and artifact', async () => {
    const { code, lines, messages } = await runWorkflow(QUICK, 'act-1')
    if (code !== 0) process.stderr.write(`${messages}\n`)
    expect(code).toBe(0)
    expect(messages).toMatch(/outputs conclusion=passed passed=1 failed=0 accelerator=tcg artifact-id=1/)
    expect(lines.find(({ command }) => command === 'summary')?.content).toContain('Passed')
    expect(messages).toContain(`Post ./${ACTION}`)
    expect(messages).toContain('post: main reached stage post')
    const target = join(machine.directory, 'downloaded')
    const name = services.artifacts.artifacts[0]?.name ?? ''
    expect(await downloaded(services, 'act-1', name, target)).toBe(target)
    expect(JSON.parse(readFileSync(join(target, 'run.json'), 'utf8'))).toMatchObject({ conclusion: { kind: 'passed' } })
    expect(services.cache.entries.some((entry) => entry.finalised && entry.key.includes('-index-'))).toBe(true)
  })

  test('a mistake in with: turns the job red, and what follows still runs', async () => {
    const { code, lines, messages } = await runWorkflow({ ...QUICK, accelerator: 'hvf' }, 'act-2')
    expect(code).not.toBe(0)
    expect(messages).toMatch(/hvf/)
    expect(messages).toContain('outputs conclusion=')
    expect(lines.findLast(({ jobResult }) => jobResult !== undefined)?.jobResult).toBe('failure')
  })
})
