import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { stringify } from 'yaml'
import { createArtifactStore } from '../../src/ports/real/artifact.js'
import { CHECKOUT, KernelRepository, Machine } from '../action/kernel-repository.js'
import { Services } from '../services/services.js'
import { findAct } from './find-act.js'

const act = findAct()
if (act.kind === 'missing') process.stderr.write(`act: skipped: ${act.reason}\n`)
const described = act.kind === 'found' ? describe : describe.skip

/** Where the action lies in the kernel's repository: act takes local actions only from there. */
const ACTION = '.github/actions/kernel-vmtest'
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

/** One line of `act --json`. */
interface Line {
  readonly msg?: string
  readonly command?: string
  readonly content?: string
  readonly stepResult?: string
  readonly jobResult?: string
  readonly stepID?: readonly string[]
  readonly stage?: string
}

function workflow(inputs: Readonly<Record<string, string>>): string {
  const outputs = ['conclusion', 'passed', 'failed', 'accelerator', 'artifact-id'].map(
    (name) => `${name}=\${{ steps.vmtest.outputs.${name} }}`,
  )
  return stringify({
    on: 'push',
    jobs: {
      test: {
        'runs-on': 'ubuntu-latest',
        steps: [
          { uses: 'actions/checkout@v4' },
          { id: 'vmtest', uses: `./${ACTION}`, with: inputs },
          { if: 'always()', run: `echo "outputs ${outputs.join(' ')}"` },
        ],
      },
    },
  })
}

/** Commits a workflow and lets act run it on this machine, in host mode, with our services in its environment. */
async function runWorkflow(
  inputs: Readonly<Record<string, string>>,
  runId: string,
): Promise<{ readonly code: number | null; readonly lines: readonly Line[] }> {
  if (act.kind === 'missing') throw new Error(act.reason)
  mkdirSync(join(repository.directory, '.github/workflows'), { recursive: true })
  writeFileSync(join(repository.directory, '.github/workflows/vmtest.yml'), workflow(inputs))
  repository.commit(`workflow for ${runId}`)
  const how = ['push', '--platform', 'ubuntu-latest=-self-hosted', '--no-cache-server', '--json']
  const [program = '', ...argv] = machine.inside(repository.directory, act.path, ...how)
  const env = { PATH: process.env.PATH ?? '', ...machine.env, ...services.environment({ runId }) }
  const child = spawn(program, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  const lines = text.split('\n').flatMap((line): Line[] => {
    try {
      return [JSON.parse(line) as Line]
    } catch {
      return []
    }
  })
  return { code, lines }
}

const messages = (lines: readonly Line[]) => lines.map(({ msg }) => msg ?? '').join('\n')

described('the committed action under act', () => {
  beforeAll(async () => {
    services = await Services.start()
    repository = await KernelRepository.create(KEPT)
    machine = await Machine.create()
    mkdirSync(machine.env.HOME ?? '', { recursive: true })
    for (const part of ['action.yml', 'package.json', 'dist', 'nix', 'examples']) {
      cpSync(join(CHECKOUT, part), join(repository.directory, ACTION, part), { recursive: true })
    }
  })
  afterAll(async () => {
    machine.remove()
    repository.remove()
    await services.stop()
  })

  test('a workflow runs it, main and post, with outputs, summary and artifact', async () => {
    const { code, lines } = await runWorkflow(QUICK, 'act-1')
    if (code !== 0) process.stderr.write(`${messages(lines)}\n`)
    expect(code).toBe(0)
    expect(messages(lines)).toMatch(/outputs conclusion=passed passed=1 failed=0 accelerator=tcg artifact-id=1/)
    expect(lines.find(({ command }) => command === 'summary')?.content).toContain('Passed')
    expect(messages(lines)).toContain(`Post ./${ACTION}`)
    expect(messages(lines)).toContain('post: main reached stage post')
    const target = join(machine.directory, 'downloaded')
    const before = { ...process.env }
    const quiet = jest.spyOn(process.stdout, 'write').mockReturnValue(true)
    try {
      Object.assign(process.env, services.environment({ runId: 'act-1' }), { GITHUB_WORKSPACE: repository.directory })
      const name = services.artifacts.artifacts[0]?.name ?? ''
      expect(await createArtifactStore(process.env).download(name, target)).toBe(target)
    } finally {
      quiet.mockRestore()
      process.env = before
    }
    expect(JSON.parse(readFileSync(join(target, 'run.json'), 'utf8'))).toMatchObject({ conclusion: { kind: 'passed' } })
    expect(services.cache.entries.some((entry) => entry.finalised && entry.key.includes('-index-'))).toBe(true)
  })

  test('a mistake in with: turns the job red, and what follows still runs', async () => {
    const { code, lines } = await runWorkflow({ ...QUICK, accelerator: 'hvf' }, 'act-2')
    expect(code).not.toBe(0)
    expect(messages(lines)).toMatch(/hvf/)
    expect(messages(lines)).toContain('outputs conclusion=')
    expect(lines.findLast(({ jobResult }) => jobResult !== undefined)?.jobResult).toBe('failure')
  })
})
