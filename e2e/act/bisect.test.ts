import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { stringify } from 'yaml'
import { CHECKOUT } from '../action/kernel-repository.js'
import { FakeKernelTree } from '../comparison/fake-kernel-tree.js'
import { Services } from '../services/services.js'
import { writeTwoSections } from '../shards/two-sections.js'
import { runAct } from './act-workflow.js'
import { findAct } from './find-act.js'

// .github/workflows/vmtest-bisect.yml itself, by hand: VMTEST_ACT_BISECT=1 (some twenty jobs, a few minutes). Real git, make and gcc on a small
// tree of sixteen commits; guests that say what the kernel says.
const act = process.env.VMTEST_ACT_BISECT === '1' ? findAct() : ({ kind: 'missing', reason: 'VMTEST_ACT_BISECT is not 1' } as const)
const described = act.kind === 'found' && process.arch === 'x64' ? describe : describe.skip
const LIMIT = 1_800_000
const CULPRIT = 10
const UNBUILDABLE = [4, 12]
const WORKFLOWS = ['vmtest-bisect.yml', 'vmtest-bisect-round.yml']

let directory: string
let services: Services
let tree: FakeKernelTree
const commits: string[] = []

/** What act cannot fetch: a checkout of a commit is a clone of the repository, and the cache of objects is left out. */
function standIns(): readonly string[] {
  const input = { required: false, default: '' }
  const inputs = Object.fromEntries(
    ['ref', 'path', 'repository', 'fetch-depth', 'filter', 'persist-credentials'].map((name) => [name, input]),
  )
  const clone = `set -eu\nrm -rf "$TO"\ngit clone -q --no-checkout '${tree.directory}' "$TO"\ngit -C "$TO" checkout -q "$REF"\n`
  const env = { REF: '${{ inputs.ref }}', TO: '${{ inputs.path }}' }
  write('stand-ins/checkout/action.yml', {
    name: 'checkout',
    description: 'clones',
    inputs,
    runs: { using: 'composite', steps: [{ run: clone, shell: 'sh', env }] },
  })
  const nothing = { using: 'composite', steps: [{ run: 'true', shell: 'sh' }] }
  for (const part of ['restore', 'save']) {
    const cacheInputs = { path: input, key: input, 'restore-keys': input }
    write(`stand-ins/cache/${part}/action.yml`, { name: part, description: 'does nothing', inputs: cacheInputs, runs: nothing })
  }
  const text = WORKFLOWS.map((name) => readFileSync(join(CHECKOUT, '.github/workflows', name), 'utf8')).join('\n')
  const used = [...new Set([...text.matchAll(/uses: (actions\/(checkout|cache)(?:\/\w+)?@[0-9a-f]+)/g)].map(([, uses = '']) => uses))]
  return used.flatMap((uses) => {
    const [, name = '', revision = ''] = /^actions\/(\w+)(?:\/\w+)?@(.*)$/.exec(uses) ?? []
    return ['--local-repository', `actions/${name}@${revision}=${join(directory, 'stand-ins', name)}`]
  })
}

function write(path: string, content: object): void {
  mkdirSync(join(directory, path, '..'), { recursive: true })
  writeFileSync(join(directory, path), stringify(content, { aliasDuplicateObjects: false }))
}

function makeHistory(): void {
  tree = new FakeKernelTree(join(directory, 'repository'))
  commits.push(tree.commit('base', { 'fs/001.c': 'int one;\n', 'fs/002.c': 'int two;\n' }))
  for (let number = 1; number <= 16; number += 1) {
    const two = UNBUILDABLE.includes(number) ? '#error it does not build\n' : `int two = ${number};\n`
    const one = number >= CULPRIT ? '/* broken */\nint one;\n' : 'int one;\n'
    commits.push(tree.commit(`fs: change ${number}`, { 'fs/001.c': one, 'fs/002.c': two }))
  }
  for (const part of ['action.yml', 'bisect', 'package.json', 'dist', 'nix', 'examples'])
    cpSync(join(CHECKOUT, part), join(tree.directory, '.kernel-vmtest', part), { recursive: true })
  mkdirSync(join(tree.directory, '.github/workflows'), { recursive: true })
  for (const name of WORKFLOWS) cpSync(join(CHECKOUT, '.github/workflows', name), join(tree.directory, '.github/workflows', name))
  const inputs = { good: commits[0] ?? '', bad: commits[16] ?? '', test: 'generic/001', section: 'xfs', runners: '4', memory: '512' }
  const local = { bundle: join(directory, 'bundle'), accelerator: 'tcg', 'action-repository': '.', runner: 'ubuntu-latest' }
  const call = { on: 'push', jobs: { bisect: { uses: './.github/workflows/vmtest-bisect.yml', with: { ...inputs, ...local } } } }
  writeFileSync(join(tree.directory, '.github/workflows/call.yml'), stringify(call))
  execFileSync('git', ['-C', tree.directory, 'add', '--all', '--force'])
  tree.commit('call', {})
}

described('the bisection workflow under act', () => {
  beforeAll(async () => {
    // A place another user may read: where the runner is root, QEMU is not.
    directory = mkdtempSync('/var/tmp/vmtest-act-bisect-')
    chmodSync(directory, 0o755)
    services = await Services.start()
    await writeTwoSections(join(directory, 'bundle'), directory)
    makeHistory()
  }, LIMIT)
  afterAll(async () => {
    rmSync(directory, { recursive: true, force: true })
    await services?.stop()
  })

  test(
    'sixteen commits, two of which do not build: the last job names the one that broke the test, in at most two rounds after the ends',
    async () => {
      const env = { HOME: join(directory, 'home'), XDG_CACHE_HOME: join(directory, 'cache') }
      mkdirSync(env.HOME)
      const machine = { env, inside: (place: string, ...argv: string[]) => ['env', `--chdir=${place}`, ...argv] }
      const options = ['--workflows', '.github/workflows/call.yml', ...standIns()]
      const path = act.kind === 'found' ? act.path : ''
      const run = await runAct(path, { machine, directory: tree.directory, env: services.environment({ runId: 'bisect' }), options })
      const outputs = run.lines.filter(({ command, jobID }) => command === 'set-output' && jobID === 'verdict')
      const named = Object.fromEntries(outputs.map(({ name = '', arg = '' }) => [name, arg]))
      if (named.commit !== commits[CULPRIT]) process.stderr.write(`${run.messages}\n`)
      expect(named).toMatchObject({ conclusion: 'found', commit: commits[CULPRIT] })
      expect(named.reason).toContain(`fs: change ${CULPRIT}`)
      expect(run.code).toBe(0)
      const rounds = run.lines.filter(
        ({ command, jobID, name, arg }) => command === 'set-output' && jobID === 'plan' && name === 'count' && arg !== '0',
      )
      expect(rounds.length).toBeLessThanOrEqual(3)
      const tried = new Set(services.artifacts.artifacts.map(({ name }) => name).filter((name) => /attempt-1$/.test(name)))
      expect(tried.size).toBeLessThanOrEqual(2 + 2 * 4 + UNBUILDABLE.length)
    },
    LIMIT,
  )
})
