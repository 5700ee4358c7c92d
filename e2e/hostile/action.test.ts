import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { findAct } from '../act/find-act.js'
import { CHECKOUT, KernelRepository } from '../action/kernel-repository.js'
import { Job, type StepResult } from '../runner/job.js'
import { Services } from '../services/services.js'
import { runActWithSecrets, type SecretiveRun } from './act-run.js'
import { canary, filesHolding, holdsCanary, NEEDLES, zipMembers } from './canaries.js'
import { plantInRepository } from './hostile-repository.js'
import { hostileTests, OWNED } from './hostile-tests.js'
import { type Planted, plantSecrets, withCanary } from './secrets.js'
import { entriesBelow, ProcessWatch } from './watch.js'
import { WatchedMachine } from './watched-machine.js'

// A stranger's pull request through the whole built action: its guest does everything a stranger may try, and what it left is
// looked at from each side. Then the same by act. Needs root, for a machine that shows what was changed on it.
const KEPT = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kernel-vmtest')
const LIMIT = 900_000
const RUN = 'run-hostile'
const ACT_RUN = 'run-act'
const AMOUNTS = { files: 1000, consoleBytes: 200_000, outputBytes: 300_000, frames: 25_000 }
const CAP_BYTES = 40 * 1024 ** 2
/** More than the caps let through while it runs; forged ones go again where the batch's last listing does not have them. */
const MOST_ENTRIES = 23_000
/** Commands of the runner that change more than how the log looks. */
const POWERFUL = ['add-mask', 'add-matcher', 'add-path', 'echo', 'remove-matcher', 'save-state', 'set-env', 'set-output', 'stop-commands']
const INPUTS = {
  flake: '.',
  suite: 'smoke',
  sections: 'ext4',
  tests: 'generic/910 generic/911 generic/912 generic/913 generic/004',
  accelerator: 'tcg',
  vms: '1',
  'nix-extra-conf': 'sandbox-paths = /bin /usr /lib /lib64',
}
/** What act is told to run: it is the guest's words that it may obey, and the host that it must not show. */
const ACT_INPUTS = { ...INPUTS, tests: 'generic/910 generic/913' }
const VERDICTS = { 'generic/004': 'pass', 'generic/910': 'fail', 'generic/911': 'pass', 'generic/912': 'fail', 'generic/913': 'pass' }

const sentinel = Buffer.from(`sentinel-${randomBytes(18).toString('hex')}`)
let elsewhere: string
let services: Services
let repository: KernelRepository
let machine: WatchedMachine
let planted: Planted

beforeAll(async () => {
  elsewhere = mkdtempSync(join(tmpdir(), 'vmtest-elsewhere-'))
  writeFileSync(join(elsewhere, 'secret'), sentinel)
  services = await Services.start()
  repository = await KernelRepository.create(KEPT)
  mkdirSync(temp())
  plantInRepository(repository, hostileTests(AMOUNTS, [join(elsewhere, 'secret'), repository.directory]), ACT_INPUTS)
  machine = await WatchedMachine.create([repository.directory, temp()])
  planted = plantSecrets(machine.home)
}, LIMIT)
afterAll(async () => {
  machine?.remove()
  repository?.remove()
  rmSync(temp(), { recursive: true, force: true })
  await services?.stop()
  rmSync(elsewhere, { recursive: true, force: true })
})

const temp = () => `${repository.directory}-temp`

/** The artifact of a run as the service has it. */
const artifactOf = (runId: string): string => {
  const artifact = services.artifacts.artifacts.find((one) => one.runId === runId && one.finalised)
  if (artifact === undefined) throw new Error(`no artifact of ${runId}`)
  return services.blobs.file(artifact.blob)
}

function runtime(runId: string): Record<string, string> {
  const env = services.environment({ runId })
  return { ...env, ACTIONS_RUNTIME_TOKEN: withCanary(env.ACTIONS_RUNTIME_TOKEN ?? '') }
}

/** Every file of an artifact is a regular one below the run's directory, with a name artifacts can have, and its bytes. */
async function expectOwnFiles(artifact: string, results: string): Promise<void> {
  const names: string[] = []
  for await (const { name, mode, bytes } of zipMembers(artifact)) {
    names.push(name)
    expect([name, mode & 0o170000]).toEqual([name, 0o100000])
    if (!bytes().equals(readFileSync(join(results, name)))) throw new Error(`${name} is not what is in the run's directory`)
  }
  expect(names).toEqual(expect.arrayContaining(['run.json', 'junit.xml', 'guests/1/console.log']))
  expect(
    names.filter((name) => name.startsWith('/') || name.split('/').includes('..') || /[":<>|*?\r\n\\\u0000-\u001f]/.test(name)),
  ).toEqual([])
}

describe('a stranger’s pull request through the action', () => {
  let job: Job
  let step: StepResult
  let posts: readonly StepResult[]
  let watch: ProcessWatch
  const output = (name: string) => step.outputs.get(name) ?? ''

  beforeAll(async () => {
    job = await Job.create({
      workspace: repository.directory,
      temp: join(temp(), 'runner'),
      node: machine.inside(repository.directory, process.execPath),
      env: { ...planted.env, ...runtime(RUN), ...machine.env },
    })
    const running = await job.start(CHECKOUT, { ...INPUTS, 'deploy-token': canary('input') })
    watch = new ProcessWatch(running.process.pid, [repository.directory, machine.directory])
    step = await running.result
    watch.stop()
    posts = await job.finish()
    if (output('passed') !== '3') process.stderr.write(`${step.log.slice(-20_000)}\n`)
    process.stdout.write(`the action: ${step.seconds.toFixed(0)} s, at most ${watch.peakMiB.toFixed(0)} MiB resident\n`)
  }, LIMIT)

  test('ends with the right verdicts', () => {
    const { tests } = JSON.parse(readFileSync(output('record'), 'utf8')) as { tests: { name: string; status: string }[] }
    expect(Object.fromEntries(tests.map(({ name, status }) => [name, status]))).toEqual(VERDICTS)
    expect({ step: step.conclusion, conclusion: output('conclusion'), passed: output('passed'), failed: output('failed') }).toEqual({
      step: 'failure',
      conclusion: 'failed',
      passed: '3',
      failed: '2',
    })
    expect(posts.map(({ conclusion }) => conclusion)).toEqual(['success'])
  })

  test('has no workflow command obeyed', () => {
    const obeyed = [step, ...posts].flatMap((one) => one.obeyed)
    const carried = obeyed.filter(({ data, properties }) => `${data} ${Object.values(properties).join(' ')}`.includes(OWNED))
    // Ours may quote what a test printed, as the text of an annotation of our own.
    expect(carried.filter(({ name, data }) => POWERFUL.includes(name) || data.startsWith(OWNED))).toEqual([])
    expect(obeyed.filter(({ name }) => ['echo', 'add-matcher', 'set-env', 'set-output'].includes(name))).toEqual([])
    expect([...step.outputs.values()].filter((value) => value.includes(OWNED))).toEqual([])
    expect(step.groups.filter((title) => title.includes(OWNED))).toEqual([])
    expect(step.annotations.filter(({ file, title }) => file === 'README.md' || title === 'x')).toEqual([])
  })

  test('sends no control character, bidi mark, endless line or unescaped markup to the log or the summary', () => {
    // The summary's own zero-width spaces keep foreign text from becoming a link.
    expect(step.log).not.toContain('\u200b')
    for (const text of [step.log, step.summary]) {
      expect(text.match(/[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/g)).toBeNull()
      expect(text.match(/\u001b(?!\[[0-9;]*m)/g)).toBeNull()
    }
    expect(step.summary).not.toMatch(/<script|<img src|]\(javascript:/)
    expect(Math.max(...step.log.split('\n').map((line) => line.length))).toBeLessThan(20_000)
    expect(step.log.length).toBeLessThan(4 * 1024 ** 2)
  })

  test('leaves regular files alone in the run directory, not too many and none large', () => {
    const entries = entriesBelow(output('results'))
    expect(entries.filter(({ kind }) => kind === 'other')).toEqual([])
    expect(entries.length).toBeGreaterThan(AMOUNTS.files)
    expect(entries.length).toBeLessThan(MOST_ENTRIES)
    expect(Math.max(...entries.map(({ path }) => statSync(path).size))).toBeLessThanOrEqual(CAP_BYTES)
    expect(entries.filter(({ path }) => /[\u0000-\u001f\u007f":<>|*?\\]/.test(path))).toEqual([])
    expect(readFileSync(output('record'), 'utf8')).toContain('more than 20000 files')
  })

  test('has no foreign file in its artifact', () => expectOwnFiles(artifactOf(RUN), output('results')))

  test('changes no file of the host', () => {
    expect(machine.changes).toEqual([])
    expect(repository.git('status', '--porcelain', '--ignored')).toBe('')
    expect(readdirSync(temp())).toEqual(['runner'])
    // The images its guest had are what they were.
    expect(machine.run('nix-store', '--verify', '--check-contents')).toBe('')
  })

  test('gets no file of the host', async () => {
    for (const directory of [output('results'), services.directory])
      expect([directory, await filesHolding(directory, [sentinel])]).toEqual([directory, []])
  })

  test('costs bounded memory', () => {
    expect(watch.peakMiB).toBeGreaterThan(20)
    expect(watch.peakMiB).toBeLessThan(900)
  })

  test('runs in a QEMU whose system calls are filtered', () => {
    expect([...new Set(watch.boxes.values())]).toEqual(['Seccomp 2, NoNewPrivs 1'])
  })

  describe('leaks no secret', () => {
    test('through the command line or environment of QEMU or Nix', () => {
      expect(watch.of('qemu-system').join('')).toContain('LC_ALL')
      expect(watch.of('qemu-system').filter(holdsCanary)).toEqual([])
      const nix = watch.of('nix').flatMap((text) => text.split('\0'))
      expect(nix.some((text) => text.startsWith('NIX_CONFIG='))).toBe(true)
      // What is set for every step is the step's; what the runner gives to an action alone is not passed on.
      const ofTheAction = nix.filter((text) => /^(?:GITHUB_TOKEN|GH_TOKEN|ACTIONS_|INPUT_|STATE_)/.test(text))
      expect(ofTheAction).toEqual([])
    })

    test('into a file: workspace, temporary files, home, store, caches and artifact, unpacked', async () => {
      for (const directory of [repository.directory, temp(), machine.directory, services.directory])
        expect([directory, await filesHolding(directory, NEEDLES, planted.files)]).toEqual([directory, []])
    })

    test('into the log, the summary, an output, a state or an annotation', () => {
      for (const { log, summary, outputs, annotations, groups } of [step, ...posts]) {
        expect([log, summary, ...outputs.values(), ...annotations.map(({ message }) => message), ...groups].filter(holdsCanary)).toEqual([])
      }
      // A mask that names the secret is how a log is kept clean; nothing else may carry it.
      expect([step, ...posts].flatMap(({ obeyed }) => obeyed).filter(({ name, data }) => name !== 'add-mask' && holdsCanary(data))).toEqual(
        [],
      )
    })

    test('and the search finds one where there is one', async () => {
      const lair = join(elsewhere, 'lair')
      mkdirSync(lair)
      for (const [index, needle] of NEEDLES.entries())
        writeFileSync(join(lair, `${index}`), Buffer.concat([Buffer.alloc(5_000_000), needle]))
      for (const packer of ['zstd', 'gzip']) execFileSync(packer, ['--keep', '--quiet', join(lair, '0')])
      writeFileSync(join(lair, 'nothing'), Buffer.alloc(1000))
      mkdirSync(join(lair, NEEDLES[0]?.toString() ?? ''))
      expect(await filesHolding(lair, NEEDLES)).toHaveLength(NEEDLES.length + 3)
    })
  })
})

const act = findAct()
if (act.kind === 'missing') process.stderr.write(`act: skipped: ${act.reason}\n`)
const described = act.kind === 'found' ? describe : describe.skip

described('the same by act', () => {
  let run: SecretiveRun

  beforeAll(async () => {
    if (act.kind === 'missing') throw new Error(act.reason)
    run = await runActWithSecrets(act.path, { machine, directory: repository.directory, env: runtime(ACT_RUN), secrets: planted.env })
    if (!run.text.includes('passed=1 failed=1')) process.stderr.write(`${run.messages.slice(-20_000)}\n`)
  }, LIMIT)

  test('the step is red, with the right counts, and the next one runs', () => {
    expect(run.messages).toMatch(/outputs conclusion=failed passed=1 failed=1 artifact-id=\d+/)
    expect(run.code).not.toBe(0)
  })

  test('no workflow command of the guest has effect', () => {
    const carried = run.lines.filter(({ command, arg, kvPairs }) => command !== undefined && JSON.stringify([arg, kvPairs]).includes(OWNED))
    expect(carried.filter(({ command = '' }) => POWERFUL.includes(command))).toEqual([])
    // Ours quote what a test printed, as the text of an annotation of our own.
    expect(carried.filter(({ raw = '' }) => !raw.startsWith('::error title=generic/9'))).toEqual([])
    // Not masked, path and environment as before, commands as before.
    expect(run.messages).toContain(`seen:-${OWNED}`)
    const after = run.messages.split('\n').filter((line) => /^(?:path=|after: )/.test(line))
    expect(after.length).toBeGreaterThan(10)
    expect(after.filter((line) => line.includes(OWNED))).toEqual([])
    expect(run.lines.some(({ command, arg }) => command === 'notice' && arg === 'commands are obeyed')).toBe(true)
  })

  test('no secret is shown or written, no file of the host changed', async () => {
    expect(holdsCanary(run.text)).toBe(false)
    for (const directory of [repository.directory, temp(), machine.directory, services.directory])
      expect([directory, await filesHolding(directory, NEEDLES, [...planted.files, ...run.secretFiles])]).toEqual([directory, []])
    expect(machine.changes).toEqual([])
  })
})
