import { execFileSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import type { RunRecord } from '../../src/domain/record.js'
import { Machine } from '../action/kernel-repository.js'
import { buildOfflineBundle } from '../lab/vm-lab.js'
import { Job, type StepResult } from '../runner/job.js'
import type { FaultPoint } from '../services/faults.js'
import { Services } from '../services/services.js'
import { buildAction } from './built-action.js'
import { processesWith } from './processes.js'

// The action of this source, ended in each of its stages: as the runner cancels (SIGINT, after 7.5 s SIGTERM, after 2.5 s more
// SIGKILL), and as a lost machine does (SIGKILL). What it gathered is left and uploaded, nothing it started goes on, and
// nothing says `passed`.
const LIMIT = 300_000

interface Stage {
  readonly inputs: () => Readonly<Record<string, string>>
  /** A service that never answers keeps the step in this stage. */
  readonly stuckAt?: FaultPoint
  /** Requests before the one that gets no answer. */
  readonly answered?: number
  /** The log says that the stage has begun. */
  readonly said: string
  /** Seconds from then until it is ended. */
  readonly afterSeconds: number
  /** Without this machine's Nix. */
  readonly bare?: true
}

const STAGES = {
  install: {
    inputs: flake('sleeps', { 'nix-tarball-url': 'SERVER', 'nix-tarball-sha256': 'a'.repeat(64) }),
    said: 'installing http',
    afterSeconds: 0.5,
    bare: true,
  },
  baseline: { inputs: flake('sleeps'), stuckAt: 'GetCacheEntryDownloadURL', said: 'plan: ', afterSeconds: 2 },
  restore: { inputs: flake('sleeps'), stuckAt: 'GetCacheEntryDownloadURL', answered: 1, said: '(found: ', afterSeconds: 3 },
  build: { inputs: flake('sleeps'), said: 'building', afterSeconds: 1 },
  save: { inputs: flake('ready'), stuckAt: 'CreateCacheEntry', said: 'building', afterSeconds: 6 },
  boot: { inputs: ready, said: 'VM with', afterSeconds: 1 },
  test: { inputs: ready, said: '[1/', afterSeconds: 0.2 },
  publish: { inputs: impossible, stuckAt: 'CreateArtifact', said: 'writing to', afterSeconds: 1 },
} as const satisfies Readonly<Record<string, Stage>>
type StageName = keyof typeof STAGES

const ALL = process.env.VMTEST_FAULTS === 'all'
/** What boots guests is left to `npm run faults:all`. */
const CHEAP: readonly StageName[] = ['install', 'baseline', 'restore', 'build', 'publish']
const NAMES = Object.keys(STAGES).filter((name): name is StageName => ALL || CHEAP.some((cheap) => cheap === name))
const KILLED: readonly StageName[] = ALL ? NAMES : ['build']

let directory: string
let services: Services
let server: Server
let bundle: string
let run = 0
/** Seconds that only this file's sleeping builder sleeps. */
const sleeping = `${randomInt(100_000, 999_999)}.25`
let machine: Machine | null = null

beforeAll(async () => {
  services = await Services.start()
  bundle = buildOfflineBundle()
  directory = mkdtempSync('/var/tmp/vmtest-cancel-')
  await buildAction(join(directory, 'action'))
  // The first bytes come, and then no more.
  server = createServer((_request, response) => void response.writeHead(200, { 'content-length': '1000000' }).write('x'.repeat(1000)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  barePrograms(join(directory, 'bin'))
}, LIMIT)
afterEach(() => {
  services.faults.clear()
  machine?.remove()
  machine = null
})
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true })
  server.closeAllConnections()
  server.close()
  await services.stop()
})

function flake(name: string, further: Readonly<Record<string, string>> = {}) {
  const fixed = { flake: '.', suite: 'smoke', 'nix-extra-conf': 'sandbox-paths = /bin /usr /lib /lib64', ...further }
  return () => ({ ...fixed, WORKSPACE: name })
}

function ready() {
  return {
    bundle,
    suite: 'smoke',
    sections: 'ext4',
    tests: 'generic/001 generic/004 generic/007 generic/008',
    vms: '1',
    accelerator: 'tcg',
    WORKSPACE: 'ready',
  }
}

/** Ends before a guest: no machine has as much memory. */
function impossible() {
  return { ...ready(), memory: '1048576' }
}

/** What the one derivation of a repository's flake does. */
const BUILDERS: Readonly<Record<string, string>> = {
  sleeps: `exec /bin/sleep ${sleeping}`,
  ready: 'mkdir $out; cat $json > $out/vmtest.json',
}

/** A repository whose flake nobody has built yet. @returns its directory */
function makeRepository(name: string): string {
  const repository = join(directory, `${name}-${run}`)
  mkdirSync(repository)
  copyFileSync(join(bundle, 'vmtest.json'), join(repository, 'vmtest.json'))
  writeFileSync(
    join(repository, 'flake.nix'),
    `{ outputs = { self }: { packages.x86_64-linux.vmtest = derivation {
      name = "vmtest-cancel"; system = "x86_64-linux"; builder = "/bin/sh"; PATH = "/usr/bin:/bin";
      args = [ "-c" ''${BUILDERS[name]}'' ]; json = ./vmtest.json; unique = "${Date.now()}-${run}"; }; }; }\n`,
  )
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', repository, '-c', 'user.name=e2e', '-c', 'user.email=e@example.org', ...words])
  git('init', '-q', '-b', 'main')
  git('add', '--all')
  git('commit', '-q', '-m', 'import')
  return repository
}

/** Every program of this machine but Nix. */
function barePrograms(bin: string): void {
  mkdirSync(bin)
  for (const from of ['/usr/bin', '/usr/sbin']) {
    for (const name of readdirSync(from))
      if (!name.startsWith('nix') && !existsSync(join(bin, name))) symlinkSync(join(from, name), join(bin, name))
  }
}

interface Ended {
  readonly main: StepResult
  readonly posts: readonly StepResult[]
  readonly marks: readonly string[]
  readonly workspace: string
}

async function endIn(name: StageName, how: 'cancel' | 'kill'): Promise<Ended> {
  const stage: Stage = STAGES[name]
  if (stage.stuckAt !== undefined) {
    services.faults.plant(stage.stuckAt, { kind: 'slow', seconds: 0 }, stage.answered ?? 0)
    services.faults.plant(stage.stuckAt, { kind: 'never' })
  }
  const { WORKSPACE, ...inputs } = stage.inputs()
  const { port } = server.address() as AddressInfo
  const filled = Object.entries(inputs).map(([key, value]) => [key, value === 'SERVER' ? `http://127.0.0.1:${port}/nix.tar.xz` : value])
  run++
  const workspace = makeRepository(WORKSPACE ?? '')
  const mark = `VMTEST_CANCEL=${run}-${sleeping}`
  const bare = ['env', `PATH=${join(directory, 'bin')}`, process.execPath]
  if (stage.bare === true) machine = await Machine.create()
  const job = await Job.create({
    workspace,
    temp: join(directory, `temp-${run}`),
    node: machine === null ? [process.execPath] : machine.inside(workspace, ...bare),
    env: {
      ...services.environment({ runId: `cancel-${run}` }),
      HOME: join(directory, `home-${run}`),
      XDG_CACHE_HOME: join(directory, `cache-${run}`),
      GITHUB_RUN_ID: String(run),
      VMTEST_CANCEL: mark.split('=')[1] ?? '',
    },
  })
  const step = await job.start(join(directory, 'action'), Object.fromEntries(filled))
  await step.saw(stage.said)
  await new Promise((resolve) => setTimeout(resolve, stage.afterSeconds * 1000))
  if (how === 'cancel') job.cancel(step)
  else step.process.kill()
  const main = await step.result
  services.faults.clear()
  const posts = await job.finish()
  return { main, posts, marks: [mark, sleeping, workspace], workspace }
}

/** Processes of the job that are still there after a moment: the kernel needs one to end them. */
async function leftBehind(marks: readonly string[]): Promise<readonly string[]> {
  const deadline = performance.now() + 15_000
  for (;;) {
    const left = processesWith(marks).map(({ line }) => line)
    if (left.length === 0 || performance.now() > deadline) return left
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Holds what a job must have come to that was ended from outside. */
async function expectEnded({ main, posts, marks }: Ended, name: StageName): Promise<RunRecord> {
  console.log(name, main.end.ended, main.seconds.toFixed(1), posts.map(({ seconds }) => seconds.toFixed(1)).join(' '))
  if (posts[0]?.conclusion !== 'success') process.stderr.write(`${main.log}\n${posts[0]?.log}\n`)
  expect(await leftBehind(marks)).toEqual([])
  expect(posts.map(({ conclusion }) => conclusion)).toEqual(['success'])
  expect(main.outputs.get('conclusion') ?? '').not.toBe('passed')
  const artifact = services.artifacts.artifacts.find((one) => one.runId === `cancel-${run}` && one.finalised)
  expect([name, artifact === undefined ? 'no artifact' : 'an artifact']).toEqual([name, 'an artifact'])
  const results = /results (?:are|were|:)?.*?(\S+\/report\.html)/.exec(main.log)?.[1]
  const path = results === undefined ? newest(join(directory)) : results.replace(/report\.html$/, 'run.json')
  return JSON.parse(readFileSync(path, 'utf8')) as RunRecord
}

/** The record of the run that was written last. */
function newest(below: string): string {
  const found = execFileSync('find', [below, '-name', 'run.json', '-printf', '%T@ %p\\n'], { encoding: 'utf8' }).trim().split('\n').sort()
  return (found.at(-1) ?? '').replace(/^\S+ /, '')
}

test.each(NAMES)(
  'cancelled by the runner: %s',
  async (name) => {
    const ended = await endIn(name, 'cancel')
    const record = await expectEnded(ended, name)
    expect(ended.main.conclusion).toBe('cancelled')
    // It ended by itself: the runner did not have to kill it. Where the results cannot be uploaded, post does it.
    if (name !== 'publish') expect(ended.main.end.ended).not.toBe('SIGKILL')
    if (name !== 'publish') expect(record.conclusion.kind).toBe('cancelled')
    if (name === 'test') expect(record.tests.some(({ status }) => status === 'pass')).toBe(true)
    expect(record.conclusion.kind).not.toBe('passed')
  },
  LIMIT,
)

test.each(KILLED)(
  'killed with its machine: %s',
  async (name) => {
    const ended = await endIn(name, 'kill')
    const record = await expectEnded(ended, name)
    if (name === 'test') expect(record.tests.some(({ status }) => status === 'pass')).toBe(true)
    if (name !== 'publish') expect(record.conclusion.kind).toBe('cancelled')
    expect(record.conclusion.kind).not.toBe('passed')
  },
  LIMIT,
)
